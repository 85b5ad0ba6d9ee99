/**
 * Gaussian-process regression (Rasmussen & Williams, "Gaussian Processes for Machine Learning", 2006, §2.2,
 * §5.4.1). Kernel and noise are the candidates with the largest marginal likelihood.
 */
import type { Rng } from "../../common/random.ts";
import { cholesky, solveLower, solveUpper } from "./cholesky.ts";
import type { KernelFamily } from "./kernels.ts";
import type { Prediction, Predictor } from "./predictor.ts";
import { type Standard, standardise } from "./targets.ts";

export interface GaussianProcessOptions {
  /** Candidate variances of the noise, in units of the targets' own variance. */
  noises: readonly number[];
}

/** Factorised kernel matrix with noise, and the quantities derived from it. */
export interface Fitted {
  /** Cholesky factor of K + σ²I, `[n, n]`. */
  lower: Float64Array;
  /** (K + σ²I)⁻¹ y. */
  weights: Float64Array;
  /** ½ yᵀ(K + σ²I)⁻¹y + ½ log|K + σ²I| + ½ n log 2π. */
  negativeLogLikelihood: number;
  /** Noise variance σ² on the diagonal. */
  noise: number;
}

/** A kernel matrix is too far from positive definite for a model. */
export class UnfitError extends Error {}

/**
 * Largest noise variance to try: it is raised tenfold until the kernel matrix can be factorised. The code of
 * Schrodi et al. gives up at the hundredfold and proposes a random sample; positive definite kernels never get
 * there, and those of distances still learn in this way.
 */
const MOST_NOISE = 100;

/**
 * Factorises the kernel matrix with noise.
 * @param gram kernel between n targets, `[n, n]`; not changed.
 * @param most largest noise variance to try.
 * @throws UnfitError for a matrix that is far from positive definite.
 */
export function fitGram(
  gram: Float64Array,
  targets: Float64Array,
  noise: number,
  most = MOST_NOISE,
): Fitted {
  const n = targets.length;
  for (let jitter = noise; jitter <= most; jitter *= 10) {
    const lower = cholesky(gram, n, jitter);
    if (!lower) continue;
    const weights = targets.slice();
    solveLower(lower, n, weights);
    solveUpper(lower, n, weights);
    let sum = n / 2 * Math.log(2 * Math.PI);
    for (let i = 0; i < n; i++) sum += targets[i] * weights[i] / 2 + Math.log(lower[i * n + i]);
    return { lower, weights, negativeLogLikelihood: sum, noise: jitter };
  }
  throw new UnfitError(
    `Cannot fit a Gaussian process to ${n} architectures: the kernel matrix is not positive definite, ` +
      `even with noise ${most}`,
  );
}

/** Derivative of the negative log likelihood with respect to the noise variance: ½ tr(K⁻¹) − ½ |K⁻¹y|². */
export function noiseGradient({ lower, weights }: Fitted): number {
  const n = weights.length;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const column = new Float64Array(n);
    column[i] = 1;
    solveLower(lower, n, column);
    sum += column.reduce((a, v) => a + v * v, 0) - weights[i] ** 2;
  }
  return sum / 2;
}

/** The posterior at m architectures, in units of standardised targets. */
export interface Posterior {
  mean: Float64Array;
  /** L⁻¹ times the kernel with the known architectures, one row per architecture: `[m, n]`. */
  explained: Float64Array;
}

/** @param between kernel between m architectures and the n known ones, `[m, n]`; overwritten. */
export function posteriorOf({ lower, weights }: Fitted, between: Float64Array): Posterior {
  const n = weights.length;
  const mean = Float64Array.from({ length: between.length / n }, (_, j) => {
    let mu = 0;
    for (let i = 0; i < n; i++) mu += between[j * n + i] * weights[i];
    solveLower(lower, n, between, j * n);
    return mu;
  });
  return { mean, explained: between };
}

/** Variance of the noise-free function that the known architectures leave. @param own prior variances. */
export const varianceLeft = ({ explained }: Posterior, own: Float64Array): Float64Array => {
  const n = explained.length / own.length;
  return own.map((variance, j) => {
    for (let i = j * n; i < (j + 1) * n; i++) variance -= explained[i] * explained[i];
    return variance;
  });
};

/** Samples one function of the posterior. @param own prior kernel between the m architectures, `[m, m]`. */
export function drawFrom(
  { mean, explained }: Posterior,
  own: Float64Array,
  rng: Rng,
): Float64Array {
  const m = mean.length, n = explained.length / m;
  const covariance = own.map((k, at) => {
    const i = Math.floor(at / m) * n, j = at % m * n;
    for (let l = 0; l < n; l++) k -= explained[i + l] * explained[j + l];
    return k;
  });
  const { lower } = fitGram(covariance, new Float64Array(m), 1e-8);
  const normals = Float64Array.from({ length: m }, () => rng.normal());
  return mean.map((mu, i) => {
    for (let l = 0; l <= i; l++) mu += lower[i * m + l] * normals[l];
    return mu;
  });
}

export class GaussianProcess<A> implements Predictor<A> {
  #archs: readonly A[] = [];
  #by: Standard = { mean: 0, deviation: 1 };
  #setting = 0;
  #noise = 0;
  #fitted: Fitted | null = null;

  constructor(
    private readonly kernel: KernelFamily<A>,
    private readonly options: GaussianProcessOptions,
  ) {}

  /** The selected kernel and noise. */
  get chosen(): { kernel: string; noise: number } {
    return { kernel: this.kernel.settings[this.#setting], noise: this.#noise };
  }

  fit(archs: readonly A[], targets: Float64Array): void {
    const { values, by } = standardise(targets);
    let best: Fitted | null = null;
    this.kernel.all(archs, archs).forEach((gram, setting) => {
      for (const noise of this.options.noises) {
        const fitted = fitGram(gram, values, noise);
        if (best && fitted.negativeLogLikelihood >= best.negativeLogLikelihood) continue;
        best = fitted;
        this.#setting = setting;
        this.#noise = noise;
      }
    });
    this.#archs = archs;
    this.#by = by;
    this.#fitted = best;
  }

  /** Posterior of the noise-free function. */
  predict(archs: readonly A[]): Prediction {
    const posterior = this.#posterior(archs);
    const { mean, deviation } = this.#by;
    return {
      mean: posterior.mean.map((m) => mean + deviation * m),
      deviation: varianceLeft(posterior, this.kernel.diagonal(this.#setting, archs))
        .map((variance) => deviation * Math.sqrt(Math.max(0, variance))),
    };
  }

  /** Samples one function of the posterior at these architectures. */
  draw(archs: readonly A[], rng: Rng): Float64Array {
    const own = this.kernel.one(this.#setting, archs, archs);
    const { mean, deviation } = this.#by;
    return drawFrom(this.#posterior(archs), own, rng).map((value) => mean + deviation * value);
  }

  #posterior(archs: readonly A[]): Posterior {
    if (!this.#fitted) throw new Error("Cannot predict: the Gaussian process was not fitted");
    return posteriorOf(this.#fitted, this.kernel.one(this.#setting, archs, this.#archs));
  }
}
