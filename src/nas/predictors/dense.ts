/**
 * Small dense layers on the CPU, for nets of a few thousand weights and batches of a few dozen rows. On a
 * GPU, launching would cost more than computing.
 */
import type { Rng } from "../../common/random.ts";

/** Position of a dense layer's weights `[outputs, inputs]`, then its biases, in a vector of parameters. */
export interface Dense {
  inputs: number;
  outputs: number;
  at: number;
  /** Whether the layer has biases. */
  bias: boolean;
}

export const denseSize = ({ inputs, outputs, bias }: Dense): number =>
  outputs * (inputs + (bias ? 1 : 0));

/** Lays out consecutive layers in one vector. */
export function layOut(sizes: readonly number[], at = 0, bias = true): Dense[] {
  return sizes.slice(1).map((outputs, i) => {
    const layer = { inputs: sizes[i], outputs, at, bias };
    at += denseSize(layer);
    return layer;
  });
}

/** Initialises weights uniformly in ±√(6 / (inputs + outputs)), biases 0 (Glorot & Bengio, AISTATS 2010). */
export function glorot(params: Float64Array, layer: Dense, rng: Rng): void {
  const { inputs, outputs, at } = layer;
  const biases = at + inputs * outputs;
  fillUniform(params, at, biases, Math.sqrt(6 / (inputs + outputs)), rng);
  params.fill(0, biases, at + denseSize(layer));
}

/** Initialises weights and biases uniformly in ±1 / √inputs, as PyTorch does for linear layers. */
export function torchUniform(params: Float64Array, layer: Dense, rng: Rng): void {
  const { inputs, at } = layer;
  fillUniform(params, at, at + denseSize(layer), 1 / Math.sqrt(inputs), rng);
}

function fillUniform(params: Float64Array, from: number, to: number, limit: number, rng: Rng) {
  for (let i = from; i < to; i++) params[i] = limit * (2 * rng.next() - 1);
}

/** y = x Wᵀ + b for `rows` rows. */
export function denseForward(
  { inputs, outputs, at, bias }: Dense,
  params: Float64Array,
  x: Float64Array,
  y: Float64Array,
  rows: number,
): void {
  const biases = at + inputs * outputs;
  for (let r = 0; r < rows; r++) {
    const from = r * inputs, to = r * outputs;
    let o = 0;
    // Computing four outputs at a time reads every input once.
    for (; o + 4 <= outputs; o += 4) {
      const w0 = at + o * inputs, w1 = w0 + inputs, w2 = w1 + inputs, w3 = w2 + inputs;
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      if (bias) {
        const b = biases + o;
        [s0, s1, s2, s3] = [params[b], params[b + 1], params[b + 2], params[b + 3]];
      }
      for (let i = 0; i < inputs; i++) {
        const v = x[from + i];
        s0 += v * params[w0 + i];
        s1 += v * params[w1 + i];
        s2 += v * params[w2 + i];
        s3 += v * params[w3 + i];
      }
      y[to + o] = s0;
      y[to + o + 1] = s1;
      y[to + o + 2] = s2;
      y[to + o + 3] = s3;
    }
    for (; o < outputs; o++) {
      let s = bias ? params[biases + o] : 0;
      for (let i = 0; i < inputs; i++) s += x[from + i] * params[at + o * inputs + i];
      y[to + o] = s;
    }
  }
}

/** Adds the parameters' gradient to `gradient`. Overwrites `dx` if given. */
export function denseBackward(
  { inputs, outputs, at, bias }: Dense,
  params: Float64Array,
  gradient: Float64Array,
  x: Float64Array,
  dy: Float64Array,
  dx: Float64Array | null,
  rows: number,
): void {
  const biases = at + inputs * outputs;
  dx?.fill(0, 0, rows * inputs);
  for (let r = 0; r < rows; r++) {
    const from = r * inputs, to = r * outputs;
    for (let o = 0; o < outputs; o++) {
      const g = dy[to + o];
      // After a ReLU about half of the gradients are zero.
      if (g === 0) continue;
      if (bias) gradient[biases + o] += g;
      const w = at + o * inputs;
      if (dx) {
        for (let i = 0; i < inputs; i++) {
          gradient[w + i] += g * x[from + i];
          dx[from + i] += g * params[w + i];
        }
      } else {
        for (let i = 0; i < inputs; i++) gradient[w + i] += g * x[from + i];
      }
    }
  }
}

export type Activation = "relu" | "tanh";

export function activate(kind: Activation, y: Float64Array, size: number): void {
  if (kind === "relu") {
    for (let i = 0; i < size; i++) if (y[i] < 0) y[i] = 0;
  } else {
    for (let i = 0; i < size; i++) y[i] = Math.tanh(y[i]);
  }
}

/** Gradient with respect to the activation's input, from its outputs. */
export function deactivate(
  kind: Activation,
  y: Float64Array,
  dy: Float64Array,
  size: number,
): void {
  if (kind === "relu") {
    for (let i = 0; i < size; i++) if (y[i] === 0) dy[i] = 0;
  } else {
    for (let i = 0; i < size; i++) dy[i] *= 1 - y[i] * y[i];
  }
}
