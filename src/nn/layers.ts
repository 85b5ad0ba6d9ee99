/** Layers as functions of ops. Each takes a `Net`, which finds the weights of the scope it is called in. */
import type { Shape, Tape, Value } from "../autodiff/mod.ts";
import {
  avgPool2d,
  batchNorm,
  concat,
  conv2d,
  dropout,
  globalAvgPool,
  matmul,
  maxPool2d,
  pointwise,
  relu,
  separableConv2d,
} from "../ops/mod.ts";
import { Stream } from "../common/random.ts";
import { constantInit, heInit, type Init } from "./init.ts";
import type { WeightStore } from "./weights.ts";

/** Settings of one forward pass that layers depend on. */
export interface Mode {
  /** Drop-path on, running statistics updated. */
  training: boolean;
  /** Dropout before the classifier is on. */
  dropout: boolean;
  /** Batch norm uses the batch's own statistics; always so in training and where none are kept. */
  batchStatistics: boolean;
  /** Batch norms keep running statistics unless they are told otherwise. */
  keepStatistics: boolean;
  /** Running statistics forget their start values at the first update (TensorFlow's zero-debiased averages). */
  debias: boolean;
  /** Deviations of initial weights as released: some count other dimensions than a sum's inputs (Q10). */
  legacyInit: boolean;
  epsilon: number;
  /** Decay of the running statistics: new = decay · old + (1 − decay) · batch. */
  decay: number;
  seed: number;
  /** Global training step: random masks differ from step to step. */
  step: number;
}

/** One forward pass under construction: a tape, the weights, and the current scope. */
export class Net {
  #path = "";
  #salt = 0;

  constructor(readonly tape: Tape, readonly weights: WeightStore, readonly mode: Mode) {}

  /** Names of weights and tape nodes inside `body` start with `label/`. */
  scope<T>(label: string, body: () => T): T {
    const outer = this.#path;
    this.#path = `${outer}${label}/`;
    try {
      return this.tape.scope(label, body);
    } finally {
      this.#path = outer;
    }
  }

  /** The weight of this name in this scope. */
  param(name: string, shape: Shape, init: Init, options?: { decays: boolean }): Value {
    return this.weights.param(this.#path + name, shape, init, options);
  }

  /** The state of this name in this scope. */
  state(name: string, shape: Shape, init: Init): Value {
    return this.weights.state(this.#path + name, shape, init);
  }

  /** A number that tells the random masks of one pass apart. */
  salt(): number {
    return this.#salt++;
  }
}

/** Channels of `[n, h, w, c]`. */
export const channels = (x: Value): number => x.shape[x.shape.length - 1];

/** Size of a convolution layer; padding is SAME. */
export interface ConvOptions {
  /** Side of the square window, in pixels. */
  k: number;
  /** Output channels. */
  out: number;
  /** In pixels; default 1. */
  stride?: number;
  /** First weights, from the number of inputs of an output; default: `heInit`. */
  init?: (fanIn: number) => Init;
}

/** Convolution without bias, SAME: weight `w` `[k, k, ci, co]`, or `[ci, co]` for k = 1. */
export function conv(net: Net, x: Value, options: ConvOptions): Value {
  const { k, out, stride = 1, init = heInit } = options;
  const ci = channels(x);
  const first = init(k * k * ci);
  return k === 1
    ? pointwise([x], [net.param("w", [ci, out], first)], { stride })
    : conv2d(x, net.param("w", [k, k, ci, out], first), { stride });
}

/**
 * Depthwise k×k (weight `dw` `[k, k, c, 1]`), then 1×1 (weight `pw` `[c, out]`), nothing between.
 * `bankRows`: as released, both come from banks of so many rows, which then count as their fan-in.
 */
export function separable(
  net: Net,
  x: Value,
  options: ConvOptions & { bankRows?: number },
): Value {
  const { k, out, stride = 1, bankRows } = options;
  const c = channels(x);
  const { legacyInit } = net.mode;
  const rows = legacyInit ? bankRows : undefined;
  const dw = net.param("dw", [k, k, c, 1], heInit(rows ?? (legacyInit ? k * k * c : k * k)));
  const pw = net.param("pw", [c, out], heInit(rows ?? c));
  return separableConv2d(x, dw, pw, { stride });
}

/** Settings of one batch norm that differ from those of the pass. */
export interface NormOptions {
  /** Added to the variance; default: as the pass says. */
  epsilon?: number;
  /** Keep running statistics; default: as the pass says. */
  keep?: boolean;
  /** Default: as the pass says. */
  debias?: boolean;
  /** Whether scale and shift take part in the L2 term; default: yes. */
  decays?: boolean;
}

/** Batch norm over all but the channels: weights `gamma`, `beta`, state `running` (means, variances, updates). */
export function norm(net: Net, x: Value, options: NormOptions = {}): Value {
  const { mode } = net;
  const { epsilon = mode.epsilon, keep = mode.keepStatistics, debias = mode.debias } = options;
  const c = channels(x);
  const own = { decays: options.decays ?? true };
  const gamma = net.param("gamma", [c], constantInit(1), own);
  const beta = net.param("beta", [c], constantInit(0), own);
  const running = keep ? net.state("running", [2 * c + 1], startStatistics(c, debias)) : null;
  const batch = !keep || mode.training || mode.batchStatistics;
  return batchNorm(x, gamma, beta, running, {
    epsilon,
    decay: mode.decay,
    mode: batch ? "batch" : "running",
    update: keep && mode.training,
    debias,
  });
}

/** Running statistics before any update: mean 0, variance 1, or 0 if averages are debiased. */
function startStatistics(c: number, debias: boolean): Init {
  return (out) => void out.fill(0).fill(debias ? 0 : 1, c, 2 * c);
}

/** Convolution and batch norm in a scope of their own. */
export const convNorm = (net: Net, name: string, x: Value, options: ConvOptions): Value =>
  net.scope(name, () => norm(net, conv(net, x, options)));

/** Convolution, batch norm and ReLU in a scope of their own. */
export const convNormRelu = (net: Net, name: string, x: Value, options: ConvOptions): Value =>
  net.scope(name, () => relu(norm(net, conv(net, x, options))));

/**
 * Halves height and width (rounding up): 1×1 convolutions of the even pixels and of the odd ones, half of
 * the channels each, then batch norm. Weights `even`, `odd` `[ci, out/2]`.
 */
export function factorisedReduction(
  net: Net,
  name: string,
  x: Value,
  { out }: { out: number },
): Value {
  return net.scope(name, () => {
    const ci = channels(x);
    const half = (weight: string, width: number, shift: 0 | 1) =>
      pointwise([x], [net.param(weight, [ci, width], heInit(ci))], { stride: 2, shift });
    const odd = Math.floor(out / 2);
    return norm(net, concat([half("even", out - odd, 0), half("odd", odd, 1)]));
  });
}

/**
 * 1×1 convolution of the concatenation of `xs` without concatenating, after ReLU; then batch norm. Weights
 * `w/<row>` `[ci, out]`, one per input. `fanIn`: inputs that an output usually sums.
 */
export function joinNorm(
  net: Net,
  name: string,
  xs: readonly { x: Value; row: number }[],
  { out, fanIn }: { out: number; fanIn: number },
): Value {
  return net.scope(name, () => {
    const weights = xs.map(({ x, row }) =>
      net.param(`w/${row}`, [channels(x), out], heInit(fanIn))
    );
    return norm(net, pointwise(xs.map(({ x }) => relu(x)), weights));
  });
}

/** 3×3 SAME pooling; averages count cells inside the image only. */
export function pool3(x: Value, kind: "avg" | "max", stride = 1): Value {
  return (kind === "avg" ? avgPool2d : maxPool2d)(x, { k: 3, stride, padding: "same" });
}

/**
 * First layer: 3×3 convolutions to `out` channels with this total stride, each with batch norm.
 * @param last the last of them: with or without ReLU.
 */
export function stem(
  net: Net,
  images: Value,
  out: number,
  stride: number,
  last = convNorm,
): Value {
  if (stride === 4) {
    const half = convNorm(net, "stem0", images, { k: 3, out, stride: 2 });
    return last(net, "stem", relu(half), { k: 3, out, stride: 2 });
  }
  return last(net, "stem", images, { k: 3, out, stride });
}

/** Global average pool, dropout in training, linear layer without bias: `[n, h, w, c]` → `[n, classes]`. */
export function head(
  net: Net,
  x: Value,
  { classes, keep }: { classes: number; keep: number },
): Value {
  return net.scope("head", () => {
    let features = globalAvgPool(x);
    const { seed, step } = net.mode;
    if (net.mode.dropout && keep < 1) {
      features = dropout(features, { keep, seed, stream: Stream.dropout, step, salt: net.salt() });
    }
    return linear(net, features, classes);
  });
}

/** Linear layer without bias: weight `w` `[c, out]`. */
export function linear(net: Net, x: Value, out: number, init = heInit): Value {
  const ci = channels(x);
  return matmul(x, net.param("w", [ci, out], init(ci)));
}

/**
 * Auxiliary classifier on an inner map of at least 5×5 (Szegedy et al. 2015, as ENAS has it): ReLU, 5×5
 * average pool with stride 3, 1×1 to 128, h×h to 768 where h ≤ 2, pool, linear. Null on smaller maps.
 */
export function auxHead(net: Net, x: Value, classes: number): Value | null {
  const [, h, w] = x.shape;
  if (Math.min(h, w) < 5) return null;
  return net.scope("aux", () => {
    const pooled = avgPool2d(relu(x), { k: 5, stride: 3, padding: "valid" });
    const narrow = convNormRelu(net, "narrow", pooled, { k: 1, out: 128 });
    const k = Math.min(2, narrow.shape[1], narrow.shape[2]);
    const wide = convNormRelu(net, "wide", narrow, { k, out: 768 });
    return net.scope("head", () => linear(net, globalAvgPool(wide), classes));
  });
}
