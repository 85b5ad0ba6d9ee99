/**
 * The dispatches of a dense convolution: forward and both gradients. Variants, forward and by the input:
 * 1. `conv2d_small_cin`: up to three input channels and 27 numbers in a window; all taps are written out.
 * 2. `winograd_*`: 3 × 3, stride 1, more than 64 channels; fewer multiplications for more dispatches.
 * 3. `conv2d`: output channels in fours. 4. `conv2d_scalar`: any.
 * By the weights: 1. `conv2d_small_cin_dw`. 2. `conv2d_dw`: channels in fours. 3. `conv2d_dw_scalar`: any.
 */
import conv2dWgsl from "../../kernels/conv2d.wgsl" with { type: "text" };
import conv2dDwWgsl from "../../kernels/conv2d_dw.wgsl" with { type: "text" };
import conv2dDwScalarWgsl from "../../kernels/conv2d_dw_scalar.wgsl" with { type: "text" };
import conv2dSmallCinWgsl from "../../kernels/conv2d_small_cin.wgsl" with { type: "text" };
import conv2dSmallCinDwWgsl from "../../kernels/conv2d_small_cin_dw.wgsl" with { type: "text" };
import conv2dScalarWgsl from "../../kernels/conv2d_scalar.wgsl" with { type: "text" };
import { type Grad, numel, type Tensor } from "../autodiff/op.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { type Kernel, kernel, type Params } from "../gpu/kernel.ts";
import { blocksDw, blocksSmallCinDw, ofAdapter, variantOf } from "./convolution_variants.ts";
import { axis, blockSize, groups, sizeClass, spansOf, splitReduce } from "./tiling.ts";
import { winograd } from "./winograd.ts";

const vector = kernel("conv2d", conv2dWgsl);
const scalar = kernel("conv2d_scalar", conv2dScalarWgsl);
const vectorDw = kernel("conv2d_dw", conv2dDwWgsl);
const scalarDw = kernel("conv2d_dw_scalar", conv2dDwScalarWgsl);
const smallCin = kernel("conv2d_small_cin", conv2dSmallCinWgsl);
const smallCinDw = kernel("conv2d_small_cin_dw", conv2dSmallCinDwWgsl);

/** Weights (vec4) that the kernels stage: the size of their tile. */
const TILE = 1024;
/** Largest kernel size: all taps of 16 output channels for one input channel fill the tile. */
export const LARGEST = 16;

/** Pixels of a row per invocation: few and equal tiles if possible; short rows take several images. */
function tileOf(ow: number, n: number, most: number): { T: number; R: number } {
  if (ow <= most) return { T: ow, R: Math.min(n, Math.floor(most / ow)) };
  for (let t = most; t > most / 2; t--) if (ow % t === 0) return { T: t, R: 1 };
  return { T: most, R: 1 };
}

/**
 * Columns of an image of width `iw` that the tiles see. If one tile takes the row, those outside are known
 * and left out; otherwise they are checked when loaded.
 */
function columns(
  iw: number,
  ow: number,
  left: number,
  { K, S, T }: Record<"K" | "S" | "T", number>,
) {
  const WINDOW = (T - 1) * S + K;
  const before = Math.max(0, left), after = Math.max(0, (ow - 1) * S + K - left - iw);
  if (T === ow) {
    const FIRST = Math.min(before, WINDOW);
    return { WINDOW, FIRST, LEFT: 0, INNER: Math.max(0, WINDOW - FIRST - after), RIGHT: 0 };
  }
  // If the two ends overlap, all columns are checked.
  const [LEFT, RIGHT] = before + after > WINDOW ? [WINDOW, 0] : [before, after];
  return { WINDOW, FIRST: 0, LEFT, INNER: WINDOW - LEFT - RIGHT, RIGHT };
}

interface Convolution {
  x: Tensor;
  w: Tensor;
  y: Tensor;
  stride: number;
  /** Zeros above and to the left of x. */
  top: number;
  left: number;
  /** Rotate the kernel by half a turn and swap its channels: the convolution's transpose. */
  flip: boolean;
  relu: boolean;
  gate?: Tensor;
  add: boolean;
}

/** Taps and pixels of a row that belong together when zeros between the pixels of x are skipped. */
interface Phase {
  div: number;
  phase: number;
  tap: number;
  /** Used taps of a kernel row. */
  K: number;
}

/**
 * y (+)= act(x) ∗ w, at the columns and taps of a phase. Wide inputs take several dispatches, each adding a
 * slice of channels.
 */
function convolve(
  rec: Recorder,
  { x, w, y, stride: S, top, left, flip, relu, gate, add }: Convolution,
  { div, phase, tap, K: taps }: Phase,
): void {
  const [n, ih, iw, ci] = x.shape, [, oh, width, co] = y.shape, [k] = w.shape;
  const ow = Math.ceil((width - phase) / div), K = Math.max(1, taps);
  const variant = variantOf(rec, { x, y, k, S, div, ow });
  if ("winograd" in variant) return winograd(rec, { x, w, y, flip, relu, gate, add });
  const { pixels, outs, size: SIZE, across, inRegisters: IN_REGISTERS } = variant;
  const { T, R } = tileOf(ow, n, pixels), Q = blockSize(Math.ceil(co / 4), outs);
  const tiles = Math.ceil(ow / T), images = Math.ceil(n / R);
  const depth = taps > 0 ? blockSize(ci, Math.floor(TILE / (k * K * Q))) : 0;
  let c0 = 0;
  do {
    rec.run(co % 4 ? scalar : vector, { x, w, gate: gate ?? x, y }, {
      ...{ k, div, tap, phase, width, count: T * R * Q, n, images, tiles, across },
      ...{ ih, iw, ci, oh, ow, co, top, left },
      ...{ c0, depth: Math.min(depth, ci - c0), wi: flip ? 1 : co, wo: flip ? ci : 1 },
      ...{ flip, relu, gated: gate !== undefined, add: add || c0 > 0 },
      ...{ SIZE, K, S, T, R, Q, IN_REGISTERS, ...columns(iw, ow, left, { K, S, T }) },
    }, groups(images * tiles * oh, SIZE, Math.ceil(co / (4 * Q))));
    c0 += depth;
  } while (depth && c0 < ci);
}

interface Forward {
  x: Tensor;
  w: Tensor;
  y: Tensor;
  stride: number;
  relu: boolean;
}

export function convolveForward(rec: Recorder, io: Forward): void {
  const { x, w, y, stride, relu } = io;
  const [, h, wide] = x.shape, [K] = w.shape;
  const [top, left] = [h, wide].map((size) => axis(size, K, stride, "same").before);
  if (isSmallCin(w)) return convolveSmallCin(rec, io, top, left);
  const all = { div: 1, phase: 0, tap: 0, K };
  convolve(rec, { x, w, y, stride, top, left, flip: false, relu, add: false }, all);
}

/** Few input channels, as in images: a window has so few numbers that all taps are written out. */
const isSmallCin = ({ shape: [k, , ci, co] }: Tensor) => ci < 4 && k * k * ci <= 27 && co % 4 === 0;

/** Numbers of a row that a kernel for few channels reads: of one window, and of T pixels' windows. */
const rowOf = (K: number, S: number, CI: number, T: number) => ({
  ...{ K, S, CI, T, ROW: K * CI, INPUT_SPAN: ((T - 1) * S + K) * CI },
});

function convolveSmallCin(
  rec: Recorder,
  { x, w, y, stride: S, relu }: Forward,
  top: number,
  left: number,
) {
  const [, ih, iw, ci] = x.shape, [n, oh, ow, co] = y.shape, [K] = w.shape;
  const many = K * K * ci > 12;
  const { pixels, outs, size: SIZE } = rec.choose(
    `conv2d_small_cin k${K} s${S} channels ${ci} ${sizeClass(co)}`,
    ofAdapter(
      rec,
      [{ pixels: 2, outs: many ? 8 : 16, size: 64 }, { pixels: 1, outs: 8, size: 128 }],
      [{ pixels: 1, outs: 4, size: 64 }],
    ),
  );
  const T = Math.min(pixels, ow), Q = blockSize(co / 4, outs);
  const tiles = Math.ceil(ow / T), all = n * oh * tiles;
  rec.run(smallCin, { x, w, y }, {
    ...{ pixels: all, ih, iw, co, top, left, relu },
    ...{ SIZE, Q, TILES: tiles, OH: oh, OW: ow, ...rowOf(K, S, ci, T) },
  }, groups(all, SIZE, Math.ceil(co / (4 * Q))));
}

interface Gradient {
  x: Tensor;
  w: Tensor;
  dy: Tensor;
  stride: number;
  relu: boolean;
}

/**
 * The transposed convolution. A stride s puts s − 1 zeros between the pixels of dy: every s-th column of dx
 * sees the same taps, so each of the s phases is a convolution of its own.
 */
export function convolveDx(
  rec: Recorder,
  { x, w, dy, stride: div, relu }: Gradient,
  { tensor, accumulate: add }: Grad,
): void {
  const [, h, wide] = x.shape, [k] = w.shape;
  const [top, left] = [h, wide].map((size) => k - 1 - axis(size, k, div, "same").before);
  for (let phase = 0; phase < Math.min(div, wide); phase++) {
    const tap = (left - phase + k * div) % div, K = Math.ceil((k - tap) / div);
    // No tap meets a pixel: these columns have no gradient.
    if (K <= 0 && add) continue;
    convolve(rec, {
      ...{ x: dy, w, y: tensor, stride: 1, top, left: (left - phase - tap) / div, flip: true },
      ...{ relu: false, gate: relu ? x : undefined, add },
    }, { div, phase, tap, K });
  }
}

export function convolveDw(rec: Recorder, io: Gradient, dw: Grad): void {
  const { x, w, dy, stride: S, relu } = io;
  const [n, ih, iw, ci] = x.shape, [, oh, ow, co] = dy.shape, [K] = w.shape;
  const [top, left] = [ih, iw].map((size) => axis(size, K, S, "same").before);
  const rows = n * oh, params = { ih, iw, co, rows, relu, top, left };
  const SIZE = rec.traits.reduceGroup;
  /** Runs a kernel that takes `tiles` invocations per span of rows. */
  const reduce = (k: Kernel, tiles: number, constants: Params) =>
    splitReduce(
      rec,
      rows,
      tiles,
      numel(w.shape),
      dw,
      (sums, span, splits) =>
        rec.run(
          k,
          { x, dy, sums },
          { ...params, span, splits, SIZE, ...constants },
          splits * tiles,
        ),
    );

  if (isSmallCin(w)) {
    const key = `conv2d_small_cin_dw k${K} s${S} channels ${ci} ${sizeClass(co)}`;
    const variant = rec.choose(key, blocksSmallCinDw(rec, K * K * ci));
    const T = Math.min(variant.pixels, ow), Q = blockSize(co / 4, variant.outs);
    reduce(smallCinDw, Math.ceil(co / (4 * Q)), {
      ...{
        OH: oh,
        OW: ow,
        Q,
        IN_REGISTERS: variant.inRegisters,
        count: K * K * ci * Q,
        ...rowOf(K, S, ci, T),
      },
    });
  } else if (ci % 4 || co % 4) {
    const Q = 8, T = 2;
    reduce(scalarDw, K * ci * Math.ceil(co / Q), {
      count: K * Q,
      ...{ oh, ow, ci, K, S, Q, T, WINDOW: (T - 1) * S + K },
    });
  } else {
    const channels = [ci, co].map((c) => Math.min(c, 16)).join(" ");
    const key = `conv2d_dw k${K} s${S} columns ${sizeClass(ow)} channels ${channels}`;
    const variant = rec.choose(key, blocksDw(rec, ow, K));
    const T = Math.min(ow, variant.pixels);
    const C = blockSize(ci / 4, variant.ins), Q = blockSize(co / 4, variant.outs);
    const { WINDOW, FIRST, INNER } = columns(iw, ow, left, { K, S, T });
    const COLS_KEPT = T === ow ? 0 : Math.max(0, K - S);
    const COLS_LOADED = T === ow ? INNER : WINDOW - COLS_KEPT;
    const tiles = K * Math.ceil(ci / (4 * C)) * Math.ceil(co / (4 * Q));
    const constants = {
      ...{ oh, ow, ci, K, S, C, Q, T, WINDOW, FIRST, COLS_KEPT, COLS_LOADED },
      ...{ COLS_STEP: T * S, STEPS: T !== ow },
      ...{ IN_REGISTERS: variant.inRegisters, count: C * K * 4 * Q },
    };
    const { tensor, accumulate: add } = dw;
    const alone = spansOf(rec, rows, tiles).splits === 1 && tensor.offset % 4 === 0;
    if (!alone) return reduce(vectorDw, tiles, { ...constants, add: false });
    rec.run(vectorDw, { x, dy, sums: tensor }, {
      ...{ ...params, span: rows, splits: 1, SIZE, ...constants, add },
    }, tiles);
  }
}
