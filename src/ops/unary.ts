import functions from "../../kernels/unary.wgsl" with { type: "text" };
import { apply, type Value } from "../autodiff/tape.ts";
import { defineFormulas, type Formula } from "./formulas.ts";

/** The error function by its power series, for arguments of moderate size. */
function erf(x: number): number {
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= -x * x / n;
    sum += term / (2 * n + 1);
  }
  return 2 / Math.sqrt(Math.PI) * sum;
}

const wide = { within: 2.7 };
const table = {
  id: { of: (x) => x },
  neg: { of: (x) => -x },
  abs: { of: Math.abs },
  square: { of: (x) => x * x },
  cubic: { of: (x) => x * x * x },
  square_root: { of: Math.sqrt, within: "positive" },
  mconst: { of: (x, _, beta) => beta * x, beta: true },
  aconst: { of: (x, _, beta) => beta + x, beta: true },
  log: { of: (x) => Math.log(Math.abs(x) + 1e-6), within: "positive" },
  exp: { of: Math.exp, within: wide },
  sin: { of: Math.sin, within: wide },
  cos: { of: Math.cos, within: wide },
  sinh: { of: Math.sinh, within: wide },
  cosh: { of: Math.cosh, within: wide },
  tanh: { of: Math.tanh, within: wide },
  asinh: { of: Math.asinh, within: wide },
  atanh: { of: Math.atanh, within: { within: 0.93 } },
  sinc: { of: (x) => x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x), within: wide },
  umax: { of: (x) => Math.max(x, 0) },
  umin: { of: (x) => Math.min(x, 0) },
  sigmoid: { of: (x) => 1 / (1 + Math.exp(-x)), within: wide },
  logexp: { of: (x) => Math.log(1 + Math.exp(x)), within: wide },
  gaussian: { of: (x) => Math.exp(-x * x), within: wide },
  erf: { of: erf, within: wide },
  const: { of: (_x, _, beta) => beta, beta: true },
} satisfies Record<string, Formula>;

/** The functions of one variable of the activation grammar (Schrodi et al. 2023), and which have a coefficient. */
export const unaryFunctions: Readonly<Record<string, Formula>> = table;

const op = defineFormulas({ name: "unary", arity: 1, functions, table: unaryFunctions });

/**
 * A function of one variable, element by element. `beta` [c] is the coefficient per channel of those that have
 * one: mconst βx, aconst β + x, const β. Not guarded: square_root is NaN below 0.
 */
export const unary = (x: Value, name: string, beta?: Value): Value =>
  apply(op, beta ? [x, beta] : [x], { function: name })[0];
