/** Tensors: a shape and an offset in a device buffer. Elements are 32 bits wide. */
import type { DeviceBuffer } from "./pool.ts";

/** Sizes in stored order, outermost first (`n, h, w, c`). */
export type Shape = readonly number[];

/** Element types. */
export type Dtype = "f32" | "u32";

/** A row-major array of 32-bit elements, without gaps, in a device buffer that other tensors may share. */
export interface Tensor {
  readonly shape: Shape;
  readonly buffer: DeviceBuffer;
  /** First element, counted in elements of four bytes. */
  readonly offset: number;
}

/** Number of elements of a shape. */
export function numel(shape: Shape): number {
  let n = 1;
  for (const size of shape) n *= size;
  return n;
}
