import productDxWgsl from "../../kernels/product_dx.wgsl" with { type: "text" };
import weightedSumWgsl from "../../kernels/weighted_sum.wgsl" with { type: "text" };
import { defineOp, expectShape, type Grad, numel, type Tensor } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("weighted_sum", weightedSumWgsl);
const backward = kernel("product_dx", productDxWgsl);

function gradient(rec: Recorder, other: Tensor, dy: Tensor, { tensor, accumulate }: Grad): void {
  const n = numel(other.shape);
  rec.run(backward, { other, dy, dx: tensor }, { n, factor: 1 / n, add: accumulate }, n);
}

const op = defineOp<Record<never, never>>({
  name: "weighted_sum",
  shapes: ([x, w]) => {
    expectShape(numel(x) === numel(w), "weighted_sum", [x, w], "as many weights as values");
    return { out: [[1]] };
  },
  forward: (rec, { inputs: [x, w], out: [y] }) =>
    rec.run(forward, { x, w, y }, { n: numel(x.shape) }, [1]),
  backward: (rec, { inputs: [x, w], dy: [dy], dx: [dx, dw] }) => {
    if (dx) gradient(rec, w, dy!, dx);
    if (dw) gradient(rec, x, dy!, dw);
  },
  reads: { out: false },
  reference: ([x, w]) => [Float64Array.of(x.reduce((s, v, i) => s + v * w[i], 0) / x.length)],
  cases: [[1], [3], [20], [36], [300], [1100]].map((shape) => ({
    shapes: [shape, shape],
    params: {},
    inputs: ["positive", "unit"],
  })),
});

/** Mean of x · w over all n elements, as [1]: REINFORCE's mean of NLL times advantage. */
export const weightedSum = (x: Value, w: Value): Value => apply(op, [x, w], {})[0];
