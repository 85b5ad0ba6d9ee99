import copyColumnsWgsl from "../../kernels/copy_columns.wgsl" with { type: "text" };
import { defineOp, expectShape, type Tensor } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import { columns, rows, sameShape, withColumns } from "./shapes.ts";

const copy = kernel("copy_columns", copyColumnsWgsl);

/** Copies `size` columns of every row of x, from `xFrom` on, to the columns of y from `yFrom` on. */
export function copyColumns(
  gpu: Gpu,
  x: Tensor,
  y: Tensor,
  { size, xFrom = 0, yFrom = 0, add = false }: {
    size: number;
    xFrom?: number;
    yFrom?: number;
    add?: boolean;
  },
): void {
  const wide = [size, xFrom, yFrom, columns(x.shape), columns(y.shape)].every((v) => v % 4 === 0);
  const per = wide ? 4 : 1;
  const n = rows(x.shape) * size / per;
  gpu.run(copy, { x, y }, {
    T: wide ? "vec4f" : "f32",
    n,
    columns: size / per,
    x_width: columns(x.shape) / per,
    x_from: xFrom / per,
    y_width: columns(y.shape) / per,
    y_from: yFrom / per,
    add,
  }, n);
}

/** Where each source starts in the result. */
function starts(shapes: readonly (readonly number[])[]): number[] {
  let at = 0;
  return shapes.map((s) => (at += columns(s)) - columns(s));
}

const op = defineOp<Record<never, never>>({
  name: "concat",
  shapes: (xs) => {
    const [first] = xs;
    expectShape(
      xs.length > 0 && first.length > 0 &&
        xs.every((x) => sameShape(withColumns(x, 0), withColumns(first, 0))),
      "concat",
      xs,
      "shapes that differ in the last axis only",
    );
    return { out: [withColumns(first, xs.reduce((sum, x) => sum + columns(x), 0))] };
  },
  forward: (gpu, { inputs, out: [y] }) => {
    const at = starts(inputs.map((x) => x.shape));
    inputs.forEach((x, i) => copyColumns(gpu, x, y, { size: columns(x.shape), yFrom: at[i] }));
  },
  backward: (gpu, { inputs, dy: [dy], dx }) => {
    const at = starts(inputs.map((x) => x.shape));
    dx.forEach((to, i) => {
      if (!to) return;
      const size = columns(inputs[i].shape);
      copyColumns(gpu, dy!, to.tensor, { size, xFrom: at[i], add: to.accumulate });
    });
  },
  reads: { inputs: false, out: false },
  reference: (xs, shapes) => {
    const at = starts(shapes);
    const width = shapes.reduce((sum, s) => sum + columns(s), 0);
    const y = new Float64Array(rows(shapes[0]) * width);
    xs.forEach((x, k) => {
      const size = columns(shapes[k]);
      x.forEach((v, i) => y[Math.floor(i / size) * width + at[k] + i % size] = v);
    });
    return [y];
  },
  cases: [
    [[1], [1]],
    [[5, 3], [5, 1], [5, 7]],
    [[2, 3, 5, 3], [2, 3, 5, 36]],
    [[2, 5, 5, 36], [2, 5, 5, 36], [2, 5, 5, 36], [2, 5, 5, 4]],
    [[70, 33]],
    [[7, 64], [7, 64]],
    [[1, 28, 28, 1], [1, 28, 28, 3]],
  ].map((shapes) => ({ shapes, params: {} })),
});

/** All inputs side by side along the last axis; the other axes are equal. One input is returned as it is. */
export const concat = (xs: readonly Value[]): Value =>
  xs.length === 1 ? xs[0] : apply(op, xs, {})[0];
