/** Initialisers: fill a weight on the host, so that a seed gives the same weights on every adapter. */
import type { Rng } from "../common/random.ts";

/** Writes every element; sampled in float64, stored as float32. */
export type Init = (out: Float32Array, rng: Rng) => void;

/** Every element the same. */
export const constantInit = (value: number): Init => (out) => void out.fill(value);

/** These values. Throws a RangeError where their number is not that of the weight. */
export function valuesInit(values: ArrayLike<number>): Init {
  return (out) => {
    if (values.length !== out.length) {
      throw new RangeError(
        `Cannot initialise a weight: got ${values.length} values, expected ${out.length}`,
      );
    }
    out.set(values);
  };
}

/** Uniform in [−range, range). */
export function uniformInit(range: number): Init {
  return (out, rng) => {
    for (let i = 0; i < out.length; i++) out[i] = (2 * rng.next() - 1) * range;
  };
}

/** Normal with this deviation, resampled beyond two deviations. Uses both halves of Box–Muller. */
export function truncatedNormalInit(deviation: number): Init {
  return (out, rng) => {
    for (let i = 0; i < out.length;) {
      const radius = Math.sqrt(-2 * Math.log(1 - rng.next()));
      const angle = 2 * Math.PI * rng.next();
      const x = radius * Math.cos(angle), y = radius * Math.sin(angle);
      if (Math.abs(x) <= 2) out[i++] = x * deviation;
      if (Math.abs(y) <= 2 && i < out.length) out[i++] = y * deviation;
    }
  };
}

/**
 * For convolutions and linear layers: σ = √(2 / fanIn), cut at 2σ and not corrected for the cut, as the
 * released ENAS code. `fanIn` counts the inputs of one output: k²·C_in, for a depthwise kernel k².
 */
export const heInit = (fanIn: number): Init => truncatedNormalInit(Math.sqrt(2 / fanIn));

/** Kaiming-normal initialisation (He et al. 2015): `heInit` without cut tails. */
export const normalHeInit = (fanIn: number): Init => (out, rng) => {
  const deviation = Math.sqrt(2 / fanIn);
  for (let i = 0; i < out.length; i++) out[i] = rng.normal() * deviation;
};

/** PyTorch's default for convolutions, linear layers and their biases: uniform within ±1 / √fanIn. */
export const torchInit = (fanIn: number): Init => uniformInit(1 / Math.sqrt(fanIn));
