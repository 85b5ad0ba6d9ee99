/** Depthwise convolution and its gradients by sliding-window kernels. */
import bothWgsl from "../../kernels/depthwise_sliding_dx_dw.wgsl" with { type: "text" };
import forwardWgsl from "../../kernels/depthwise_sliding.wgsl" with { type: "text" };
import inputWgsl from "../../kernels/depthwise_sliding_dx.wgsl" with { type: "text" };
import weightWgsl from "../../kernels/depthwise_sliding_dw.wgsl" with { type: "text" };
import { type Grad, numel, type Shape, type Tensor } from "../autodiff/op.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel } from "../gpu/kernel.ts";
import {
  slideInput,
  slideOutput,
  slides,
  type SlidingKernel,
  type Window,
} from "./sliding_window.ts";
import { axis, groups, lanes, width } from "./tiling.ts";

const sliding = kernel("depthwise_sliding", forwardWgsl);
const slidingDx = kernel("depthwise_sliding_dx", inputWgsl);
const slidingDw = kernel("depthwise_sliding_dw", weightWgsl);
const slidingBoth = kernel("depthwise_sliding_dx_dw", bothWgsl);

export interface DepthwiseParams {
  stride: number;
  /** Apply max(x, 0) to the input. */
  relu?: boolean;
  /** Input pixels from one tap to the next; default 1. */
  dilation?: number;
}

function windowOf(x: Shape, w: Shape, { stride, dilation = 1 }: DepthwiseParams): Window {
  const k = w[0], span = (k - 1) * dilation + 1;
  return { y: axis(x[1], span, stride, "same"), x: axis(x[2], span, stride, "same"), k, stride };
}

export function geometry(shape: Shape, w: Shape, params: DepthwiseParams) {
  const { y, x } = windowOf(shape, w, params);
  const [n, ih, iw] = shape;
  return { n, ih, iw, oh: y.out, ow: x.out, pad_y: y.before, pad_x: x.before };
}

/** Whether the sliding-window kernels apply: a usual window without dilation. */
export const slidesOver = (w: Shape, { stride, dilation = 1 }: DepthwiseParams) =>
  dilation === 1 && slides(w[0], stride);

/** Invocations per work-group of the sliding kernels. */
const SIZE = 32;

/**
 * Channel groups per work-group: they share their taps, and lines of the cache. A card reads the channels of
 * a pixel at once; a software adapter shares lines only where that is worth the code of reading taps by channel.
 */
function grouped(rec: Recorder, c: number, sharesLines: boolean): number {
  const [most, rest] = rec.traits.coalesces ? [8, c - 1] : [sharesLines ? 4 : 1, 0];
  let channels = 1;
  while (channels < most && channels < c && c % (2 * channels) <= rest) channels *= 2;
  return channels;
}

/** Work-groups for `strips` strips of each channel group. */
const workGroups = (strips: number, c: number, channels: number) =>
  groups(strips, SIZE / channels, Math.ceil(c / channels));

export function slideForward(
  rec: Recorder,
  x: Tensor,
  w: Tensor,
  y: Tensor,
  params: DepthwiseParams,
): void {
  const { relu = false } = params,
    k = w.shape[0],
    l = lanes(x.shape[3], w),
    c = x.shape[3] / width(l);
  const channels = grouped(rec, c, k === 3), window = windowOf(x.shape, w.shape, params);
  const g = { ...geometry(x.shape, w.shape, params), ...l, relu, c };
  const kernel: SlidingKernel = { name: "depthwise_conv2d", columns: [8, 4] };
  const { constants, sizes, items } = slideOutput(rec, kernel, g.n, window);
  const sized = { ...constants, TAPS: `${k * k}u`, GROUPS: `${channels}u`, SIZE };
  rec.run(sliding, { x, w, y }, { ...g, ...sizes, ...sized }, workGroups(items, c, channels));
}

/**
 * Records the requested gradients by input and weights. One kernel for both reads dy and x once; cards prefer
 * two kernels, since the gradient by the input alone has many invocations.
 */
export function slideBackward(
  rec: Recorder,
  x: Tensor,
  w: Tensor,
  dy: Tensor,
  dx: Grad | null,
  dw: Grad | null,
  params: DepthwiseParams,
): void {
  const variants = rec.traits.fewLanes ? ["together", "apart"] : ["apart", "together"];
  const key = `depthwise_conv2d gradients k${w.shape[0]} s${params.stride}`;
  if (dx && dw && rec.choose(key, variants) === "together") {
    return bothGradients(rec, x, w, dy, dx, dw, params);
  }
  if (dx) inputGradient(rec, x, w, dy, dx, params);
  if (dw) weightGradient(rec, x, w.shape, dy, dw, params);
}

function inputGradient(
  rec: Recorder,
  x: Tensor,
  w: Tensor,
  dy: Tensor,
  { tensor: dx, accumulate: add }: Grad,
  params: DepthwiseParams,
): void {
  const k = w.shape[0], l = lanes(x.shape[3], w), c = x.shape[3] / width(l);
  const channels = grouped(rec, c, false), window = windowOf(x.shape, w.shape, params);
  const g = { ...geometry(x.shape, w.shape, params), ...l, c, add };
  const kernel: SlidingKernel = { name: "depthwise_conv2d_dx", columns: [8, 4] };
  const { constants, sizes, items } = slideInput(rec, kernel, g.n, window);
  const sized = { ...constants, TAPS: `${k * k}u`, GROUPS: `${channels}u`, SIZE };
  const all = { ...g, ...sizes, ...sized, RELU: String(params.relu ?? false) };
  rec.run(slidingDx, { x, w, dy, dx }, all, workGroups(items, c, channels));
}

/** Candidate work-groups per channel group: few leave little to sum, several keep a device busy. */
function splitsOf(rec: Recorder, groups: number): number[] {
  const busy = Math.max(2, Math.ceil(rec.traits.busyInvocations / 4 / SIZE / groups));
  return rec.traits.fewLanes && groups > 3 ? [1, busy, 2 * busy] : [busy, 2 * busy, 1];
}

/**
 * Divides n images into runs whose partial sums are added up later. Each of the `strips` strips of a run is
 * one invocation per channel group.
 */
function runsOf(
  rec: Recorder,
  kernel: string,
  n: number,
  strips: number,
  c: number,
  channels: number,
) {
  const perGroup = SIZE / channels, all = Math.ceil(c / channels);
  const wanted = rec.choose(`${kernel} splits for ${all} groups`, splitsOf(rec, all));
  const images = Math.ceil(n / Math.max(1, Math.floor(wanted * perGroup / strips)));
  const splits = strips * Math.ceil(n / images);
  const work: [number, number, number] = [Math.ceil(splits / perGroup), 1, all];
  return { sizes: { strips, images, splits }, work };
}

function weightGradient(
  rec: Recorder,
  x: Tensor,
  ws: Shape,
  dy: Tensor,
  { tensor: to, accumulate: add }: Grad,
  params: DepthwiseParams,
): void {
  const { relu = false } = params, window = windowOf(x.shape, ws, params);
  const k = ws[0], taps = k * k, l = lanes(x.shape[3], to), c = x.shape[3] / width(l);
  const channels = grouped(rec, c, false);
  // No bands of rows: each would need sums of its own.
  const kernel: SlidingKernel = { name: "depthwise_conv2d_dw", columns: [k === 3 ? 4 : 8, 4] };
  const { constants, sizes: { strips } } = slideOutput(rec, kernel, 1, window);
  const { sizes, work } = runsOf(rec, kernel.name, x.shape[0], strips, c, channels);
  const sized = { ...constants, TAPS: `${taps}u`, GROUPS: `${channels}u`, SIZE: `${SIZE}u` };
  const g = { ...geometry(x.shape, ws, params), ...l, ...sizes, ...sized, relu, c, taps };
  rec.reduceSplits(
    { splits: sizes.splits, n: numel(ws), to, add },
    (partials) => rec.run(slidingDw, { x, dy, partials }, g, work),
  );
}

function bothGradients(
  rec: Recorder,
  x: Tensor,
  w: Tensor,
  dy: Tensor,
  { tensor: dx, accumulate: add }: Grad,
  dw: Grad,
  params: DepthwiseParams,
): void {
  const window = windowOf(x.shape, w.shape, params);
  const k = w.shape[0], taps = k * k;
  const l = lanes(x.shape[3], w, dw.tensor), c = x.shape[3] / width(l);
  const channels = grouped(rec, c, false);
  // A strip as wide as a small image knows in the text what lies outside.
  const narrow = k === 3 && window.x.size > 8;
  const kernel: SlidingKernel = { name: "depthwise_conv2d_dx_dw", columns: [narrow ? 4 : 8, 2] };
  // This kernel keeps no sums from row to row, so it has no such constant.
  const { constants: { ROWS_OPEN: _, ...constants }, sizes: { strips } } = slideInput(
    rec,
    kernel,
    1,
    window,
  );
  const { sizes, work } = runsOf(rec, kernel.name, x.shape[0], strips, c, channels);
  const sized = { ...constants, TAPS: `${taps}u`, GROUPS: `${channels}u`, SIZE: `${SIZE}u` };
  const shaped = { ...l, ...sized, RELU: String(params.relu ?? false) };
  const g = { ...geometry(x.shape, w.shape, params), ...sizes, ...shaped, c, add, taps };
  const job = { splits: sizes.splits, n: numel(w.shape), to: dw.tensor, add: dw.accumulate };
  rec.reduceSplits(job, (partials) => rec.run(slidingBoth, { x, w, dy, dx, partials }, g, work));
}
