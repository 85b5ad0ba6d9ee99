import pickWgsl from "../../kernels/pick.wgsl" with { type: "text" };
import pickDxWgsl from "../../kernels/pick_dx.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("pick", pickWgsl);
const backward = kernel("pick_dx", pickDxWgsl);

const op = defineOp<{ width: number }>({
  name: "pick",
  dtypes: { inputs: ["f32", "u32"] },
  shapes: ([anchors, index], { width }) => {
    expectShape(
      anchors.length === 2 && numel(index) === anchors[0] && anchors[1] % width === 0,
      "pick",
      [anchors, index],
      `anchors [n, j·${width}] and an index [n]`,
    );
    return { out: [[anchors[0], width]] };
  },
  forward: (rec, { inputs: [anchors, index], out: [y], params: { width } }) =>
    rec.run(
      forward,
      { anchors, index, y },
      { n: numel(y.shape), anchors_per_row: anchors.shape[1] / width, hidden: width },
      numel(y.shape),
    ),
  backward: (rec, { inputs: [anchors, index], dy: [dy], dx: [dx], params: { width } }) => {
    const n = numel(anchors.shape);
    rec.run(backward, { index, dy: dy!, dx: dx!.tensor }, {
      n,
      anchors_per_row: anchors.shape[1] / width,
      hidden: width,
      add: dx!.accumulate,
    }, n);
  },
  reads: { out: false },
  reference: ([anchors, index], [[n, all]], { width }) => {
    const y = new Float64Array(n * width);
    index.forEach((j, row) => {
      const start = row * all + j * width;
      y.set(anchors.subarray(start, start + width), row * width);
    });
    return [y];
  },
  cases: [[1, 1, 1], [3, 1, 5], [5, 3, 3], [20, 6, 64], [7, 5, 36], [90, 2, 3]].map(
    ([n, perRow, width]) => ({
      shapes: [[n, perRow * width], [n]],
      params: { width },
      inputs: ["real", { below: perRow }],
    }),
  ),
});

/**
 * One of j anchors per row.
 * @param anchors [n, j·width] @param index [n], uint32 below j @returns [n, width]
 */
export const pick = (anchors: Value, index: Value, width: number): Value =>
  apply(op, [anchors, index], { width })[0];
