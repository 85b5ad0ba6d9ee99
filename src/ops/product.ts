/**
 * Products of pixels (rows) and small weight matrices, shared by `pointwise` and `matmul`: forward and both
 * gradients. Variants:
 * 1. `pointwise`, `pointwise_dw`: channels in fours. With several pixels per invocation where a pixel is little work.
 * 2. `pointwise_tiled`: the same where no block of pixels is written; both factors in work-group memory, for
 *    cards. Also in float16, which the tuner tries only if it is asked to.
 * 3. `pointwise_scalar`, `pointwise_dw_scalar`: any channels.
 */
import pointwiseWgsl from "../../kernels/pointwise.wgsl" with { type: "text" };
import pointwiseDwWgsl from "../../kernels/pointwise_dw.wgsl" with { type: "text" };
import pointwiseDwScalarWgsl from "../../kernels/pointwise_dw_scalar.wgsl" with { type: "text" };
import pointwiseTiledWgsl from "../../kernels/pointwise_tiled.wgsl" with { type: "text" };
import pointwiseScalarWgsl from "../../kernels/pointwise_scalar.wgsl" with { type: "text" };
import { type Grad, numel, type Shape, type Tensor } from "../autodiff/op.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel } from "../gpu/kernel.ts";
import { blockSize, groups, sizeClass, splitReduce } from "./tiling.ts";

const vector = kernel("pointwise", pointwiseWgsl);
const tiled = kernel("pointwise_tiled", pointwiseTiledWgsl);
const scalar = kernel("pointwise_scalar", pointwiseScalarWgsl);
const vectorDw = kernel("pointwise_dw", pointwiseDwWgsl);
const scalarDw = kernel("pointwise_dw_scalar", pointwiseDwScalarWgsl);

/** The pixel that output pixel (i, j) reads: [stride · i + shift, stride · j + shift], zero if outside. */
export interface Sampling {
  stride: number;
  shift: number;
}

/** Images of a shape [n, h, w, c]; a matrix [n, c] is n images of one pixel. */
const plane = (s: Shape) => s.length === 2 ? { h: 1, w: 1 } : { h: s[1], w: s[2] };
const channels = (s: Shape) => s[s.length - 1];

interface Product {
  x: Tensor;
  w: Tensor;
  y: Tensor;
  /** Elements between weights of neighbouring x channels, and of neighbouring y channels. */
  strides: [number, number];
  sampling: Sampling;
  /** The transposed sampling: pixels of x go to where `sampling` reads, the rest of y is zero. */
  transposed?: boolean;
  relu: boolean;
  /** The result is zero wherever this is not positive. */
  gate?: Tensor;
  add: boolean;
  /** Factor of x in float16, which keeps small values; 1 unless x is a gradient. */
  halfScale: number;
}

/** y (+)= act(x) w. Wide inputs take several dispatches, each adding a slice of channels. */
function product(rec: Recorder, p: Product): void {
  if (channels(p.x.shape) % 4 || channels(p.y.shape) % 4) scalarProduct(rec, p);
  else vectorProduct(rec, p);
}

function scalarProduct(
  rec: Recorder,
  { x, w, y, strides: [wk, wn], sampling: { stride, shift }, transposed, relu, gate, add }: Product,
): void {
  const SIZE = 128;
  const ci = channels(x.shape), co = channels(y.shape);
  const { h: oh, w: ow } = plane(y.shape), { h: ih, w: iw } = plane(x.shape);
  const rows = numel(y.shape) / co;
  const Q = blockSize(Math.ceil(co / 4), 4);
  const map = transposed ? { mul: 1, div: stride, shift: -shift } : { mul: stride, div: 1, shift };
  for (let k0 = 0; k0 < ci; k0 += 128) {
    rec.run(scalar, { x, w, gate: gate ?? x, y }, {
      ...{ rows, oh, ow, ih, iw, ...map, ci, co, wk, wn, relu, gated: gate !== undefined },
      ...{ k0, k: Math.min(128, ci - k0), add: add || k0 > 0, Q, SIZE },
    }, groups(rows, SIZE, Math.ceil(co / (4 * Q))));
  }
}

/** Most channels per dispatch of the straight-line kernel: more compile longer and run no faster. */
const SLICE = 64;

/** Most products of an input and an output vector in a kernel's text: more outgrow an instruction cache. */
const PRODUCTS = 144;

/** Each invocation makes Q vec4 of outputs: of one pixel or of several in a row. */
interface Direct {
  Q: number;
  SIZE: number;
  PIXELS: number;
  TURNS: boolean;
}

/** A work-group makes 16 R pixels × 4 Q vec4 of outputs. */
interface Tiled {
  R: number;
  Q: number;
  HALF: boolean;
}

/**
 * Candidate variants. Software adapters want as many outputs per load as the instruction cache holds, large
 * groups, and several pixels if one is little work; cards want many invocations with sums in registers.
 */
function directVariants(rec: Recorder, K4: number, co: number): Direct[] {
  const variant = (most: number, SIZE: number) => (
    { Q: blockSize(co / 4, most), SIZE, PIXELS: 1, TURNS: false }
  );
  const wide = variant(Math.min(Math.floor(PRODUCTS / K4), 16), 256);
  const small = K4 * wide.Q <= 16;
  const few = { ...wide, ...(small ? { SIZE: 128, PIXELS: 8 } : { TURNS: true }) };
  return rec.traits.fewLanes ? [few, variant(4, 64)] : [variant(4, 64), variant(2, 64), few];
}

/** Candidate tiles, the last one in float16 where the device has it. */
function tiledVariants(rec: Recorder, co: number): Tiled[] {
  const variant = (R: number, most: number, HALF: boolean): Tiled => (
    { R, Q: blockSize(Math.ceil(co / 16), most), HALF }
  );
  const half = rec.traits.float16 ? [variant(4, 4, true)] : [];
  return [variant(4, 4, false), variant(8, 2, false), ...half];
}

function vectorProduct(rec: Recorder, p: Product): void {
  const ci = channels(p.x.shape), co = channels(p.y.shape);
  // One invocation writes the whole T × T block of pixels that a strided gradient goes to.
  const T = p.transposed ? p.sampling.stride : 1;
  const K4 = blockSize(ci / 4, SLICE / 4);
  const direct = directVariants(rec, K4, co), blocks = direct.map(({ Q }) => 4 * Q);
  const key = `pointwise ${4 * K4} to blocks of ${blocks}`;
  if (T > 1) return directProduct(rec, p, K4, T, rec.choose(`${key} of ${T} pixels`, direct));
  const tiles = tiledVariants(rec, co);
  const variant = rec.choose<Direct | Tiled>(
    `${key} or ${tiles.map(({ Q }) => 16 * Q)}`,
    [...direct, ...tiles],
  );
  if ("R" in variant) tiledProduct(rec, p, variant);
  else directProduct(rec, p, K4, T, variant);
}

function directProduct(
  rec: Recorder,
  { x, w, y, strides: [wk, wn], sampling, transposed, relu, gate, add }: Product,
  K4: number,
  T: number,
  { Q, SIZE, PIXELS, TURNS }: Direct,
): void {
  const { stride, shift } = sampling;
  const ci = channels(x.shape), co = channels(y.shape);
  const { h: ih, w: iw } = plane(x.shape), { h: th, w: tw } = plane(y.shape);
  const { h: oh, w: ow } = transposed ? { h: ih, w: iw } : { h: th, w: tw };
  const rows = numel(transposed ? x.shape : y.shape) / (transposed ? ci : co);
  const map = transposed
    ? { mul: 1, shift: -Math.floor(shift / T), place: shift % T }
    : { mul: stride, shift, place: 0 };
  for (let done = 0; done < ci; done += 4 * K4) {
    // The last slice ends at the last channel; channels shared with the previous slice get weight 0.
    const k0 = Math.min(done, ci - 4 * K4);
    const gated = gate !== undefined, adds = add || done > 0;
    const reads = gated || adds || T > 1;
    rec.run(vector, { x, w, gate: gate ?? x, y }, {
      ...{ rows, oh, ow, ih, iw, th, tw, ...map, ci, co, wk, wn, relu, k0, skip: done - k0 },
      ...{ K4, Q, T, SIZE, PIXELS, LOOP: PIXELS > 1 },
      ...{ SAMPLED: map.mul !== 1 || map.shift !== 0, SPREAD: T > 1 },
      ...{ GATED: gated, ADD: adds, TURNS: TURNS || PIXELS > 1 && reads },
    }, groups(rows, SIZE * PIXELS, Math.ceil(co / (4 * Q))));
  }
}

function tiledProduct(
  rec: Recorder,
  { x, w, y, strides: [wk, wn], sampling, transposed, relu, gate, add, halfScale }: Product,
  { R, Q, HALF }: Tiled,
): void {
  const ci = channels(x.shape), co = channels(y.shape);
  const { h: ih, w: iw } = plane(x.shape), { h: oh, w: ow } = plane(y.shape);
  const rows = numel(y.shape) / co;
  const { stride: mul } = sampling, shift = transposed ? -sampling.shift : sampling.shift;
  rec.run(tiled, { x, w, gate: gate ?? x, y }, {
    ...{ rows, oh, ow, ih, iw, mul, shift, ci, co, wk, wn, relu, scale: HALF ? halfScale : 1 },
    ...{ R, Q, HALF, H: HALF ? "vec4<f16>" : "vec4f" },
    ...{ SAMPLED: mul !== 1 || shift !== 0, GATED: gate !== undefined, ADD: add },
  }, groups(rows, 16 * R, Math.ceil(co / (16 * Q))));
}

/** y = act(x) w, or y += it; x [.., ci], w [ci, co], y [.., co]. */
export function productForward(
  rec: Recorder,
  io: { x: Tensor; w: Tensor; y: Tensor; relu: boolean; add: boolean; sampling: Sampling },
): void {
  product(rec, { ...io, strides: [io.w.shape[1], 1], halfScale: 1 });
}

interface ProductGradient {
  x: Tensor;
  w: Tensor;
  dy: Tensor;
  relu: boolean;
  sampling: Sampling;
}

/**
 * Loss scale of gradients in float16, which has nothing below 6e-8 and half its digits below 6e-5. Above 64 a
 * gradient becomes infinite, which ends a run as any infinite loss does.
 */
const LOSS_SCALE = 1024;

/** dx (+)= act′(x) · dy wᵀ. */
export function productDx(
  rec: Recorder,
  { x, w, dy, relu, sampling }: ProductGradient,
  { tensor, accumulate }: Grad,
): void {
  product(rec, {
    ...{ x: dy, w, y: tensor, strides: [1, w.shape[1]], sampling, transposed: true },
    ...{ relu: false, gate: relu ? x : undefined, add: accumulate, halfScale: LOSS_SCALE },
  });
}

/**
 * Candidate tiles: vectors of input and output channels per invocation. Software adapters want many products
 * per load, cards many invocations. A last tile that is half empty costs more than smaller tiles.
 */
function variantsDw(rec: Recorder, ci: number, co: number) {
  const variant = (c: number, q: number, IN_REGISTERS: boolean) => (
    { C: blockSize(ci / 4, c), Q: blockSize(co / 4, q), IN_REGISTERS, SIZE: rec.traits.reduceGroup }
  );
  const few = variant(4, 4, false), many = variant(2, 2, true);
  if (few.C === many.C && few.Q === many.Q) return [rec.traits.fewLanes ? few : many];
  return [rec.traits.fewLanes ? few : many, variant(2, 4, true)];
}

/** dw (+)= act(x)ᵀ dy. */
export function productDw(
  rec: Recorder,
  { x, dy, relu, sampling: { stride, shift } }: ProductGradient,
  dw: Grad,
): void {
  const ci = channels(x.shape), co = channels(dy.shape);
  const { h: oh, w: ow } = plane(dy.shape), { h: ih, w: iw } = plane(x.shape);
  const rows = numel(dy.shape) / co;
  const common = { rows, oh, ow, ih, iw, mul: stride, shift, ci, co, relu };
  if (ci % 4 || co % 4) {
    const tiles = Math.ceil(ci / 4) * Math.ceil(co / 8), SIZE = rec.traits.reduceGroup;
    splitReduce(rec, rows, tiles, ci * co, dw, (sums, span, splits) => {
      rec.run(scalarDw, { x, dy, sums }, { ...common, span, splits, SIZE }, splits * tiles);
    });
    return;
  }
  const all = variantsDw(rec, ci, co), blocks = all.map(({ C, Q }) => `${4 * C}×${4 * Q}`);
  const variant = rec.choose(`pointwise_dw ${sizeClass(ci)} in blocks of ${blocks}`, all);
  const tiles = Math.ceil(ci / 4 / variant.C) * Math.ceil(co / 4 / variant.Q);
  const SAMPLED = stride !== 1 || shift !== 0;
  const count = variant.C * 4 * variant.Q;
  // Does not depend on the tiles: few large ones with long spans keep a device as busy as many small ones.
  const work = Math.ceil(ci * co / 64);
  splitReduce(rec, rows, work, ci * co, dw, (sums, span, splits) => {
    const params = { ...common, span, splits, count, ...variant, SAMPLED };
    rec.run(vectorDw, { x, dy, sums }, params, splits * tiles);
  });
}
