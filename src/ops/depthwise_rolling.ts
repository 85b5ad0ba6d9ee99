/** Depthwise convolution and its gradients where the window rolls down the images. */
import bothWgsl from "../../kernels/depthwise_rolling_dx_dw.wgsl" with { type: "text" };
import forwardWgsl from "../../kernels/depthwise_rolling.wgsl" with { type: "text" };
import inputWgsl from "../../kernels/depthwise_rolling_dx.wgsl" with { type: "text" };
import weightWgsl from "../../kernels/depthwise_rolling_dw.wgsl" with { type: "text" };
import { count, type Grad, type Shape, type Tensor } from "../autodiff/op.ts";
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import { rollInput, rollOutput, rolls, type Window } from "./rolling.ts";
import { axis, groups, lanes, wantedInvocations, width } from "./tiling.ts";

const rolling = kernel("depthwise_rolling", forwardWgsl);
const rollingDx = kernel("depthwise_rolling_dx", inputWgsl);
const rollingDw = kernel("depthwise_rolling_dw", weightWgsl);
const rollingBoth = kernel("depthwise_rolling_dx_dw", bothWgsl);

export interface DepthwiseOptions {
  stride: number;
  /** Apply max(x, 0) to the input first. */
  relu: boolean;
  /** Input pixels from one tap to the next; default 1. */
  dilation?: number;
}

function windowOf(x: Shape, w: Shape, { stride, dilation = 1 }: DepthwiseOptions): Window {
  const k = w[0], span = (k - 1) * dilation + 1;
  return { y: axis(x[1], span, stride, "same"), x: axis(x[2], span, stride, "same"), k, stride };
}

export function geometry(shape: Shape, w: Shape, params: DepthwiseOptions) {
  const { y, x } = windowOf(shape, w, params);
  const [n, ih, iw] = shape;
  return { n, ih, iw, oh: y.out, ow: x.out, pad_y: y.before, pad_x: x.before };
}

/** Windows that roll, without gaps between their taps. */
export const rollsOver = (w: Shape, { stride, dilation = 1 }: DepthwiseOptions) =>
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

export function rollForward(
  gpu: Gpu,
  x: Tensor,
  w: Tensor,
  y: Tensor,
  params: DepthwiseOptions,
): void {
  const { relu } = params, k = w.shape[0], l = lanes(x.shape[3], w), c = x.shape[3] / width(l);
  const channels = grouped(gpu, c, k === 3), window = windowOf(x.shape, w.shape, params);
  const g = { ...geometry(x.shape, w.shape, params), ...l, relu, c };
  const form = { kernel: "depthwise_conv2d" };
  const { constants, sizes, items } = rollOutput(gpu, form, g.n, window);
  const sized = { ...constants, TAPS: `${k * k}u`, GROUPS: `${channels}u`, SIZE };
  gpu.run(rolling, { x, w, y }, { ...g, ...sizes, ...sized }, workGroups(items, c, channels));
}

/**
 * Gradients by whichever of input and weights is wanted. Both together take one kernel that reads dy and x
 * once; a card rather has the many invocations that the gradient by the input takes alone.
 */
export function rollBackward(
  gpu: Gpu,
  x: Tensor,
  w: Tensor,
  dy: Tensor,
  dx: Grad | null,
  dw: Grad | null,
  params: DepthwiseOptions,
): void {
  const forms = gpu.adapter.fallback ? ["together", "apart"] : ["apart", "together"];
  const key = `depthwise_conv2d gradients k${w.shape[0]} s${params.stride}`;
  if (dx && dw && gpu.tuning.choose(key, forms) === "together") {
    return bothGradients(gpu, x, w, dy, dx, dw, params);
  }
  if (dx) inputGradient(gpu, x, w, dy, dx, params);
  if (dw) weightGradient(gpu, x, w.shape, dy, dw, params);
}

function inputGradient(
  gpu: Gpu,
  x: Tensor,
  w: Tensor,
  dy: Tensor,
  { tensor: dx, accumulate: add }: Grad,
  params: DepthwiseOptions,
): void {
  const k = w.shape[0], l = lanes(x.shape[3], w), c = x.shape[3] / width(l);
  const channels = grouped(gpu, c, false), window = windowOf(x.shape, w.shape, params);
  const g = { ...geometry(x.shape, w.shape, params), ...l, c, add };
  const form = { kernel: "depthwise_conv2d_dx" };
  const { constants, sizes, items } = rollInput(gpu, form, g.n, window);
  const sized = { ...constants, TAPS: `${k * k}u`, GROUPS: `${channels}u`, SIZE };
  const all = { ...g, ...sizes, ...sized, RELU: String(params.relu) };
  gpu.run(rollingDx, { x, w, dy, dx }, all, workGroups(items, c, channels));
}

/** Work-groups per channel group to choose from: few leave little to sum, several keep a device busy. */
function splitsOf(gpu: Gpu, groups: number): number[] {
  const busy = Math.max(2, Math.ceil(wantedInvocations(gpu) / 4 / SIZE / groups));
  return gpu.adapter.fallback && groups > 3 ? [1, busy, 2 * busy] : [busy, 2 * busy, 1];
}

/**
 * How n images are cut into runs whose partial sums are added up later, for `strips` of each image, each of
 * them an invocation per channel group.
 */
function runsOf(gpu: Gpu, kernel: string, n: number, strips: number, c: number, channels: number) {
  const perGroup = SIZE / channels, all = Math.ceil(c / channels);
  const wanted = gpu.tuning.choose(`${kernel} splits for ${all} groups`, splitsOf(gpu, all));
  const images = Math.ceil(n / Math.max(1, Math.floor(wanted * perGroup / strips)));
  const splits = strips * Math.ceil(n / images);
  const work: [number, number, number] = [Math.ceil(splits / perGroup), 1, all];
  return { sizes: { strips, images, splits }, work };
}

function weightGradient(
  gpu: Gpu,
  x: Tensor,
  ws: Shape,
  dy: Tensor,
  { tensor: to, accumulate: add }: Grad,
  params: DepthwiseOptions,
): void {
  const { relu } = params, window = windowOf(x.shape, ws, params);
  const k = ws[0], taps = k * k, l = lanes(x.shape[3], to), c = x.shape[3] / width(l);
  const channels = grouped(gpu, c, false);
  // Rows are not cut: a band would cost its own sums.
  const form = { kernel: "depthwise_conv2d_dw", narrow: k === 3 };
  const { constants, sizes: { strips } } = rollOutput(gpu, form, 1, window);
  const { sizes, work } = runsOf(gpu, form.kernel, x.shape[0], strips, c, channels);
  const sized = { ...constants, TAPS: `${taps}u`, GROUPS: `${channels}u`, SIZE: `${SIZE}u` };
  const g = { ...geometry(x.shape, ws, params), ...l, ...sizes, ...sized, relu, c, taps };
  gpu.sumSplits(
    { splits: sizes.splits, n: count(ws), to, add },
    (part) => gpu.run(rollingDw, { x, dy, part }, g, work),
  );
}

function bothGradients(
  gpu: Gpu,
  x: Tensor,
  w: Tensor,
  dy: Tensor,
  { tensor: dx, accumulate: add }: Grad,
  dw: Grad,
  params: DepthwiseOptions,
): void {
  const window = windowOf(x.shape, w.shape, params);
  const k = w.shape[0], taps = k * k;
  const l = lanes(x.shape[3], w, dw.tensor), c = x.shape[3] / width(l);
  const channels = grouped(gpu, c, false);
  const form = { kernel: "depthwise_conv2d_dx_dw", narrow: k === 3 };
  // Sums are not open over rows here: the kernel has no such constant.
  const { constants: { OPEN: _, ...constants }, sizes: { strips } } = rollInput(
    gpu,
    form,
    1,
    window,
  );
  const { sizes, work } = runsOf(gpu, form.kernel, x.shape[0], strips, c, channels);
  const sized = { ...constants, TAPS: `${taps}u`, GROUPS: `${channels}u`, SIZE: `${SIZE}u` };
  const shaped = { ...l, ...sized, RELU: String(params.relu) };
  const g = { ...geometry(x.shape, w.shape, params), ...sizes, ...shaped, c, add, taps };
  const job = { splits: sizes.splits, n: count(w.shape), to: dw.tensor, add: dw.accumulate };
  gpu.sumSplits(job, (part) => gpu.run(rollingBoth, { x, w, dy, dx, part }, g, work));
}
