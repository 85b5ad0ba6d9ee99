import depthwiseWgsl from "../../kernels/depthwise.wgsl" with { type: "text" };
import depthwiseDwWgsl from "../../kernels/depthwise_dw.wgsl" with { type: "text" };
import depthwiseRollingWgsl from "../../kernels/depthwise_rolling.wgsl" with { type: "text" };
import depthwiseRollingDxWgsl from "../../kernels/depthwise_rolling_dx.wgsl" with { type: "text" };
import depthwiseRollingDwWgsl from "../../kernels/depthwise_rolling_dw.wgsl" with { type: "text" };
import depthwiseDxWgsl from "../../kernels/depthwise_dx.wgsl" with { type: "text" };
import {
  type Backward,
  type Case,
  count,
  defineOp,
  expectShape,
  type Forward,
  type Grad,
  type Shape,
  type Tensor,
} from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import { rollInput, rollOutput, rolls } from "./rolling.ts";
import { axis, groups, lanes, wantedInvocations, width } from "./tiling.ts";

const plain = kernel("depthwise", depthwiseWgsl);
const plainDx = kernel("depthwise_dx", depthwiseDxWgsl);
const plainDw = kernel("depthwise_dw", depthwiseDwWgsl);
const rolling = kernel("depthwise_rolling", depthwiseRollingWgsl);
const rollingDx = kernel("depthwise_rolling_dx", depthwiseRollingDxWgsl);
const rollingDw = kernel("depthwise_rolling_dw", depthwiseRollingDwWgsl);

export interface DepthwiseOptions {
  stride: number;
  /** Apply max(x, 0) to the input first. */
  relu: boolean;
  /** Input pixels from one tap to the next; default 1. */
  dilation?: number;
}

function windowOf(x: Shape, w: Shape, { stride, dilation = 1 }: DepthwiseOptions) {
  const k = w[0], span = (k - 1) * dilation + 1;
  return { y: axis(x[1], span, stride, "same"), x: axis(x[2], span, stride, "same"), k, stride };
}

function geometry(shape: Shape, w: Shape, params: DepthwiseOptions) {
  const { y, x } = windowOf(shape, w, params);
  const [n, ih, iw] = shape;
  return { n, ih, iw, oh: y.out, ow: x.out, pad_y: y.before, pad_x: x.before };
}

/** Windows that roll, without gaps between their taps. */
const rollsOver = (w: Shape, { stride, dilation = 1 }: DepthwiseOptions) =>
  dilation === 1 && rolls(w[0], stride);

/** Invocations per work-group of the rolling kernels. */
const SIZE = 32;

/**
 * Channel groups per work-group: they share their taps, and lines of the cache. A card reads the channels of
 * a pixel at once; a software adapter shares lines only where that is worth the code of reading taps by channel.
 */
function grouped(gpu: Gpu, c: number, sharesLines: boolean): number {
  const [most, rest] = gpu.adapter.fallback ? [sharesLines ? 4 : 1, 0] : [8, c - 1];
  let channels = 1;
  while (channels < most && channels < c && c % (2 * channels) <= rest) channels *= 2;
  return channels;
}

/** Work-groups for so many strips of each channel group. */
const workGroups = (strips: number, c: number, channels: number) =>
  groups(strips, SIZE / channels, Math.ceil(c / channels));

function forward(gpu: Gpu, { inputs: [x, w], out: [y], params }: Forward<DepthwiseOptions>) {
  const { stride, relu, dilation = 1 } = params;
  const k = w.shape[0];
  const l = lanes(x.shape[3], w);
  const c = x.shape[3] / width(l);
  const g = { ...geometry(x.shape, w.shape, params), ...l, relu, c };
  if (rollsOver(w.shape, params)) {
    const channels = grouped(gpu, c, k === 3), window = windowOf(x.shape, w.shape, params);
    const form = { kernel: "depthwise_conv2d" };
    const { constants, sizes, items } = rollOutput(gpu, form, g.n, window);
    const sized = { ...constants, TAPS: `${k * k}u`, GROUPS: `${channels}u`, SIZE };
    return gpu.run(
      rolling,
      { x, w, y },
      { ...g, ...sizes, ...sized },
      workGroups(items, c, channels),
    );
  }
  gpu.run(plain, { x, w, y }, { ...g, stride, dilation, k }, count(y.shape) / width(l));
}

function backward(gpu: Gpu, io: Backward<DepthwiseOptions>): void {
  const { inputs: [x, w], dy: [dy], dx: [dx, dw], params } = io;
  if (dx) inputGradient(gpu, x, w, dy!, dx, params);
  if (dw) weightGradient(gpu, x, w.shape, dy!, dw, params);
}

function inputGradient(
  gpu: Gpu,
  x: Tensor,
  w: Tensor,
  dy: Tensor,
  { tensor: dx, accumulate: add }: Grad,
  params: DepthwiseOptions,
): void {
  const { stride, relu, dilation = 1 } = params;
  const k = w.shape[0];
  const l = lanes(x.shape[3], w);
  const c = x.shape[3] / width(l);
  const g = { ...geometry(x.shape, w.shape, params), ...l, c, add };
  if (rollsOver(w.shape, params)) {
    const channels = grouped(gpu, c, false), window = windowOf(x.shape, w.shape, params);
    const form = { kernel: "depthwise_conv2d_dx" };
    const { constants, sizes, items } = rollInput(gpu, form, g.n, window);
    const sized = { ...constants, TAPS: `${k * k}u`, GROUPS: `${channels}u`, SIZE };
    const all = { ...g, ...sizes, ...sized, RELU: String(relu) };
    return gpu.run(rollingDx, { x, w, dy, dx }, all, workGroups(items, c, channels));
  }
  gpu.run(
    plainDx,
    { x, w, dy, dx },
    { ...g, stride, dilation, relu, k },
    count(x.shape) / width(l),
  );
}

function weightGradient(
  gpu: Gpu,
  x: Tensor,
  ws: Shape,
  dy: Tensor,
  dw: Grad,
  params: DepthwiseOptions,
): void {
  if (rollsOver(ws, params)) return rollWeightGradient(gpu, x, ws, dy, dw, params);
  const { stride, relu, dilation = 1 } = params;
  const [k, , channels] = ws;
  const n = count(ws);
  const l = lanes(channels), { V } = l;
  const c = channels / width(l);
  const g = geometry(x.shape, ws, params);
  const perSplit = k * k * c;
  const rows = Math.ceil(g.n * g.oh / Math.ceil(wantedInvocations(gpu) / perSplit));
  const splits = Math.ceil(g.n * g.oh / rows);
  gpu.sumSplits({ splits, n, to: dw.tensor, add: dw.accumulate }, (part) =>
    gpu.run(
      plainDw,
      { x, dy, part },
      {
        ...g,
        V,
        stride,
        dilation,
        relu,
        k,
        c,
        rows,
        splits,
        part_at: part.offset / width(l),
      },
      splits * perSplit,
    ));
}

/** Work-groups per channel group to choose from: few leave little to sum, several keep a device busy. */
function splitsOf(gpu: Gpu, groups: number): number[] {
  const busy = Math.max(2, Math.ceil(wantedInvocations(gpu) / 4 / SIZE / groups));
  return gpu.adapter.fallback && groups > 3 ? [1, busy, 2 * busy] : [busy, 2 * busy, 1];
}

function rollWeightGradient(
  gpu: Gpu,
  x: Tensor,
  ws: Shape,
  dy: Tensor,
  { tensor, accumulate }: Grad,
  params: DepthwiseOptions,
): void {
  const { relu } = params, window = windowOf(x.shape, ws, params);
  const k = ws[0], l = lanes(x.shape[3], tensor), c = x.shape[3] / width(l);
  const channels = grouped(gpu, c, false);
  const g = { ...geometry(x.shape, ws, params), ...l, relu, c };
  // Rows are not cut: a band would cost its own sums.
  const form = { kernel: "depthwise_conv2d_dw", narrow: k === 3 };
  const { constants, sizes: { strips } } = rollOutput(gpu, form, 1, window);
  const perGroup = SIZE / channels, all = Math.ceil(c / channels);
  const wanted = gpu.tuning.choose(
    `depthwise_conv2d_dw splits for ${all} groups`,
    splitsOf(gpu, all),
  );
  const runs = Math.max(1, Math.floor(wanted * perGroup / strips));
  const images = Math.ceil(g.n / runs);
  const splits = strips * Math.ceil(g.n / images);
  const sized = { ...constants, TAPS: `${k * k}u`, GROUPS: `${channels}u`, SIZE: `${SIZE}u` };
  const sizes = { ...g, strips, images, taps: k * k, splits };
  gpu.sumSplits({ splits, n: count(ws), to: tensor, add: accumulate }, (part) =>
    gpu.run(
      rollingDw,
      { x, dy, part },
      { ...sizes, ...sized },
      [Math.ceil(splits / perGroup), 1, all],
    ));
}

function reference(
  [x, w]: readonly Float64Array[],
  [xs, ws]: readonly Shape[],
  params: DepthwiseOptions,
): Float64Array[] {
  const { stride, relu, dilation = 1 } = params;
  const [k, , c] = ws;
  const { n, ih, iw, oh, ow, pad_y, pad_x } = geometry(xs, ws, params);
  const y = new Float64Array(n * oh * ow * c);
  y.forEach((_, i) => {
    const ch = i % c, ox = Math.floor(i / c) % ow;
    const oy = Math.floor(i / c / ow) % oh, image = Math.floor(i / c / ow / oh);
    for (let kh = 0; kh < k; kh++) {
      for (let kw = 0; kw < k; kw++) {
        const iy = oy * stride + kh * dilation - pad_y;
        const ix = ox * stride + kw * dilation - pad_x;
        if (iy < 0 || iy >= ih || ix < 0 || ix >= iw) continue;
        const v = x[((image * ih + iy) * iw + ix) * c + ch];
        y[i] += w[(kh * k + kw) * c + ch] * (relu ? Math.max(v, 0) : v);
      }
    }
  });
  return [y];
}

const cases: Case<DepthwiseOptions>[] = ([
  [[2, 5, 7, 1], 3, 1, false],
  [[1, 7, 5, 3], 5, 2, true],
  [[2, 9, 6, 36], 3, 1, true],
  [[1, 11, 9, 36], 5, 1, false],
  [[2, 8, 8, 8], 3, 2, true],
  [[1, 6, 9, 4], 5, 1, true],
  [[1, 7, 7, 4], 2, 3, false],
  [[1, 6, 5, 8], 4, 1, true],
  [[1, 4, 3, 4], 7, 1, false],
  [[3, 14, 3, 3], 3, 1, true],
  // Weight gradients of several rows, of several images in one run.
  [[1, 5, 4, 77], 3, 2, false],
  [[5, 2, 3, 257], 3, 1, true],
  [[70, 4, 3, 16], 3, 2, true],
  // Dilated: even and odd sizes, windows larger than the image.
  [[2, 7, 8, 4], 3, 1, true, 2],
  [[1, 9, 8, 3], 5, 1, false, 2],
  [[2, 8, 7, 8], 3, 2, true, 2],
  [[1, 9, 11, 5], 5, 2, false, 2],
  [[1, 10, 5, 4], 3, 1, false, 3],
] as [number[], number, number, boolean, number?][]).map(([x, k, stride, relu, dilation]) => ({
  shapes: [x, [k, k, x[3], 1]],
  params: dilation === undefined ? { stride, relu } : { stride, relu, dilation },
}));

const op = defineOp<DepthwiseOptions>({
  name: "depthwise_conv2d",
  shapes: ([x, w], params) => {
    expectShape(
      x.length === 4 && w.length === 4 && w[0] === w[1] && w[2] === x[3] && w[3] === 1,
      "depthwise_conv2d",
      [x, w],
      "[n,h,w,c] and [k,k,c,1]",
    );
    const { n, oh, ow } = geometry(x, w, params);
    return { out: [[n, oh, ow, x[3]]] };
  },
  forward,
  backward,
  reads: { out: false },
  macs: ([x, w], params) => {
    const { n, oh, ow } = geometry(x, w, params);
    return n * oh * ow * count(w);
  },
  reference,
  cases,
});

/** Depthwise convolution of x [n,h,w,c] with w [k,k,c,1], SAME padding (TensorFlow's rule). */
export const depthwiseConv2d = (x: Value, w: Value, options: DepthwiseOptions): Value =>
  apply(op, [x, w], options)[0];
