import mulWgsl from "../../kernels/mul.wgsl" with { type: "text" };
import { defineOp, expectShape, numel, type Tensor } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel } from "../gpu/kernel.ts";
import { sameShape } from "./shapes.ts";

const product = kernel("mul", mulWgsl);

const times = (rec: Recorder, a: Tensor, b: Tensor, y: Tensor, add: boolean) =>
  rec.run(product, { a, b, y }, { n: numel(a.shape), add }, numel(a.shape));

const op = defineOp<Record<never, never>>({
  name: "mul",
  shapes: ([a, b]) => {
    expectShape(sameShape(a, b), "mul", [a, b], "two equal shapes");
    return { out: [a] };
  },
  forward: (rec, { inputs: [a, b], out: [y] }) => times(rec, a, b, y, false),
  backward: (rec, { inputs: [a, b], dy: [dy], dx: [da, db] }) => {
    if (da) times(rec, dy!, b, da.tensor, da.accumulate);
    if (db) times(rec, dy!, a, db.tensor, db.accumulate);
  },
  reads: { out: false },
  reference: ([a, b]) => [a.map((v, i) => v * b[i])],
  cases: [
    [1],
    [3, 5],
    [2, 7, 5, 3],
    [2, 5, 5, 36],
    [70, 33],
    [1, 28, 28, 1],
  ].map((shape) => ({ shapes: [shape, shape], params: {} })),
});

/** a · b, element by element; equal shapes. */
export const mul = (a: Value, b: Value): Value => apply(op, [a, b], {})[0];
