/** Division of work for ops that slide a window or reduce over pixels: geometry, lanes, splits, scratch. */
import type { Grad } from "../autodiff/op.ts";
import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";

export type Padding = "same" | "valid";

/** One axis of a window that slides with zero or no padding. */
export interface Axis {
  size: number;
  /** Positions of the window. */
  out: number;
  /** Padding before the first element. */
  before: number;
}

/** TensorFlow's rule: SAME has ⌈size / stride⌉ positions and pads the odd cell at the end. */
export function axis(size: number, k: number, stride: number, padding: Padding): Axis {
  if (padding === "valid") return { size, out: Math.floor((size - k) / stride) + 1, before: 0 };
  const out = Math.ceil(size / stride);
  return { size, out, before: Math.max((out - 1) * stride + k - size, 0) >> 1 };
}

export type Lanes = { V: "vec4f"; LANES: "4u" } | { V: "f32"; LANES: "1u" };

/** Four channels per lane where the channels and the offsets of all weights divide by four, else one. */
export function lanes(channels: number, ...weights: Tensor[]): Lanes {
  return channels % 4 === 0 && weights.every((w) => w.offset % 4 === 0)
    ? { V: "vec4f", LANES: "4u" }
    : { V: "f32", LANES: "1u" };
}

export const width = (l: Lanes): number => l.V === "vec4f" ? 4 : 1;

/** Scratch memory during `body`; work recorded later may reuse it. */
export function withScratch(rec: Recorder, words: number, body: (scratch: Tensor) => void): void {
  const buffer = rec.pool.acquire(words * 4, "scratch");
  body({ shape: [words], buffer, offset: 0 });
  rec.pool.release(buffer);
}

/** Work-groups for `n` invocations folded over x and y, times `z`. */
export function groups(n: number, size: number, z: number): [number, number, number] {
  const all = Math.ceil(n / size);
  const y = Math.ceil(all / 65535);
  return [Math.ceil(all / y), y, z];
}

/** Buffers of one word, to be bound where a kernel has nothing to read or write. */
export function withUnused<N extends string>(
  rec: Recorder,
  names: readonly N[],
  body: (unused: Record<N, Tensor>) => void,
): void {
  const buffers = names.map(() => rec.pool.acquire(4, "unused"));
  const tensors = names.map((name, i) => [name, { shape: [1], buffer: buffers[i], offset: 0 }]);
  body(Object.fromEntries(tensors));
  for (const buffer of buffers) rec.pool.release(buffer);
}

/** Size of the blocks when n is cut into as few as possible of at most `most`, all nearly equal. */
export const blockSize = (n: number, most: number) => Math.ceil(n / Math.ceil(n / most));

/** Size class for the tuner: 2^i for sizes above 2^(i − 1). */
export const sizeClass = (size: number): string => `2^${Math.ceil(Math.log2(size))}`;

/** Length and number of the spans of a reduction over `length` terms, with `tiles` invocations per span. */
export function spansOf(
  rec: Recorder,
  length: number,
  tiles: number,
): { span: number; splits: number } {
  const wanted = Math.min(length, Math.max(1, Math.round(rec.traits.reduceInvocations / tiles)));
  const span = Math.ceil(length / wanted);
  return { span, splits: Math.ceil(length / span) };
}

/**
 * A reduction over `length` terms in spans: `main` writes one row of `n` sums per split, which are then
 * added up in order. `tiles` is the number of invocations that one split takes.
 */
export function splitReduce(
  rec: Recorder,
  length: number,
  tiles: number,
  n: number,
  grad: Grad,
  main: (sums: Tensor, span: number, splits: number) => void,
): void {
  const { span, splits } = spansOf(rec, length, tiles);
  const { tensor: to, accumulate: add } = grad;
  rec.reduceSplits({ splits, n, to, add }, (sums) => main(sums, span, splits));
}
