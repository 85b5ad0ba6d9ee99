/** Helpers for path encodings of any kind of cell. */
import type { Rng } from "../../common/random.ts";

/** One-hot of a set of indices below `dimension`; larger ones are left out. */
export function oneHot(indices: readonly number[], dimension: number): Float64Array {
  const bits = new Float64Array(dimension);
  for (const index of indices) if (index < dimension) bits[index] = 1;
  return bits;
}

/** Number of indices below `dimension` that only one of two ascending lists contains. */
export function hamming(a: readonly number[], b: readonly number[], dimension: number): number {
  let only = 0;
  for (let i = 0, j = 0;;) {
    const p = a[i] ?? Infinity, q = b[j] ?? Infinity;
    if (Math.min(p, q) >= dimension) return only;
    if (p !== q) only++;
    if (p <= q) i++;
    if (q <= p) j++;
  }
}

/** The first `size` values, padded with zeros: the categorical encoding of a set of indices. */
export function padded(values: readonly number[], size: number): Float64Array {
  const result = new Float64Array(size);
  result.set(values.slice(0, size));
  return result;
}

/** Number of positions where two lists differ. */
export const differing = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, v, i) => sum + Number(v !== b[i]), 0);

/** Samples each index 0 … n−1 with its own probability; ascending. */
export function eachWith(probabilities: readonly number[], rng: Rng): number[] {
  return probabilities.flatMap((p, i) => rng.next() < p ? [i] : []);
}

/**
 * The k indices with the largest of n random reals, ascending: the decoding of a continuous encoding. With
 * weights the reals are u·w, u uniform in 0 … 1 (White et al., NeurIPS 2020, and the code published with it).
 */
export function topK(n: number, k: number, rng: Rng, weights?: readonly number[]): number[] {
  const keys = Array.from({ length: n }, (_, i) => rng.next() * (weights?.[i] ?? 1));
  return keys.map((_, i) => i).sort((a, b) => keys[b] - keys[a] || a - b).slice(0, k)
    .sort((a, b) => a - b);
}

/** Replaces each value with this probability by one of the other values below `options`. */
export function redrawn(
  values: readonly number[],
  options: number,
  rng: Rng,
  probability: (index: number) => number,
): number[] {
  return values.map((value, i) =>
    rng.next() < probability(i) ? (value + 1 + rng.below(options - 1)) % options : value
  );
}

/** Samples until a value is valid. @throws Error naming the encoding when none is. */
export function untilValid<T>(what: string, draw: () => T | null | undefined): T {
  const found = firstOf(1_000_000, draw);
  if (found !== null) return found;
  throw new Error(`Cannot ${what}: a million draws gave no valid architecture`);
}

/**
 * The first valid one of several samples; null when none is valid.
 * @param draw called with the number of earlier attempts.
 */
export function firstOf<T>(
  draws: number,
  draw: (before: number) => T | null | undefined,
): T | null {
  for (let before = 0; before < draws; before++) {
    const found = draw(before);
    if (found !== null && found !== undefined) return found;
  }
  return null;
}
