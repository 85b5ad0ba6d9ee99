import batchNormWgsl from "../../kernels/batch_norm.wgsl" with { type: "text" };
import dxWgsl from "../../kernels/batch_norm_dx.wgsl" with { type: "text" };
import fusedWgsl from "../../kernels/batch_norm_fused.wgsl" with { type: "text" };
import fusedDxWgsl from "../../kernels/batch_norm_fused_dx.wgsl" with { type: "text" };
import momentsWgsl from "../../kernels/batch_norm_moments.wgsl" with { type: "text" };
import runningWgsl from "../../kernels/batch_norm_running.wgsl" with { type: "text" };
import sumsWgsl from "../../kernels/batch_norm_sums.wgsl" with { type: "text" };
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
import { kernel, type Params } from "../gpu/kernel.ts";
import { lanes, width, withScratch, withUnused } from "./tiling.ts";

const normalise = kernel("batch_norm", batchNormWgsl);
const dxKernel = kernel("batch_norm_dx", dxWgsl);
const fused = kernel("batch_norm_fused", fusedWgsl);
const fusedDx = kernel("batch_norm_fused_dx", fusedDxWgsl);
const moments = kernel("batch_norm_moments", momentsWgsl);
const fromRunning = kernel("batch_norm_running", runningWgsl);
const sums = kernel("batch_norm_sums", sumsWgsl);

export interface BatchNormOptions {
  /** Added to the variance. */
  epsilon: number;
  /** Of the running statistics: new = decay · old + (1 − decay) · batch. */
  decay: number;
  /** Where mean and variance come from. Running statistics count as constants in the gradient. */
  mode: "batch" | "running";
  /** Update the running statistics from this batch (mode "batch" only). */
  update: boolean;
  /** Running statistics started at 0 and are divided by 1 − decay^updates when read (TensorFlow). */
  debias: boolean;
  /** Apply max(y, 0) to the result. */
  relu: boolean;
}

/** How the kernels cut a tensor. */
interface Form {
  /** One work-group sees all pixels of its channels: one dispatch for everything. */
  fused: boolean;
  /** Invocations per work-group, more or less. */
  size: number;
}

/** For a software adapter, which runs few lanes at a time and whose barriers are changes of context. */
const SMALL = 8;
const LARGE = 256;

/**
 * Fused where its few work-groups fill the device and are soon through: on a card after some pixels per
 * invocation; in software, which pays more for dispatches, while a work-group's pixels stay in a core's cache.
 */
function form(gpu: Gpu, pass: string, pixels: number, c: number): Form {
  const logPixels = Math.ceil(Math.log2(pixels));
  const { fallback } = gpu.adapter;
  const fused = fallback ? c > 1 && logPixels <= 13 : logPixels <= 12;
  const sizes = fallback ? [SMALL, LARGE] : [LARGE, SMALL];
  const forms = sizes.flatMap((size) => [{ fused, size }, { fused: !fused, size }]);
  return gpu.tuning.choose(`${pass} pixels 2^${logPixels} groups ${c}`, forms);
}

/** The grid of a form, and what its kernels must know of it. */
function cut({ fused, size }: Form, pixels: number, c: number) {
  const groups = groupsOf(c, fused), columns = c / groups;
  // A power of two; together with the groups, full vectors.
  const by = size === SMALL
    ? groups === 3 ? SMALL : SMALL / groups
    : 2 ** Math.floor(Math.log2(size / groups));
  // Work-groups that keep a device busy, and pixels that an invocation should have.
  const [wanted, least] = size === SMALL ? [8, 1] : [512, 8];
  const splits = fused ? 1 : Math.max(1, Math.round(wanted / columns));
  const run = by * Math.max(least, Math.ceil(pixels / splits / by));
  const grid: [number, number] = [columns, Math.ceil(pixels / run)];
  return { run, splits: grid[1], grid, tile: { SIZE: `${groups * by}u`, groups } };
}

/** Channel groups of a work-group: a cache line where they divide; several work-groups if each sees all pixels. */
function groupsOf(c: number, fused: boolean): number {
  return [4, 3, 2].find((groups) => c % groups === 0 && !(fused && groups === c)) ?? 1;
}

/** A weight's whole buffer: kernels get the place in it as a uniform. */
const whole = (t: Tensor): Tensor => ({ ...t, offset: 0 });

function forward(gpu: Gpu, io: Forward<BatchNormOptions>): void {
  const { inputs: [x, gamma, beta, running], out: [y], saved: [stats], params } = io;
  const { epsilon, decay, mode, update, debias, relu } = params;
  const channels = gamma.shape[0], pixels = count(x.shape) / channels;
  const common = { pixels, relu, epsilon, decay };
  if (mode === "running") {
    const l = lanes(channels, gamma, beta, running);
    const c = channels / width(l);
    const { run, grid, tile } = cut(
      { fused: false, size: gpu.adapter.fallback ? SMALL : LARGE },
      pixels,
      c,
    );
    const params = { ...common, ...l, ...tile, c, run, debias };
    gpu.run(fromRunning, { x, gamma, beta, running, stats, y }, params, grid);
    return;
  }
  const l = lanes(channels, gamma, beta);
  const c = channels / width(l);
  const chosen = form(gpu, "batch_norm", pixels, c);
  const { run, splits, grid, tile } = cut(chosen, pixels, c);
  const all = { ...common, ...l, ...tile, c, update };
  // The binding must exist even where nothing is updated.
  withUnused(gpu, ["running"], (unused) => {
    const tensors = { x, gamma, beta, running: update ? running : unused.running, stats, y };
    if (chosen.fused) gpu.run(fused, tensors, all, grid);
    else {
      withScratch(gpu, splits * 2 * channels, (part) => {
        gpu.run(moments, { x, part }, { pixels, c, run, V: l.V, ...tile }, grid);
        gpu.run(normalise, { ...tensors, part }, { ...all, run, splits }, grid);
      });
    }
  });
}

function backward(gpu: Gpu, io: Backward<BatchNormOptions>): void {
  const { inputs: [x, gamma], saved: [stats], params, dy: [dy], dx: [dx, ...weights] } = io;
  const { mode, relu } = params;
  const channels = gamma.shape[0], pixels = count(x.shape) / channels;
  const l = lanes(channels);
  const c = channels / width(l);
  const chosen = form(gpu, "batch_norm_dx", pixels, c);
  const { run, splits, grid, tile } = cut(chosen, pixels, c);
  const tensors = { x, dy: dy!, stats };
  const common = { pixels, c, relu, ...l, ...tile };
  const constant = { constant_stats: mode === "running" };
  if (chosen.fused) {
    forTargets(gpu, dx, weights, (to, options) => {
      gpu.run(fusedDx, { ...tensors, ...to }, { ...common, ...constant, ...options }, grid);
    });
    return;
  }
  withScratch(gpu, splits * 2 * channels, (part) => {
    gpu.run(sums, { ...tensors, part }, { ...common, run }, grid);
    forTargets(gpu, dx, weights, (to, options) => {
      const params = { ...common, ...constant, ...options, run, splits };
      gpu.run(dxKernel, { ...tensors, part, ...to }, params, [
        grid[0],
        options.write_dx ? grid[1] : 1,
      ]);
    });
  });
}

/** Where gradients go. Two writable bindings of one buffer are not allowed: weights that share one go through one. */
function forTargets(
  gpu: Gpu,
  dx: Grad | null,
  [gamma, beta]: readonly (Grad | null)[],
  body: (to: Record<"dx" | "grad" | "other", Tensor>, options: Params) => void,
): void {
  const oneBuffer = gamma?.tensor.buffer === beta?.tensor.buffer;
  withUnused(gpu, ["dx", "grad", "other"], (unused) =>
    body({
      dx: dx?.tensor ?? unused.dx,
      grad: gamma ? whole(gamma.tensor) : unused.grad,
      other: beta && !oneBuffer ? whole(beta.tensor) : unused.other,
    }, {
      write_dx: dx !== null,
      add: dx?.accumulate ?? false,
      gamma_to: gamma?.tensor.offset ?? 0,
      write_gamma: gamma !== null,
      add_gamma: gamma?.accumulate ?? false,
      beta_to: beta?.tensor.offset ?? 0,
      write_beta: beta !== null,
      add_beta: beta?.accumulate ?? false,
      one_buffer: oneBuffer,
    }));
}

function reference(
  [x, gamma, beta, running]: readonly Float64Array[],
  [, [c]]: readonly Shape[],
  { epsilon, decay, mode, update, debias, relu }: BatchNormOptions,
): Float64Array[] {
  const m = x.length / c;
  const after = running?.slice();
  const y = new Float64Array(x.length);
  for (let ch = 0; ch < c; ch++) {
    let mean = 0, variance = 0;
    if (mode === "running") {
      const seen = debias ? 1 - decay ** running[2 * c] : 1;
      mean = running[ch] / seen;
      variance = running[c + ch] / seen;
    } else {
      for (let i = ch; i < x.length; i += c) mean += x[i] / m;
      for (let i = ch; i < x.length; i += c) variance += (x[i] - mean) ** 2 / m;
    }
    if (update) {
      after[ch] = decay * running[ch] + (1 - decay) * mean;
      after[c + ch] = decay * running[c + ch] + (1 - decay) * variance * m / Math.max(m - 1, 1);
    }
    for (let i = ch; i < x.length; i += c) {
      const v = (x[i] - mean) / Math.sqrt(variance + epsilon) * gamma[ch] + beta[ch];
      y[i] = relu ? Math.max(v, 0) : v;
    }
  }
  if (update) after[2 * c] += 1;
  return after ? [y, after] : [y];
}

const plain: BatchNormOptions = {
  epsilon: 1e-3,
  decay: 0.9,
  mode: "batch",
  update: false,
  debias: false,
  relu: false,
};
const cases: Case<BatchNormOptions>[] = ([
  [[9, 1], {}],
  [[2, 5, 7, 3], { update: true }],
  [[2, 3, 5, 36], { update: true, debias: true, relu: true }],
  [[70, 8], { relu: true }],
  // Fewer pixels than lanes.
  [[3, 12], {}],
  [[3, 9, 7, 4], { mode: "running", relu: true }],
  [[2, 3, 3, 5], { mode: "running", debias: true }],
  [[1, 29, 31, 4], { update: true }],
  // Runs of several blocks and a rest.
  [[37, 1023], {}],
  [[11, 20], { epsilon: 1e-5, decay: 0.99, update: true }],
] as [number[], Partial<BatchNormOptions>][]).map(([x, options]) => {
  const c = x[x.length - 1];
  const running = options.update || options.mode === "running";
  return {
    shapes: running ? [x, [c], [c], [2 * c + 1]] : [x, [c], [c]],
    params: { ...plain, ...options },
    inputs: ["real", "positive", "real", "positive"],
  };
});

const op = defineOp<BatchNormOptions>({
  name: "batch_norm",
  shapes: ([x, gamma, beta, running], { mode, update }) => {
    const c = x[x.length - 1];
    const used = mode === "running" || update;
    expectShape(
      x.length >= 2 && gamma.length === 1 && gamma[0] === c && beta.length === 1 &&
        beta[0] === c && (running ? count(running) === 2 * c + 1 : !used) &&
        !(mode === "running" && update),
      "batch_norm",
      running ? [x, gamma, beta, running] : [x, gamma, beta],
      `[…,c], [c], [c]${used ? ", [2c+1]" : ""} and no update in mode "running"`,
    );
    return { out: [x], saved: [[4 * c]] };
  },
  forward,
  backward,
  reads: { out: false },
  mutates: [3],
  reference,
  cases,
});

/**
 * Batch normalisation over all axes but the last of x […,c] (Ioffe and Szegedy 2015), by gamma [c] and
 * beta [c]. `running` [2c+1] holds the averaged mean, the averaged unbiased variance and the number of
 * updates; it is needed in mode "running" and for updates.
 */
export const batchNorm = (
  x: Value,
  gamma: Value,
  beta: Value,
  running: Value | null,
  options: BatchNormOptions,
): Value => apply(op, running ? [x, gamma, beta, running] : [x, gamma, beta], options)[0];
