/**
 * 3 × 3 convolutions after Winograd: tiles of 2 × 2 outputs take 16 multiplications in place of 36, with sums
 * before and after that large numbers of channels make up for (Lavin and Gray, arXiv:1509.09308, section 4.1).
 */
import inputWgsl from "../../kernels/winograd_input.wgsl" with { type: "text" };
import outputWgsl from "../../kernels/winograd_output.wgsl" with { type: "text" };
import productsWgsl from "../../kernels/winograd_products.wgsl" with { type: "text" };
import weightsWgsl from "../../kernels/winograd_weights.wgsl" with { type: "text" };
import type { Tensor } from "../autodiff/op.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel } from "../gpu/kernel.ts";
import { blockSize, groups, withScratch } from "./tiling.ts";

const weights = kernel("winograd_weights", weightsWgsl);
const input = kernel("winograd_input", inputWgsl);
const products = kernel("winograd_products", productsWgsl);
const output = kernel("winograd_output", outputWgsl);

/** Positions in a tile of 4 × 4: each is a matrix product of its own. */
const PLACES = 16;
/** Most elements of an image in Winograd's domain: more would not fit into a buffer. */
const MOST_ELEMENTS = 2 ** 24;
/** Most vec4 of input channels per dispatch and of outputs per invocation: what registers hold. */
const BLOCK = 8;

export interface Winograd {
  x: Tensor;
  w: Tensor;
  /** Same height and width as x. */
  y: Tensor;
  /** Rotate the kernel by half a turn and swap its channels. */
  flip: boolean;
  relu: boolean;
  gate?: Tensor;
  add: boolean;
}

/** Words of the larger of an image's two transforms. */
const wordsOf = ([, h, w, ci]: readonly number[], co: number) =>
  PLACES * Math.ceil(h / 2) * Math.ceil(w / 2) * Math.max(ci, co);

/** Whether channels come in fours, and an image's transform fits into a buffer. */
export function winogradSuits(x: Tensor, y: Tensor): boolean {
  const ci = x.shape[3], co = y.shape[3];
  return ci % 4 === 0 && co % 4 === 0 && wordsOf(x.shape, co) <= MOST_ELEMENTS;
}

/** y (+)= act(x) ∗ w with one zero around x; some images at a time. */
export function winograd(rec: Recorder, conv: Winograd): void {
  const { x, w, y, flip } = conv;
  const [n, , , ci] = x.shape, co = y.shape[3], SIZE = 64;
  const words = wordsOf(x.shape, co), room = rec.traits.winogradElements;
  const most = blockSize(n, Math.max(1, Math.floor(room / words)));
  withScratch(rec, PLACES * ci * co, (u) => {
    const strides = { wi: flip ? 1 : co, wo: flip ? ci : 1 };
    const params = { ci, co, ...strides, flip, taps: 9, places: PLACES, SIZE };
    rec.run(weights, { w, u }, params, groups(ci * co / 4, SIZE, 1));
    withScratch(rec, most * words, (v) =>
      withScratch(rec, most * words, (m) => {
        for (let first = 0; first < n; first += most) {
          images(rec, conv, { u, v, m }, first, Math.min(most, n - first));
        }
      }));
  });
}

/** Convolves n images, from `first` on. */
function images(
  rec: Recorder,
  { x, y, relu, gate, add }: Winograd,
  { u, v, m }: Record<"u" | "v" | "m", Tensor>,
  first: number,
  n: number,
): void {
  const [, h, w, ci] = x.shape, co = y.shape[3], SIZE = 64;
  const down = Math.ceil(h / 2), across = Math.ceil(w / 2), tiles = n * down * across;
  const at = { tiles, first, down, across, SIZE };
  rec.run(
    input,
    { x, v },
    { ...at, ih: h, iw: w, ci, relu },
    groups(tiles * ci / 4, SIZE, 1),
  );
  const K4 = blockSize(ci / 4, BLOCK), Q = blockSize(co / 4, BLOCK);
  const grid = [Math.ceil(tiles / 256), PLACES, Math.ceil(co / 4 / Q)] as const;
  for (let done = 0; done < ci; done += 4 * K4) {
    // The last slice ends at the last channel; channels shared with the previous slice get weight 0.
    const k0 = Math.min(done, ci - 4 * K4), slice = { k0, skip: done - k0, ADD: done > 0 };
    rec.run(products, { v, u, m }, { tiles, ci, co, ...slice, K4, Q, SIZE: 256 }, grid);
  }
  rec.run(output, { m, gate: gate ?? x, y }, {
    ...{ ...at, oh: h, ow: w, co, pixels: 4, gated: gate !== undefined, add },
  }, groups(tiles * co / 4, SIZE, 1));
}
