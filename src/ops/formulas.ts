/**
 * Defines an op that applies one of several functions, chosen by name, to one or two tensors, element by
 * element. Some have a trained coefficient β per channel, the last axis.
 */
import {
  type Backward,
  type Case,
  defineOp,
  expectShape,
  type Forward,
  type InputKind,
  numel,
  type Op,
  type Shape,
  type Tensor,
} from "../autodiff/op.ts";
import { kernel } from "../gpu/kernel.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { columns, rows, sameShape } from "./shapes.ts";
import { wideWork } from "./elementwise.ts";
import { splitReduce, withScratch } from "./tiling.ts";

/** A function of one or two variables and of β. */
export interface Formula {
  /** The value in float64. */
  of(x: number, other: number, beta: number): number;
  /** Whether it has a coefficient. */
  beta?: true;
  /** Data for tests from where the function is defined and smooth; default: (−1, 1) for each variable. */
  within?: InputKind;
}

export interface FormulaParams {
  function: string;
}

interface Formulas {
  name: string;
  /** Number of variables. */
  arity: 1 | 2;
  /** WGSL functions `value`, `slope` and `slope_beta`, which choose by number. */
  functions: string;
  /** In the order of their numbers. */
  table: Readonly<Record<string, Formula>>;
}

/** Shapes of the test cases: channels 1, 3, 36, odd sizes. */
const testShapes: Shape[] = [[5, 1], [3, 5], [2, 7, 5, 3], [2, 3, 5, 36], [70, 33], [1, 9, 11, 1]];

/** Defines the op. Its inputs are the tensors, all of one shape, then β `[c]` where the function has one. */
export function defineFormulas({ name, arity, functions, table }: Formulas): Op<FormulaParams> {
  const names = Object.keys(table);
  const load = (frame: string) =>
    kernel(
      `${name}${frame}`,
      `${functions}\n//#include lib/index.wgsl\n//#include lib/formula${frame}.wgsl\n`,
    );
  const [forwardKernel, dxKernel, dbetaKernel] = ["", "_dx", "_dbeta"].map(load);
  /** Calls `body` with the bindings and uniforms that all kernels share. */
  const bind = (
    rec: Recorder,
    { inputs, params }: Pick<Forward<FormulaParams>, "inputs" | "params">,
    body: (
      tensors: Record<"a" | "b" | "beta", Tensor>,
      common: { F: string; columns: number; n: number; WIDE: string },
      invocations: number,
    ) => void,
  ) =>
    // A vector of anything is bound where a function has no coefficient.
    withScratch(rec, 4, (unused) => {
      const f = names.indexOf(params.function), has = table[params.function].beta;
      const [a, b] = arity === 1 ? [inputs[0], inputs[0]] : inputs;
      const n = numel(a.shape), c = columns(a.shape);
      const { params: work, invocations } = wideWork(n, has ? c : n);
      const tensors = { a, b, beta: has ? inputs[arity] : unused };
      body(tensors, { F: `${f}u`, columns: has ? c * work.n / n : 1, ...work }, invocations);
    });
  const backward = (rec: Recorder, io: Backward<FormulaParams>) =>
    bind(rec, io, (tensors, common, invocations) => {
      const dy = io.dy[0]!;
      io.dx.slice(0, arity).forEach((dx, i) => {
        if (!dx) return;
        const params = { ...common, add: dx.accumulate, second: i === 1 };
        rec.run(dxKernel, { ...tensors, dy, dx: dx.tensor }, params, invocations);
      });
      const dbeta = io.dx[arity];
      if (!dbeta) return;
      const { shape } = tensors.a, c = columns(shape);
      const all = { F: common.F, rows: rows(shape), columns: c };
      splitReduce(rec, all.rows, c, c, dbeta, (sums, span, splits) => {
        rec.run(dbetaKernel, { ...tensors, dy, sums }, { ...all, span, splits }, c * splits);
      });
    });
  return defineOp<FormulaParams>({
    name,
    shapes(inputs, params) {
      const formula = table[params.function];
      if (!formula) {
        throw new RangeError(
          `Cannot apply ${name}: got function ${params.function}, expected one of ${
            names.join(", ")
          }`,
        );
      }
      const [x, other = x] = inputs.slice(0, arity);
      const expected = arity + (formula.beta ? 1 : 0);
      expectShape(
        inputs.length === expected && x.length > 0 && sameShape(x, other) &&
          (!formula.beta || numel(inputs[arity]) === columns(x)),
        `${name} ${params.function}`,
        inputs,
        `${arity} of one shape${formula.beta ? ", and a coefficient per channel" : ""}`,
      );
      return { out: [x] };
    },
    forward: (rec, io) =>
      bind(rec, io, (tensors, common, invocations) => {
        rec.run(forwardKernel, { ...tensors, y: io.out[0] }, common, invocations);
      }),
    backward,
    reads: { out: false },
    reference(inputs, _, params) {
      const [x, other] = inputs, beta = inputs[arity];
      const { of } = table[params.function];
      return [x.map((v, i) => of(v, arity === 2 ? other[i] : 0, beta ? beta[i % beta.length] : 0))];
    },
    cases: names.flatMap((name, i) => casesOf(name, table[name], arity, i)),
  });
}

/** Two cases of a function, whose shapes change from function to function. */
function casesOf(
  name: string,
  { beta, within = "real" }: Formula,
  arity: number,
  index: number,
): Case<FormulaParams>[] {
  return [index, index + 3].map((k) => {
    const shape = testShapes[k % testShapes.length];
    const tensors = Array.from({ length: arity }, () => shape);
    return {
      shapes: beta ? [...tensors, [columns(shape)]] : tensors,
      params: { function: name },
      inputs: [...tensors.map(() => within), ...beta ? ["positive" as const] : []],
    };
  });
}
