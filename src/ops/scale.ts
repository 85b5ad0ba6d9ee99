import addScaledWgsl from "../../kernels/add_scaled.wgsl" with { type: "text" };
import scaleWgsl from "../../kernels/scale.wgsl" with { type: "text" };
import { defineOp, expectShape, numel, type Shape, type Tensor } from "../autodiff/op.ts";
import { accumulate } from "../autodiff/run.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel } from "../gpu/kernel.ts";
import { sameShape } from "./shapes.ts";

const scaleKernel = kernel("scale", scaleWgsl);
const addScaledKernel = kernel("add_scaled", addScaledWgsl);

/** Records y = factor · x, or y += factor · x, for tensors in different buffers; offsets are multiples of 64. */
export const scaleInto = (
  rec: Recorder,
  x: Tensor,
  y: Tensor,
  factor: number,
  add: boolean,
): void => rec.run(scaleKernel, { x, y }, { n: numel(x.shape), factor, add }, numel(x.shape));

const shapes: Shape[] = [[1], [3, 5], [2, 7, 5, 3], [2, 5, 5, 36], [70, 33], [1, 28, 28, 1]];
const factors = [0.25, -3, 1, 0.7, 0, 2];

const scaleOp = defineOp<{ factor: number }>({
  name: "scale",
  shapes: ([x]) => ({ out: [x] }),
  forward: (rec, { inputs: [x], out: [y], params: { factor } }) =>
    scaleInto(rec, x, y, factor, false),
  backward: (rec, { dy: [dy], dx: [dx], params: { factor } }) =>
    scaleInto(rec, dy!, dx!.tensor, factor, dx!.accumulate),
  reads: { inputs: false, out: false },
  reference: ([x], _, { factor }) => [x.map((v) => factor * v)],
  cases: shapes.map((shape, i) => ({ shapes: [shape], params: { factor: factors[i] } })),
});

/** factor · x. */
export const scale = (x: Value, factor: number): Value => apply(scaleOp, [x], { factor })[0];

const addScaledOp = defineOp<{ factor: number }>({
  name: "add_scaled",
  shapes: ([a, b]) => {
    expectShape(sameShape(a, b), "add_scaled", [a, b], "two equal shapes");
    return { out: [a] };
  },
  forward: (rec, { inputs: [a, b], out: [y], params: { factor } }) =>
    rec.run(addScaledKernel, { a, b, y }, { n: numel(a.shape), factor }, numel(a.shape)),
  backward: (rec, { dy: [dy], dx: [da, db], params: { factor } }) => {
    if (da) accumulate(rec, dy!, da.tensor, da.accumulate);
    if (db) scaleInto(rec, dy!, db.tensor, factor, db.accumulate);
  },
  reads: { inputs: false, out: false },
  reference: ([a, b], _, { factor }) => [a.map((v, i) => v + factor * b[i])],
  cases: shapes.map((shape, i) => ({ shapes: [shape, shape], params: { factor: factors[i] } })),
});

/** a + factor · b; equal shapes. For sums of losses. */
export const addScaled = (a: Value, b: Value, factor: number): Value =>
  apply(addScaledOp, [a, b], { factor })[0];
