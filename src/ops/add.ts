import addWgsl from "../../kernels/add.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { inFours } from "../autodiff/run.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("add", addWgsl);

const op = defineOp<Record<never, never>>({
  name: "add",
  shapes: ([a, b]) => {
    expectShape(
      a.length === b.length && a.every((s, i) => s === b[i]),
      "add",
      [a, b],
      "two equal shapes",
    );
    return { out: [a] };
  },
  forward: (rec, { inputs: [a, b], out: [y] }) => {
    const { T, n, at, invocations } = inFours(numel(a.shape), a, b);
    rec.run(forward, { a, b, y }, { T, n, a_at: at(a), b_at: at(b) }, invocations);
  },
  backward: "dy",
  role: "sum",
  reads: { inputs: false, out: false },
  reference: ([a, b]) => [a.map((v, i) => v + b[i])],
  cases: [
    [1],
    [3, 5],
    [2, 7, 5, 3],
    [2, 5, 5, 36],
    [70, 33],
    [1, 28, 28, 1],
  ].map((shape) => ({ shapes: [shape, shape], params: {} })),
});

/** a + b, element by element; equal shapes. */
export const add = (a: Value, b: Value): Value => apply(op, [a, b], {})[0];
