/** Geometry and test cases of poolings. */
import { type Case, expectShape, type Shape } from "../autodiff/op.ts";
import { axis, type Padding } from "./tiling.ts";

export interface PoolOptions {
  /** Window of k × k cells. */
  k: number;
  stride: number;
  /** SAME after TensorFlow's rule, or no padding. */
  padding: Padding;
}

export function poolGeometry([n, ih, iw]: Shape, { k, stride, padding }: PoolOptions) {
  const y = axis(ih, k, stride, padding), x = axis(iw, k, stride, padding);
  return { n, ih, iw, oh: y.out, ow: x.out, pad_y: y.before, pad_x: x.before };
}

export function expectPool(op: string, x: Shape, params: PoolOptions) {
  expectShape(x.length === 4, op, [x], "[n,h,w,c]");
  const { k, padding } = params;
  expectShape(
    padding === "same" || k <= Math.min(x[1], x[2]),
    op,
    [x],
    `at least ${k} × ${k} pixels for padding "valid"`,
  );
  return poolGeometry(x, params);
}

/** Test cases of both poolings. */
export const poolCases: Case<PoolOptions>[] = ([
  [[2, 5, 7, 1], 3, 1, "same"],
  [[1, 7, 5, 3], 3, 2, "same"],
  [[2, 9, 6, 36], 3, 1, "same"],
  [[1, 8, 8, 36], 5, 3, "valid"],
  [[1, 11, 9, 4], 5, 1, "same"],
  [[2, 6, 8, 8], 2, 2, "valid"],
  [[1, 6, 9, 4], 2, 1, "same"],
  [[1, 9, 7, 3], 3, 1, "valid"],
  [[1, 6, 7, 4], 3, 1, "valid"],
  [[1, 6, 7, 4], 4, 1, "valid"],
  [[1, 7, 6, 3], 1, 2, "valid"],
  [[1, 8, 6, 4], 3, 2, "same"],
  [[1, 5, 4, 4], 7, 1, "same"],
  [[1, 4, 8, 8], 3, 1, "same"],
] as [number[], number, number, Padding][]).map(([x, k, stride, padding]) => ({
  shapes: [x],
  params: { k, stride, padding },
}));
