import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { productDw, productDx, productForward } from "./product.ts";

const whole = { relu: false, sampling: { stride: 1, shift: 0 } };

const op = defineOp<Record<never, never>>({
  name: "matmul",
  shapes: ([a, b]) => {
    expectShape(
      a.length === 2 && b.length === 2 && a[1] === b[0],
      "matmul",
      [a, b],
      "[n, k] and [k, m]",
    );
    return { out: [[a[0], b[1]]] };
  },
  forward: (rec, { inputs: [x, w], out: [y] }) =>
    productForward(rec, { x, w, y, add: false, ...whole }),
  backward: (rec, { inputs: [x, w], dy: [dy], dx: [dx, dw] }) => {
    const io = { x, w, dy: dy!, ...whole };
    if (dx) productDx(rec, io, dx);
    if (dw) productDw(rec, io, dw);
  },
  reads: { out: false },
  macs: ([a, b]) => numel(a) * b[1],
  reference: ([a, b], [[n, k], [, m]]) => {
    const y = new Float64Array(n * m);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < k; j++) {
        for (let o = 0; o < m; o++) y[i * m + o] += a[i * k + j] * b[j * m + o];
      }
    }
    return [y];
  },
  cases: [
    [1, 1, 1],
    [3, 5, 3],
    [1, 64, 20],
    [9, 36, 10],
    [140, 12, 36],
    [7, 132, 8],
    [130, 3, 5],
    // The last block of columns of the weight gradient is one vector wide.
    [5, 12, 28],
  ].map(([n, k, m]) => ({ shapes: [[n, k], [k, m]], params: {} })),
});

/** Matrix product of a [n, k] and b [k, m]: [n, m]. */
export const matmul = (a: Value, b: Value): Value => apply(op, [a, b], {})[0];
