/**
 * Gaussian-process regression (Rasmussen & Williams, "Gaussian Processes for Machine Learning", 2006, §2.2,
 * §5.4.1): kernel and noise are those of a few with the largest marginal likelihood.
 */
import { CholeskyDecomposition, Matrix } from "ml-matrix";
import type { Rng } from "../../random.ts";
import type { KernelFamily } from "./kernels.ts";
import type { Prediction, Predictor } from "./predictor.ts";
import { type Standard, standardise } from "./targets.ts";

export interface GaussianProcessOptions {
  /** Variances of the noise, in units of the targets' own variance. */
  noises: readonly number[];
  /** Predict new measurements, noise included, instead of what is under the noise. */
  noisy?: boolean;
}

/** A kernel matrix with noise, factorised, and what follows from it. */
export interface Fitted {
  factor: CholeskyDecomposition;
  /** (K + σ²I)⁻¹ y. */
  weights: Matrix;
  /** Of the targets, up to nothing: ½ yᵀ(K + σ²I)⁻¹y + ½ log|K + σ²I| + ½ n log 2π. */
  negativeLogLikelihood: number;
}

/** Times that the noise is raised tenfold before a kernel matrix is given up. */
const TRIES = 8;

/**
 * @param gram kernel between n targets, `[n, n]`; not changed.
 * @throws Error for a matrix that is far from positive definite.
 */
export function fitGram(gram: Float64Array, targets: Float64Array, noise: number): Fitted {
  const n = targets.length;
  for (let tries = 0, jitter = noise; tries < TRIES; tries++, jitter *= 10) {
    const matrix = new Matrix(n, n);
    for (let i = 0; i < n; i++) {
      // Only one half is read: the other may differ in its last bits.
      for (let j = 0; j < i; j++) {
        matrix.set(i, j, gram[i * n + j]);
        matrix.set(j, i, gram[i * n + j]);
      }
      matrix.set(i, i, gram[i * n + i] + jitter);
    }
    const factor = new CholeskyDecomposition(matrix);
    if (!factor.isPositiveDefinite()) continue;
    const weights = factor.solve(Matrix.columnVector(targets));
    const lower = factor.lowerTriangularMatrix;
    let sum = n / 2 * Math.log(2 * Math.PI);
    for (let i = 0; i < n; i++) {
      sum += targets[i] * weights.get(i, 0) / 2 + Math.log(lower.get(i, i));
    }
    return { factor, weights, negativeLogLikelihood: sum };
  }
  throw new Error(
    `Cannot fit a Gaussian process to ${n} architectures: the kernel matrix is not positive definite, ` +
      `even with noise ${noise * 10 ** (TRIES - 1)}`,
  );
}

/** Derivative of the negative log likelihood by the noise's variance: ½ tr(K⁻¹) − ½ |K⁻¹y|². */
export function noiseGradient({ factor, weights }: Fitted): number {
  const n = weights.rows;
  const inverse = factor.solve(Matrix.eye(n, n));
  let sum = 0;
  for (let i = 0; i < n; i++) sum += inverse.get(i, i) - weights.get(i, 0) ** 2;
  return sum / 2;
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

  /** The kernel and the noise that were chosen. */
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

  predict(archs: readonly A[]): Prediction {
    const mean = new Float64Array(archs.length), deviation = new Float64Array(archs.length);
    if (archs.length === 0) return { mean, deviation };
    const { cross, solved, weights } = this.#cross(archs);
    const n = this.#archs.length;
    const extra = this.options.noisy ? this.#noise : 0;
    archs.forEach((arch, j) => {
      let mu = 0, known = 0;
      for (let i = 0; i < n; i++) {
        mu += cross.get(i, j) * weights.get(i, 0);
        known += cross.get(i, j) * solved.get(i, j);
      }
      const [own] = this.kernel.one(this.#setting, [arch], [arch]);
      mean[j] = this.#by.mean + this.#by.deviation * mu;
      deviation[j] = this.#by.deviation * Math.sqrt(Math.max(0, own - known) + extra);
    });
    return { mean, deviation };
  }

  /** One function of the posterior at these architectures. */
  draw(archs: readonly A[], rng: Rng): Float64Array {
    const m = archs.length;
    const { cross, solved, weights } = this.#cross(archs);
    const mu = cross.transpose().mmul(weights);
    const own = this.kernel.one(this.#setting, archs, archs);
    const known = cross.transpose().mmul(solved);
    const covariance = own.map((k, at) => k - known.get(Math.floor(at / m), at % m));
    const { factor } = fitGram(covariance, new Float64Array(m), 1e-8);
    const normals = Matrix.columnVector(Float64Array.from({ length: m }, () => rng.normal()));
    const drawn = factor.lowerTriangularMatrix.mmul(normals);
    return Float64Array.from(
      archs,
      (_, j) => this.#by.mean + this.#by.deviation * (mu.get(j, 0) + drawn.get(j, 0)),
    );
  }

  /** Kernel between what is known and what is asked for, `[n, m]`, and (K + σ²I)⁻¹ times it. */
  #cross(archs: readonly A[]) {
    if (!this.#fitted) throw new Error("Cannot predict: the Gaussian process was not fitted");
    const { factor, weights } = this.#fitted;
    const cross = Matrix.from1DArray(
      this.#archs.length,
      archs.length,
      this.kernel.one(this.#setting, this.#archs, archs),
    );
    return { cross, solved: factor.solve(cross), weights };
  }
}
