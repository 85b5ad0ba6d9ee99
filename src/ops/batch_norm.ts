import batchNormWgsl from "../../kernels/batch_norm.wgsl" with { type: "text" };
import dwWgsl from "../../kernels/batch_norm_dw.wgsl" with { type: "text" };
import dxWgsl from "../../kernels/batch_norm_dx.wgsl" with { type: "text" };
import momentsWgsl from "../../kernels/batch_norm_moments.wgsl" with { type: "text" };
import runningWgsl from "../../kernels/batch_norm_running.wgsl" with { type: "text" };
import statisticsWgsl from "../../kernels/batch_norm_statistics.wgsl" with { type: "text" };
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
import { kernel } from "../gpu/kernel.ts";
import { lanes, wantedInvocations, width, withScratch } from "./tiling.ts";

const normalise = kernel("batch_norm", batchNormWgsl);
const dwKernel = kernel("batch_norm_dw", dwWgsl);
const dxKernel = kernel("batch_norm_dx", dxWgsl);
const moments = kernel("batch_norm_moments", momentsWgsl);
const fromRunning = kernel("batch_norm_running", runningWgsl);
const statistics = kernel("batch_norm_statistics", statisticsWgsl);
const sumsKernel = kernel("batch_norm_sums", sumsWgsl);

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

/** Pixels per run of a split reduction, a multiple of 8, and how many runs there are. */
function split(gpu: Gpu, pixels: number, groups: number) {
  const wanted = Math.min(512, Math.ceil(wantedInvocations(gpu) / groups));
  const run = Math.ceil(pixels / wanted / 8) * 8;
  return { run, splits: Math.ceil(pixels / run) };
}

/** A weight's whole buffer: kernels get the place in it as a uniform. */
const whole = (t: Tensor): Tensor => ({ ...t, offset: 0 });

function forward(gpu: Gpu, io: Forward<BatchNormOptions>): void {
  const { inputs: [x, gamma, beta, running], out: [y], saved: [stats], params } = io;
  const { epsilon, decay, mode, update, debias, relu } = params;
  const channels = gamma.shape[0], pixels = count(x.shape) / channels;
  if (mode === "running") {
    gpu.run(fromRunning, { running, stats }, { c: channels, epsilon, decay, debias }, channels);
  } else {
    const { V } = lanes(channels);
    const c = channels / width(lanes(channels));
    const { run, splits } = split(gpu, pixels, c);
    withScratch(gpu, splits * 2 * channels, (part) => {
      gpu.run(moments, { x, part }, { pixels, c, run, V }, splits * c);
      // The binding must exist even where nothing is updated.
      withScratch(gpu, 1, (unused) =>
        gpu.run(
          statistics,
          { part, stats, running: update ? running : unused },
          { pixels, c: channels, run, splits, epsilon, decay, update },
          [Math.ceil(channels / 8)],
        ));
    });
  }
  const l = lanes(channels, gamma, beta);
  const c = channels / width(l);
  gpu.run(
    normalise,
    { x, stats, gamma, beta, y },
    { pixels, c, relu, ...l },
    Math.ceil(pixels / 16) * c,
  );
}

function backward(gpu: Gpu, io: Backward<BatchNormOptions>): void {
  const { inputs: [x, gamma, beta], saved: [stats], params, dy: [dy], dx: [dx, ...weights] } = io;
  const { mode, relu } = params;
  const channels = gamma.shape[0], pixels = count(x.shape) / channels;
  const l = lanes(channels, gamma, beta);
  const c = channels / width(l);
  const { run, splits } = split(gpu, pixels, c);
  const common = { pixels, c, relu, ...l };
  withScratch(gpu, 2 * channels, (sums) => {
    withScratch(gpu, splits * 2 * channels, (part) => {
      gpu.run(
        sumsKernel,
        { x, dy: dy!, stats, gamma, beta, part },
        { ...common, run },
        splits * c,
      );
      weightGradients(gpu, part, sums, splits, weights);
    });
    if (!dx) return;
    gpu.run(dxKernel, { x, dy: dy!, stats, sums, gamma, beta, dx: dx.tensor }, {
      ...common,
      constant_stats: mode === "running",
      add: dx.accumulate,
    }, Math.ceil(pixels / 8) * c);
  });
}

/**
 * Two writable bindings of one buffer are not allowed, and weights may share one: then one dispatch writes
 * both gradients through one binding, else one dispatch each.
 */
function weightGradients(
  gpu: Gpu,
  part: Tensor,
  sums: Tensor,
  splits: number,
  [gamma, beta]: readonly (Grad | null)[],
): void {
  const c = sums.shape[0] / 2;
  const add = (grad: Tensor, gamma: Grad | null, beta: Grad | null) =>
    gpu.run(dwKernel, { part, sums, grad: whole(grad) }, {
      c,
      splits,
      gamma_to: gamma?.tensor.offset ?? 0,
      write_gamma: gamma !== null,
      add_gamma: gamma?.accumulate ?? false,
      beta_to: beta?.tensor.offset ?? 0,
      write_beta: beta !== null,
      add_beta: beta?.accumulate ?? false,
    }, [Math.ceil(c / 8)]);
  if (!gamma && !beta) {
    withScratch(gpu, 1, (unused) => add(unused, null, null));
  } else if (!gamma || !beta || gamma.tensor.buffer === beta.tensor.buffer) {
    add((gamma ?? beta)!.tensor, gamma, beta);
  } else {
    add(gamma.tensor, gamma, null);
    add(beta.tensor, null, beta);
  }
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
    return { out: [x], saved: [[2 * c]] };
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
