/**
 * Learns how much each of several kernels counts: K = Σ s_l K_l with s = softmax(w), and the noise σ², by
 * the marginal likelihood (Schrodi et al., "Construction of Hierarchical Neural Architecture Search Spaces
 * based on Context-free Grammars", NeurIPS 2023).
 */
import { Adam } from "./adam.ts";
import { solveLower } from "./cholesky.ts";
import { fitGram, type Fitted } from "./gaussian_process.ts";

/** Weights with the factor of their matrix, noise included. */
export interface Learned {
  /** s: positive, with sum 1. */
  shares: Float64Array;
  fitted: Fitted;
}

export const FIRST_NOISE = 1e-3;
const LEAST_NOISE = 1e-5;
export const LARGEST_NOISE = 0.5;
const STEPS = 20;
const RATE = 0.1;

/** Σ s_l K_l. */
export function mixed(grams: readonly Float64Array[], shares: ArrayLike<number>): Float64Array {
  const sum = new Float64Array(grams[0].length);
  grams.forEach((gram, l) => {
    const share = shares[l];
    for (let i = 0; i < sum.length; i++) sum[i] += share * gram[i];
  });
  return sum;
}

/**
 * Learns w, from equal weights on, and σ² by steps of Adam on the likelihood per target. The values with the
 * largest likelihood of all steps are kept: the last ones may be worse.
 * @param grams kernels of variance 1 between n targets, `[n, n]` each.
 * @throws UnfitError where a matrix cannot be factorised with any noise.
 */
export function learnShares(
  grams: readonly Float64Array[],
  targets: Float64Array,
  firstNoise = FIRST_NOISE,
  { steps = STEPS, largestNoise = LARGEST_NOISE } = {},
): Learned {
  const kernels = grams.length, n = targets.length;
  const raw = new Float64Array(kernels + 1).fill(1 / kernels);
  raw[kernels] = firstNoise;
  const gradient = new Float64Array(kernels + 1);
  const adam = new Adam(kernels + 1, { lr: RATE });
  let best: Learned | null = null;
  for (let step = 0; step < steps; step++) {
    const shares = softmax(raw.subarray(0, kernels));
    const fitted = fitGram(mixed(grams, shares), targets, raw[kernels]);
    if (!best || fitted.negativeLogLikelihood < best.fitted.negativeLogLikelihood) {
      best = { shares, fitted };
    }
    raw[kernels] = fitted.noise;
    addGradient(gradient, grams, shares, fitted);
    for (let i = 0; i <= kernels; i++) gradient[i] /= n;
    adam.step(raw, gradient);
    raw[kernels] = Math.min(largestNoise, Math.max(LEAST_NOISE, raw[kernels]));
  }
  return best!;
}

function softmax(raw: Float64Array): Float64Array {
  const largest = raw.reduce((a, b) => Math.max(a, b));
  const powers = raw.map((w) => Math.exp(w - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/**
 * Adds the gradient of the negative log likelihood by w and σ²: ½ tr((K⁻¹ − ααᵀ) ∂K) with α = K⁻¹y, through
 * the softmax.
 */
function addGradient(
  gradient: Float64Array,
  grams: readonly Float64Array[],
  shares: Float64Array,
  fitted: Fitted,
): void {
  const slope = slopes(fitted);
  const n = fitted.weights.length;
  const by = grams.map((gram) => {
    let sum = 0;
    for (let i = 0; i < slope.length; i++) sum += slope[i] * gram[i];
    return sum / 2;
  });
  const mean = by.reduce((sum, g, l) => sum + shares[l] * g, 0);
  by.forEach((g, l) => gradient[l] += shares[l] * (g - mean));
  let trace = 0;
  for (let i = 0; i < n; i++) trace += slope[i * n + i];
  gradient[grams.length] += trace / 2;
}

/** K⁻¹ − ααᵀ, `[n, n]`. */
function slopes({ lower, weights }: Fitted): Float64Array {
  const n = weights.length;
  // Row i is column i of L⁻¹, whose first i entries are 0.
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    inverse[i * n + i] = 1;
    solveLower(lower, n, inverse, i * n);
  }
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = -weights[i] * weights[j];
      for (let k = i; k < n; k++) sum += inverse[i * n + k] * inverse[j * n + k];
      result[i * n + j] = result[j * n + i] = sum;
    }
  }
  return result;
}
