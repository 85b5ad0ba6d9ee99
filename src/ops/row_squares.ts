import rowSquaresWgsl from "../../kernels/row_squares.wgsl" with { type: "text" };
import rowSquaresDxWgsl from "../../kernels/row_squares_dx.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("row_squares", rowSquaresWgsl);
const backward = kernel("row_squares_dx", rowSquaresDxWgsl);

const op = defineOp<Record<never, never>>({
  name: "row_squares",
  shapes: ([x]) => {
    expectShape(x.length === 2, "row_squares", [x], "x [n, k]");
    return { out: [[x[0]]] };
  },
  forward: (rec, { inputs: [x], out: [y] }) => {
    const [n, columns] = x.shape;
    rec.run(forward, { x, y }, { n, columns }, n);
  },
  backward: (rec, { inputs: [x], dy: [dy], dx: [dx] }) => {
    const n = numel(x.shape);
    const { tensor, accumulate } = dx!;
    rec.run(backward, { x, dy: dy!, dx: tensor }, { n, columns: x.shape[1], add: accumulate }, n);
  },
  reads: { out: false },
  reference: ([x], [[n, columns]]) => {
    const y = new Float64Array(n);
    x.forEach((v, i) => y[Math.floor(i / columns)] += v * v);
    return [y];
  },
  cases: [[1, 3], [5, 1], [7, 6], [20, 11], [300, 5], [70, 36]].map((shape) => ({
    shapes: [shape],
    params: {},
  })),
});

/**
 * Sum of squares of each row.
 * @param x [n, k] @returns [n]
 */
export const rowSquares = (x: Value): Value => apply(op, [x], {})[0];
