/** What encodings by paths have in common, whatever the cells are. */
import type { Rng } from "../../random.ts";

/** One-hot of a set of indices below `dimension`; larger ones are left out. */
export function oneHot(indices: readonly number[], dimension: number): Float64Array {
  const bits = new Float64Array(dimension);
  for (const index of indices) if (index < dimension) bits[index] = 1;
  return bits;
}

/** How many indices below `dimension` are in one of two sets only. */
export function hamming(a: readonly number[], b: readonly number[], dimension: number): number {
  const inA = new Set(a), inB = new Set(b);
  const only = (set: Set<number>, other: Set<number>) =>
    [...set].filter((i) => i < dimension && !other.has(i)).length;
  return only(inA, inB) + only(inB, inA);
}

/** The first `size` values, padded with zeros: the categorical form of a set of indices. */
export function padded(values: readonly number[], size: number): Float64Array {
  const result = new Float64Array(size);
  result.set(values.slice(0, size));
  return result;
}

/** Number of positions where two lists differ. */
export const differing = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, v, i) => sum + Number(v !== b[i]), 0);

/** Indices 0 … n−1 each with its own probability, ascending. */
export function eachWith(probabilities: readonly number[], rng: Rng): number[] {
  return probabilities.flatMap((p, i) => rng.next() < p ? [i] : []);
}

/**
 * The k indices with the largest of n random reals: what a continuous encoding decodes to. With weights the
 * reals are u^(1/w), so that an index comes first with probability w / Σ w (Efraimidis & Spirakis, 2006).
 */
export function topK(n: number, k: number, rng: Rng, weights?: readonly number[]): number[] {
  const keys = Array.from(
    { length: n },
    (_, i) => weights ? Math.log(1 - rng.next()) / weights[i] : rng.next(),
  );
  return keys.map((_, i) => i).sort((a, b) => keys[b] - keys[a] || a - b).slice(0, k)
    .sort((a, b) => a - b);
}

/** Draws until something valid comes. @throws Error naming the encoding when nothing does. */
export function untilValid<T>(what: string, draw: () => T | null | undefined): T {
  for (let tries = 0; tries < 1_000_000; tries++) {
    const found = draw();
    if (found !== null && found !== undefined) return found;
  }
  throw new Error(`Cannot ${what}: a million draws gave no valid architecture`);
}
