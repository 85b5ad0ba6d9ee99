/**
 * Bayesian linear regression. The precisions of weights and noise maximise the likelihood of the data
 * (Bishop, "Pattern Recognition and Machine Learning", 2006, §3.3 and §3.5.2).
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { Rows } from "./mlp.ts";

const ROUNDS = 50;

export class BayesianLinear {
  /** Mean of the weights; the last one is the offset. */
  readonly #mean: Float64Array;
  readonly #covariance: Matrix;
  /** Precision of the weights and of the noise. */
  readonly alpha: number;
  readonly beta: number;

  /** @param rows features. @param targets with mean about 0. */
  constructor(rows: Rows, targets: Float64Array) {
    const x = withOffset(rows);
    const n = x.rows;
    const eigen = new EigenvalueDecomposition(x.transpose().mmul(x), { assumeSymmetric: true });
    const vectors = eigen.eigenvectorMatrix;
    const values = eigen.realEigenvalues.map((v) => Math.max(0, v));
    const projected = vectors.transpose().mmul(x.transpose().mmul(Matrix.columnVector(targets)));
    let alpha = 1, beta = 10;
    let weights = new Float64Array(values.length);
    for (let round = 0; round < ROUNDS; round++) {
      weights = Float64Array.from(
        values,
        (v, i) => beta * projected.get(i, 0) / (alpha + beta * v),
      );
      const used = values.reduce((sum, v) => sum + beta * v / (alpha + beta * v), 0);
      const size = weights.reduce((sum, w) => sum + w * w, 0);
      const fitted = x.mmul(vectors.mmul(Matrix.columnVector(weights)));
      let error = 0;
      for (let i = 0; i < n; i++) error += (targets[i] - fitted.get(i, 0)) ** 2;
      // Bounds keep the precisions finite when targets are few or perfectly fitted.
      alpha = clamp(used / size);
      beta = clamp((n - used) / error);
    }
    this.alpha = alpha;
    this.beta = beta;
    this.#mean = Float64Array.from(vectors.mmul(Matrix.columnVector(weights)).to1DArray());
    const scaled = Matrix.diag(values.map((v) => 1 / (alpha + beta * v)));
    this.#covariance = vectors.mmul(scaled).mmul(vectors.transpose());
  }

  /** Mean and standard deviation of the noise-free function. */
  predict(rows: Rows): { mean: Float64Array; deviation: Float64Array } {
    const x = withOffset(rows);
    const spread = x.mmul(this.#covariance);
    const mean = new Float64Array(x.rows), deviation = new Float64Array(x.rows);
    for (let r = 0; r < x.rows; r++) {
      let variance = 0;
      for (let i = 0; i < x.columns; i++) {
        mean[r] += x.get(r, i) * this.#mean[i];
        variance += x.get(r, i) * spread.get(r, i);
      }
      deviation[r] = Math.sqrt(Math.max(0, variance));
    }
    return { mean, deviation };
  }
}

const clamp = (precision: number): number =>
  Number.isFinite(precision) ? Math.min(1e6, Math.max(1e-6, precision)) : 1e6;

function withOffset({ values, length, width }: Rows): Matrix {
  const x = Matrix.ones(length, width + 1);
  for (let r = 0; r < length; r++) {
    for (let i = 0; i < width; i++) x.set(r, i, values[r * width + i]);
  }
  return x;
}
