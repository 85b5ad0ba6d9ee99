/**
 * The dispatches of batch norm, forward and backward; alone and with an addition. Variants:
 * 1. One dispatch: a work-group sees all pixels of its channels. Tensors that fit a cache, or many channels.
 * 2. Two: `batch_norm_moments` or `batch_norm_sums` per run of pixels first. Large tensors of few channels.
 * 3. `batch_norm_running`: by running statistics.
 */
import batchNormWgsl from "../../kernels/batch_norm.wgsl" with { type: "text" };
import dxWgsl from "../../kernels/batch_norm_dx.wgsl" with { type: "text" };
import momentsWgsl from "../../kernels/batch_norm_moments.wgsl" with { type: "text" };
import runningWgsl from "../../kernels/batch_norm_running.wgsl" with { type: "text" };
import sumsWgsl from "../../kernels/batch_norm_sums.wgsl" with { type: "text" };
import { type Backward, type Forward, type Grad, numel, type Tensor } from "../autodiff/op.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel, type Params } from "../gpu/kernel.ts";
import { withWeightGradients } from "./norm_weights.ts";
import { lanes, sizeClass, width, withScratch, withUnused } from "./tiling.ts";

const normalise = kernel("batch_norm", batchNormWgsl);
const dxKernel = kernel("batch_norm_dx", dxWgsl);
const moments = kernel("batch_norm_moments", momentsWgsl);
const fromRunning = kernel("batch_norm_running", runningWgsl);
const sums = kernel("batch_norm_sums", sumsWgsl);

export interface BatchNormParams {
  /** Added to the variance. */
  epsilon: number;
  /** Decay of the running statistics: new = decay · old + (1 − decay) · batch. */
  decay: number;
  /** Source of mean and variance. Running statistics count as constants in the gradient. */
  mode: "batch" | "running";
  /** Update the running statistics from this batch (mode "batch" only). */
  update: boolean;
  /** Running statistics started at 0 and are divided by 1 − decay^updates when read (TensorFlow). */
  debias: boolean;
  /** Apply max(y, 0) to the result. */
  relu?: boolean;
}

/** How the kernels cut a tensor. */
interface Variant {
  /** One work-group sees all pixels of its channels: one dispatch for everything. */
  fused: boolean;
  /** Invocations per work-group, more or less. */
  size: number;
}

/** Work-group size for a software adapter: it runs few lanes at once, and barriers switch contexts. */
const SMALL = 8;
const LARGE = 256;

/**
 * Chooses a variant. The fused one wins if its few work-groups fill the device and finish soon: on a card
 * with few pixels per invocation; in software, where dispatches cost more, if the tensor fits a core's cache
 * of 1 MiB or its channels alone make enough work-groups.
 */
function variant(rec: Recorder, pass: string, pixels: number, c: number): Variant {
  const logSize = Math.ceil(Math.log2(pixels * c)), logGroups = Math.ceil(Math.log2(c));
  const fused = rec.traits.fewLanes
    ? c > 1 && (logSize <= 16 || logGroups >= 5)
    : logSize - logGroups <= 12;
  const variants = normSizes(rec).flatMap((size) => [{ fused, size }, { fused: !fused, size }]);
  return rec.choose(`${pass} size ${sizeClass(pixels * c)} groups ${sizeClass(c)}`, variants);
}

/** Invocations per work-group that a norm may have, the adapter's likely best first. */
export const normSizes = (rec: Recorder): number[] =>
  rec.traits.fewLanes ? [SMALL, LARGE] : [LARGE, SMALL];

/** The grid of a variant, and the parameters that its kernels need for it. */
export function cut(variant: Variant, pixels: number, c: number) {
  const { fused, size } = variant;
  const groups = groupsOf(c, variant), columns = Math.ceil(c / groups);
  // A power of two; together with the groups, full vectors.
  const by = 2 ** Math.floor(Math.log2(size / groups));
  // Work-groups that keep a device busy, and least pixels per invocation.
  const [wanted, least] = size === SMALL ? [8, 1] : [512, 8];
  const splits = fused ? 1 : Math.max(1, Math.round(wanted / columns));
  const run = by * Math.max(least, Math.ceil(pixels / splits / by));
  const grid: [number, number] = [columns, Math.ceil(pixels / run)];
  return { run, splits: grid[1], grid, tile: { SIZE: `${groups * by}u`, groups } };
}

/**
 * Channel groups per work-group: a cache line if that divides them, but more than one work-group if each sees
 * all pixels. In software all work-groups have one size, since a pipeline takes a second to compile: of an
 * odd number of groups each work-group takes two, and the last one has one.
 */
function groupsOf(c: number, { fused, size }: Variant): number {
  const wanted = size === SMALL ? [4, 2] : [4, 3, 2];
  const divides = wanted.find((groups) => c % groups === 0 && !(fused && groups === c));
  return divides ?? (size === SMALL && c > 2 ? 2 : 1);
}

/** y = norm of x, plus `addend` where there is one. */
export function forward(rec: Recorder, io: Forward<BatchNormParams>, addend?: Tensor): void {
  const { inputs: [x, gamma, beta, running], out: [y], saved: [stats], params } = io;
  const { epsilon, decay, mode, update, debias, relu = false } = params;
  const channels = gamma.shape[0], pixels = numel(x.shape) / channels;
  const common = { pixels, relu, epsilon, decay, add: addend !== undefined };
  if (mode === "running") {
    const l = lanes(channels, gamma, beta, running);
    const c = channels / width(l);
    const { run, grid, tile } = cut({ fused: false, size: normSizes(rec)[0] }, pixels, c);
    const params = { ...common, ...l, ...tile, c, run, debias };
    withUnused(rec, ["plus"], (unused) => {
      const plus = addend ?? unused.plus;
      rec.run(fromRunning, { x, gamma, beta, running, plus, stats, y }, params, grid);
    });
    return;
  }
  const l = lanes(channels, gamma, beta);
  const c = channels / width(l);
  const chosen = variant(rec, "batch_norm", pixels, c);
  const { run, splits, grid, tile } = cut(chosen, pixels, c);
  const all = { ...common, ...l, ...tile, c, run, update };
  // The bindings must exist even where nothing is updated or added.
  withUnused(rec, ["running", "partials", "plus"], (unused) => {
    const tensors = { ...unused, x, gamma, beta, stats, y };
    if (update) tensors.running = running;
    if (addend) tensors.plus = addend;
    if (chosen.fused) rec.run(normalise, tensors, { ...all, splits: 0 }, grid);
    else {
      withScratch(rec, splits * 2 * channels, (partials) => {
        rec.run(moments, { x, partials }, { pixels, c, run, V: l.V, ...tile }, grid);
        rec.run(normalise, { ...tensors, partials }, { ...all, splits }, grid);
      });
    }
  });
}

/** Gradients of a norm's input and weights; that of an addend is dy itself. */
export function backward(rec: Recorder, io: Backward<BatchNormParams>): void {
  const { inputs: [x, gamma], saved: [stats], params, dy: [dy], dx: [dx, ...weights] } = io;
  const { mode, relu = false } = params;
  const channels = gamma.shape[0], pixels = numel(x.shape) / channels;
  const l = lanes(channels);
  const c = channels / width(l);
  const chosen = variant(rec, "batch_norm_dx", pixels, c);
  const { run, splits, grid, tile } = cut(chosen, pixels, c);
  const tensors = { x, dy: dy!, stats };
  const common = { pixels, c, relu, run, ...l, ...tile };
  const constant = { constant_stats: mode === "running" };
  const gradients = (partials: Tensor, splits: number) =>
    forTargets(rec, dx, weights, (to, options) => {
      rec.run(
        dxKernel,
        { ...tensors, partials, ...to },
        { ...common, ...constant, ...options, splits },
        [grid[0], options.write_dx ? grid[1] : 1],
      );
    });
  if (chosen.fused) withUnused(rec, ["partials"], ({ partials }) => gradients(partials, 0));
  else {
    withScratch(rec, splits * 2 * channels, (partials) => {
      rec.run(sums, { ...tensors, partials }, common, grid);
      gradients(partials, splits);
    });
  }
}

/** Binds the destinations of gradients. */
function forTargets(
  rec: Recorder,
  dx: Grad | null,
  weights: readonly (Grad | null)[],
  body: (to: Record<"dx" | "grad" | "other", Tensor>, options: Params) => void,
): void {
  withUnused(rec, ["dx"], (unused) =>
    withWeightGradients(rec, weights, (to, options) =>
      body(
        { ...to, dx: dx?.tensor ?? unused.dx },
        { ...options, write_dx: dx !== null, add: dx?.accumulate ?? false },
      )));
}
