import sliceDxWgsl from "../../kernels/slice_dx.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import { splitColumns } from "./concat.ts";
import { columns, rows, withColumns } from "./shapes.ts";

const backward = kernel("slice_dx", sliceDxWgsl);

const op = defineOp<{ start: number; size: number }>({
  name: "slice",
  shapes: ([x], { start, size }) => {
    expectShape(
      x.length > 0 && start >= 0 && size > 0 && start + size <= columns(x),
      "slice",
      [x],
      `a last axis that holds ${size} columns from ${start} on`,
    );
    return { out: [withColumns(x, size)] };
  },
  forward: (rec, { inputs: [x], out: [y], params: { start, size } }) =>
    splitColumns(rec, x, [{ start, size, to: { tensor: y, accumulate: false } }]),
  backward: (rec, { inputs: [x], dy: [dy], dx: [dx], params: { start, size } }) =>
    rec.run(backward, { dy: dy!, dx: dx!.tensor }, {
      n: numel(x.shape),
      width: columns(x.shape),
      begin: start,
      columns: size,
      add: dx!.accumulate,
    }, numel(x.shape)),
  reads: { inputs: false, out: false },
  reference: ([x], [shape], { start, size }) => {
    const width = columns(shape);
    const y = new Float64Array(rows(shape) * size);
    y.forEach((_, i) => y[i] = x[Math.floor(i / size) * width + start + i % size]);
    return [y];
  },
  cases: [
    { shapes: [[1]], params: { start: 0, size: 1 } },
    { shapes: [[5, 3]], params: { start: 1, size: 1 } },
    { shapes: [[5, 7]], params: { start: 2, size: 5 } },
    { shapes: [[2, 5, 5, 36]], params: { start: 32, size: 4 } },
    { shapes: [[70, 33]], params: { start: 0, size: 33 } },
    { shapes: [[9, 64]], params: { start: 16, size: 20 } },
  ],
});

/** Columns start … start + size − 1 of the last axis. */
export const slice = (x: Value, start: number, size: number): Value =>
  apply(op, [x], { start, size })[0];
