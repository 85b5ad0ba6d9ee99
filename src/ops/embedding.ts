import embeddingWgsl from "../../kernels/embedding.wgsl" with { type: "text" };
import embeddingDtableWgsl from "../../kernels/embedding_dtable.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("embedding", embeddingWgsl);
const backward = kernel("embedding_dtable", embeddingDtableWgsl);

const op = defineOp<Record<never, never>>({
  name: "embedding",
  dtypes: { inputs: ["f32", "u32"] },
  shapes: ([table, index]) => {
    expectShape(
      table.length === 2,
      "embedding",
      [table, index],
      "a table [entries, width] and an index",
    );
    return { out: [[numel(index), table[1]]] };
  },
  forward: (rec, { inputs: [table, index], out: [y] }) =>
    rec.run(
      forward,
      { table, index, y },
      { n: numel(y.shape), columns: table.shape[1] },
      numel(y.shape),
    ),
  backward: (rec, { inputs: [table, index], dy: [dy], dx: [dTable] }) =>
    rec.run(
      backward,
      { index, dy: dy!, dtable: dTable!.tensor },
      {
        n: numel(table.shape),
        columns: table.shape[1],
        rows: numel(index.shape),
        add: dTable!.accumulate,
      },
      numel(table.shape),
    ),
  reads: { out: false },
  reference: ([table, index], [[, width]]) => {
    const y = new Float64Array(index.length * width);
    index.forEach((entry, row) =>
      y.set(table.subarray(entry * width, (entry + 1) * width), row * width)
    );
    return [y];
  },
  cases: [[1, 1, 1], [3, 1, 5], [6, 64, 20], [5, 36, 3], [1, 64, 7], [5, 3, 300]].map(
    ([entries, width, n]) => ({
      shapes: [[entries, width], [n]],
      params: {},
      inputs: ["real", { below: entries }],
    }),
  ),
});

/** Rows of a table [entries, width] by index [n] (uint32, below `entries`): [n, width]. */
export const embedding = (table: Value, index: Value): Value => apply(op, [table, index], {})[0];
