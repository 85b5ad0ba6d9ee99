import functions from "../../kernels/binary.wgsl" with { type: "text" };
import { apply, type Value } from "../autodiff/tape.ts";
import { defineFormulas, type Formula } from "./formulas.ts";

const table = {
  add: { of: (a, b) => a + b },
  multi: { of: (a, b) => a * b },
  sub: { of: (a, b) => a - b },
  div: { of: (a, b) => a / (b + 1e-6), within: "positive" },
  bmax: { of: (a, b) => Math.max(a, b) },
  bmin: { of: (a, b) => Math.min(a, b) },
  bsigmoid: { of: (a, b) => b / (1 + Math.exp(-a)) },
  bgaussian_sq: { of: (a, b, beta) => Math.exp(-beta * (a - b) ** 2), beta: true },
  bgaussian_abs: { of: (a, b, beta) => Math.exp(-beta * Math.abs(a - b)), beta: true },
  wavg: { of: (a, b, beta) => beta * a + (1 - beta) * b, beta: true },
} satisfies Record<string, Formula>;

/** The functions of two variables of the activation grammar (Schrodi et al. 2023), and which have a coefficient. */
export const binaryFunctions: Readonly<Record<string, Formula>> = table;

const op = defineFormulas({ name: "binary", arity: 2, functions, table: binaryFunctions });

/**
 * A function of two variables, element by element; equal shapes. `beta` [c] is the coefficient per channel of
 * those that have one: bgaussian_sq, bgaussian_abs, wavg. Not guarded against overflow.
 */
export const binary = (a: Value, b: Value, name: string, beta?: Value): Value =>
  apply(op, beta ? [a, b, beta] : [a, b], { function: name })[0];
