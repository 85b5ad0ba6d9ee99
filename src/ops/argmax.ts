import argmaxWgsl from "../../kernels/argmax.wgsl" with { type: "text" };
import { defineOp } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import { columns, rows } from "./shapes.ts";

const forward = kernel("argmax", argmaxWgsl);

const op = defineOp<Record<never, never>>({
  name: "argmax",
  dtypes: { out: ["u32"] },
  shapes: ([x]) => ({ out: [x.slice(0, -1)] }),
  forward: (rec, { inputs: [x], out: [y] }) =>
    rec.run(forward, { x, y }, { n: rows(x.shape), columns: columns(x.shape) }, rows(x.shape)),
  backward: "none, because an index does not change with its logits",
  reference: ([x], [shape]) => {
    const width = columns(shape);
    return [
      Float64Array.from({ length: rows(shape) }, (_, i) => {
        const row = x.subarray(i * width, (i + 1) * width);
        return row.indexOf(Math.max(...row));
      }),
    ];
  },
  cases: [
    { shapes: [[1, 3]], params: {} },
    { shapes: [[5, 1]], params: {} },
    { shapes: [[7, 10]], params: {} },
    { shapes: [[70, 36]], params: {} },
    { shapes: [[300, 10]], params: {} },
    // Ties: the first maximum counts.
    { shapes: [[90, 5]], params: {}, inputs: [{ below: 2 }] },
  ],
});

/** Index of the first maximum along the last axis, as uint32: predictions from logits. */
export const argmax = (x: Value): Value => apply(op, [x], {})[0];
