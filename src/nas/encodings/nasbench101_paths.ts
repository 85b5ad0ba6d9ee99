/**
 * Sampling and perturbing NAS-Bench-101 cells by their sets of paths: a sampled set is looked up among all
 * cells.
 */
import type { Rng } from "../../common/random.ts";
import { type Nb101Arch, nb101Dag } from "../spaces/nasbench101_arch.ts";
import type { Nb101Cells } from "../spaces/nasbench101_index.ts";
import { NB101_PATHS, nb101Paths } from "../spaces/nasbench101_paths.ts";
import { eachWith, firstOf, topK, untilValid } from "./paths.ts";

/**
 * Probability that a cell contains a given path, by the path's number of operations (White et al. 2020,
 * appendix).
 */
const BY_LENGTH = [0.2, 0.127, 3.36e-2, 3.92e-3, 1.5e-4, 6.37e-7];
/** Most paths of a sampled continuous encoding. */
const MOST = 6;
/** Perturbed sets of paths to look up before the cell is returned unchanged. */
const LOOK_UPS = 1000;

/** Number of operations on the path with this index: 3⁰ + … + 3^(L−1) paths are shorter than L. */
export function pathLength(index: number): number {
  let length = 0;
  for (let first = 1, count = 3; index >= first; first += count, count *= 3) length++;
  return length;
}

const weights = Array.from({ length: NB101_PATHS }, (_, i) => BY_LENGTH[pathLength(i)]);

export interface PathDraws {
  /** Samples each of the first `cutoff` paths with probability 1/cutoff. */
  sample(cutoff: number, rng: Rng): Nb101Arch;
  /** Samples each path with the frequency of its length among all cells. */
  sampleWeighted(cutoff: number, rng: Rng): Nb101Arch;
  /** Samples one real per path and takes the k largest, k uniform in 1 … 6. */
  sampleTop(cutoff: number, rng: Rng, weighted?: boolean): Nb101Arch;
  /** Adds or drops each of the first `cutoff` paths with probability rate/cutoff; later ones stay. */
  perturb(arch: Nb101Arch, cutoff: number, rng: Rng, rate: number): Nb101Arch;
  /** Adds one of the first `cutoff` paths, drops one, or both; later ones stay. */
  perturbTop(arch: Nb101Arch, cutoff: number, rng: Rng): Nb101Arch;
  /** Every cell that differs in exactly one of the first `cutoff` paths and has all the same later ones. */
  neighbours(arch: Nb101Arch, cutoff: number): Nb101Arch[];
}

/**
 * Path-based sampling over all cells.
 * @param strict the published code's quirk: a perturbation loses the path that follows the first ones.
 */
export function pathDraws(cells: Nb101Cells, strict = false): PathDraws {
  const find = (paths: readonly number[]): Nb101Arch | null => {
    const index = paths.length ? cells.withPaths(paths) : undefined;
    return index === undefined ? null : cells.arch(index);
  };
  const draw = (how: string, paths: () => readonly number[]) =>
    untilValid(how, () => find(paths()));
  const perturbed = (
    arch: Nb101Arch,
    cutoff: number,
    flips: (before: readonly number[]) => readonly number[],
  ) => {
    const before = nb101PathsOf(arch);
    const kept = strict ? before.filter((p) => p !== cutoff) : before;
    return firstOf(LOOK_UPS, () => find(toggled(kept, flips(kept)))) ?? arch;
  };
  return {
    sample: (cutoff, rng) => {
      const even = new Array<number>(cutoff).fill(1 / cutoff);
      return draw("sample by paths", () => eachWith(even, rng));
    },
    sampleWeighted: (cutoff, rng) =>
      draw("sample by weighted paths", () => eachWith(weights.slice(0, cutoff), rng)),
    sampleTop: (cutoff, rng, weighted = false) =>
      draw(
        "sample by continuous paths",
        () => topK(cutoff, 1 + rng.below(MOST), rng, weighted ? weights : undefined),
      ),
    perturb: (arch, cutoff, rng, rate) => {
      const even = new Array<number>(cutoff).fill(rate / cutoff);
      return perturbed(arch, cutoff, () => eachWith(even, rng));
    },
    perturbTop: (arch, cutoff, rng) =>
      perturbed(arch, cutoff, (before) => {
        const present = before.filter((p) => p < cutoff);
        const absent = Array.from({ length: cutoff }, (_, p) => p)
          .filter((p) => !present.includes(p));
        return addedOrDropped(present, absent, rng);
      }),
    neighbours: (arch, cutoff) => {
      const before = nb101PathsOf(arch);
      return Array.from({ length: cutoff }, (_, p) => find(toggled(before, [p])))
        .filter((found) => found !== null);
    },
  };
}

/**
 * Changes of a continuous encoding: one element is dropped, one added, or both. An empty set only gains one.
 */
export function addedOrDropped(
  present: readonly number[],
  absent: readonly number[],
  rng: Rng,
): number[] {
  const change = rng.below(3) - 1;
  const drops = change <= 0 && present.length > 0;
  const adds = (change >= 0 || !drops) && absent.length > 0;
  return [...drops ? [rng.pick(present)] : [], ...adds ? [rng.pick(absent)] : []];
}

const known = new WeakMap<Nb101Arch, readonly number[]>();

/** Ascending indices of a cell's paths. Cached per object, since kernels ask for them repeatedly. */
export function nb101PathsOf(arch: Nb101Arch): readonly number[] {
  let paths = known.get(arch);
  if (!paths) known.set(arch, paths = nb101Paths(nb101Dag(arch)!));
  return paths;
}

/** The set with each of these indices added if missing, dropped if present; ascending. */
function toggled(set: readonly number[], indices: readonly number[]): number[] {
  const result = new Set(set);
  for (const index of indices) if (!result.delete(index)) result.add(index);
  return [...result].sort((a, b) => a - b);
}
