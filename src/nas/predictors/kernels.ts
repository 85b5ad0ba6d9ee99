/** Kernels of Gaussian processes: the similarity of two architectures. */
import type { Encoding } from "../encodings/encoding.ts";
import { UsageError } from "../../common/errors.ts";

/** Kernels that differ in one setting; the setting is selected by likelihood. */
export interface KernelFamily<A> {
  /** Descriptions of the settings. */
  readonly settings: readonly string[];
  /**
   * Computes the kernel between all of `a` and all of `b` for each setting: row-major, `[a.length,
   * b.length]`.
   */
  all(a: readonly A[], b: readonly A[]): Float64Array[];
  /** Computes the kernel for one setting. */
  one(setting: number, a: readonly A[], b: readonly A[]): Float64Array;
  /** Kernel between each architecture and itself. */
  diagonal(setting: number, archs: readonly A[]): Float64Array;
}

/** Computes a value for each pair. */
export function pairs<T>(
  a: readonly T[],
  b: readonly T[],
  value: (x: T, y: T) => number,
): Float64Array {
  const result = new Float64Array(a.length * b.length);
  a.forEach((x, i) => b.forEach((y, j) => result[i * b.length + j] = value(x, y)));
  return result;
}

/**
 * α² exp(−d / ℓ²) of an encoding's distance d (Kandasamy et al., NeurIPS 2018, and White et al., NeurIPS
 * 2020).
 * @throws UsageError for an encoding without a distance.
 */
export function distanceKernel<A>(encoding: Encoding<A>, alpha = 1.5, scale = 3): KernelFamily<A> {
  const { distance, name } = encoding;
  if (!distance) {
    throw new UsageError(
      `Cannot use encoding ${name} in a Gaussian process: it has no distance; try adj`,
    );
  }
  const one = (a: readonly A[], b: readonly A[]) =>
    pairs(a, b, (x, y) => alpha ** 2 * Math.exp(-distance(x, y) / scale ** 2));
  return {
    settings: [`α = ${alpha}, ℓ = ${scale}`],
    all: (a, b) => [one(a, b)],
    one: (_, a, b) => one(a, b),
    diagonal: (_, archs) => new Float64Array(archs.length).fill(alpha ** 2),
  };
}

/**
 * exp(−|x − y|² / 2ℓ²) of an encoding's features x, y. With ℓ = 1 one-hot architectures are nearly
 * independent. On few data this often has the largest likelihood, but it then predicts little about other
 * architectures.
 * @throws UsageError for an encoding without features.
 */
export function rbfKernel<A>(encoding: Encoding<A>, scales = [2, 4, 8]): KernelFamily<A> {
  const features = requireFeatures(encoding);
  const distances = (a: readonly A[], b: readonly A[]) =>
    pairs(a.map(features), b.map(features), squaredDistance);
  const at = (scale: number, squared: Float64Array) =>
    squared.map((d) => Math.exp(-d / (2 * scale * scale)));
  return {
    settings: scales.map((scale) => `ℓ = ${scale}`),
    all(a, b) {
      const squared = distances(a, b);
      return scales.map((scale) => at(scale, squared));
    },
    one: (setting, a, b) => at(scales[setting], distances(a, b)),
    diagonal: (_, archs) => new Float64Array(archs.length).fill(1),
  };
}

/** The features of an encoding. @throws UsageError for an encoding without features. */
export function requireFeatures<A>({ features, name }: Encoding<A>): (arch: A) => Float64Array {
  if (features) return features;
  throw new UsageError(
    `Cannot train a predictor on encoding ${name}: it has no features; try adj or path`,
  );
}

function squaredDistance(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] - y[i]) ** 2;
  return sum;
}
