import weightedMeanWgsl from "../../kernels/weighted_mean.wgsl" with { type: "text" };
import weightedMeanDxWgsl from "../../kernels/weighted_mean_dx.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("weighted_mean", weightedMeanWgsl);
const backward = kernel("weighted_mean_dx", weightedMeanDxWgsl);

const op = defineOp<Record<never, never>>({
  name: "weighted_mean",
  dtypes: { inputs: ["u32", "f32"] },
  shapes: ([bits, anchors]) => {
    expectShape(
      bits.length === 2 && anchors.length === 2 && bits[0] === anchors[0] &&
        anchors[1] % bits[1] === 0,
      "weighted_mean",
      [bits, anchors],
      "bits [n, j] and anchors [n, j·H]",
    );
    return { out: [[bits[0], anchors[1] / bits[1]]] };
  },
  forward: (rec, { inputs: [bits, anchors], out: [y] }) =>
    rec.run(
      forward,
      { bits, anchors, y },
      { n: numel(y.shape), anchors_per_row: bits.shape[1], hidden: y.shape[1] },
      numel(y.shape),
    ),
  backward: (rec, { inputs: [bits, anchors], out: [y], dy: [dy], dx: [, dx] }) => {
    const n = numel(anchors.shape);
    rec.run(backward, { bits, dy: dy!, dx: dx!.tensor }, {
      n,
      anchors_per_row: bits.shape[1],
      hidden: y.shape[1],
      add: dx!.accumulate,
    }, n);
  },
  reads: { out: false },
  reference: ([bits, anchors], [[n, perRow]]) => {
    const hidden = anchors.length / bits.length;
    const y = new Float64Array(n * hidden);
    for (let row = 0; row < n; row++) {
      const rowBits = bits.subarray(row * perRow, (row + 1) * perRow);
      const divisor = 1 + rowBits.reduce((sum, bit) => sum + bit, 0);
      rowBits.forEach((bit, j) => {
        for (let h = 0; h < hidden; h++) {
          y[row * hidden + h] += bit * anchors[(row * perRow + j) * hidden + h] / divisor;
        }
      });
    }
    return [y];
  },
  cases: [[1, 1, 1], [3, 1, 5], [5, 3, 3], [20, 11, 64], [7, 5, 36], [90, 2, 3]].map(
    ([n, perRow, hidden]) => ({
      shapes: [[n, perRow], [n, perRow * hidden]],
      params: {},
      inputs: [{ below: 2 }, "real"],
    }),
  ),
});

/**
 * Σ bit · anchor / (1 + Σ bit), the controller's input after skip decisions.
 * @param bits [n, j], uint32 @param anchors [n, j·H] @returns [n, H]
 */
export const weightedMean = (bits: Value, anchors: Value): Value =>
  apply(op, [bits, anchors], {})[0];
