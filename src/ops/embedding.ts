import embeddingWgsl from "../../kernels/embedding.wgsl" with { type: "text" };
import embeddingDtableWgsl from "../../kernels/embedding_dtable.wgsl" with { type: "text" };
import { count, defineOp, expectShape } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("embedding", embeddingWgsl);
const backward = kernel("embedding_dtable", embeddingDtableWgsl);

const op = defineOp<Record<never, never>>({
  name: "embedding",
  shapes: ([table, index]) => {
    expectShape(
      table.length === 2,
      "embedding",
      [table, index],
      "a table [entries, width] and an index",
    );
    return { out: [[count(index), table[1]]] };
  },
  forward: (gpu, { inputs: [table, index], out: [y] }) =>
    gpu.run(
      forward,
      { table, index, y },
      { n: count(y.shape), columns: table.shape[1] },
      count(y.shape),
    ),
  backward: (gpu, { inputs: [table, index], dy: [dy], dx: [dTable] }) =>
    gpu.run(
      backward,
      { index, dy: dy!, dtable: dTable!.tensor },
      {
        n: count(table.shape),
        columns: table.shape[1],
        rows: count(index.shape),
        add: dTable!.accumulate,
      },
      count(table.shape),
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
