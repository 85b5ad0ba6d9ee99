import biasAddWgsl from "../../kernels/bias_add.wgsl" with { type: "text" };
import biasAddDbWgsl from "../../kernels/bias_add_db.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { accumulate } from "../autodiff/run.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import { columns, rows } from "./shapes.ts";

const forward = kernel("bias_add", biasAddWgsl);
const backwardB = kernel("bias_add_db", biasAddDbWgsl);

const op = defineOp<Record<never, never>>({
  name: "bias_add",
  shapes: ([x, b]) => {
    expectShape(
      x.length > 0 && numel(b) === columns(x),
      "bias_add",
      [x, b],
      "a bias with one element per column",
    );
    return { out: [x] };
  },
  forward: (rec, { inputs: [x, b], out: [y] }) =>
    rec.run(
      forward,
      { x, b, y },
      { n: numel(x.shape), columns: columns(x.shape) },
      numel(x.shape),
    ),
  backward: (rec, { inputs: [x], dy: [dy], dx: [dx, db] }) => {
    if (dx) accumulate(rec, dy!, dx.tensor, dx.accumulate);
    if (db) {
      rec.run(
        backwardB,
        { dy: dy!, db: db.tensor },
        { rows: rows(x.shape), columns: columns(x.shape), add: db.accumulate },
        [columns(x.shape)],
      );
    }
  },
  reads: { inputs: false, out: false },
  reference: ([x, b]) => [x.map((v, i) => v + b[i % b.length])],
  cases: [
    [[1], [1]],
    [[5, 3], [3]],
    [[2, 7, 5, 3], [3]],
    [[2, 5, 5, 36], [36]],
    [[300, 10], [10]],
    [[1, 27, 27, 1], [1]],
  ].map((shapes) => ({ shapes, params: {} })),
});

/** x + b with one element of b per column of the last axis. */
export const biasAdd = (x: Value, b: Value): Value => apply(op, [x, b], {})[0];
