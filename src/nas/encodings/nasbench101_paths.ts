/** Sampling and perturbing NAS-Bench-101 cells by their sets of paths: drawn sets are looked up among all cells. */
import type { Rng } from "../../random.ts";
import { type Nb101Arch, nb101Dag } from "../spaces/nasbench101_arch.ts";
import type { Nb101Cells } from "../spaces/nasbench101_index.ts";
import { NB101_PATHS, nb101Paths } from "../spaces/nasbench101_paths.ts";
import { eachWith, topK, untilValid } from "./paths.ts";

/** Probability that a cell has a certain path of so many operations (White et al. 2020, appendix). */
const BY_LENGTH = [0.2, 0.127, 3.36e-2, 3.92e-3, 1.5e-4, 6.37e-7];
/** Most paths of a continuous draw. */
const MOST = 6;

/** Operations on the path with this index: 3⁰ + … + 3^(L−1) paths are shorter than L. */
export function pathLength(index: number): number {
  let length = 0;
  for (let first = 1, count = 3; index >= first; first += count, count *= 3) length++;
  return length;
}

const weights = Array.from({ length: NB101_PATHS }, (_, i) => BY_LENGTH[pathLength(i)]);

export interface PathDraws {
  /** Each of the first `cutoff` paths with probability 1/cutoff. */
  sample(cutoff: number, rng: Rng): Nb101Arch;
  /** Each path with the probability that its length has among all cells. */
  sampleWeighted(cutoff: number, rng: Rng): Nb101Arch;
  /** The k largest of as many reals as there are paths, k uniform in 1 … 6. */
  sampleTop(cutoff: number, rng: Rng, weighted?: boolean): Nb101Arch;
  /** Each path comes or goes with probability rate/cutoff. */
  perturb(arch: Nb101Arch, cutoff: number, rng: Rng, rate: number): Nb101Arch;
  /** One path is added, dropped or swapped. */
  perturbTop(arch: Nb101Arch, cutoff: number, rng: Rng): Nb101Arch;
  /** Every cell with one path more or less. */
  neighbours(arch: Nb101Arch, cutoff: number): Nb101Arch[];
}

export function pathDraws(cells: Nb101Cells): PathDraws {
  const find = (paths: readonly number[]): Nb101Arch | null => {
    const index = paths.length ? cells.withPaths(paths) : undefined;
    return index === undefined ? null : cells.arch(index);
  };
  const draw = (how: string, paths: () => readonly number[]) =>
    untilValid(how, () => find(paths()));
  /** A truncated encoding knows a cell by its short paths only. */
  const known = (arch: Nb101Arch, cutoff: number) =>
    nb101Paths(nb101Dag(arch)!).filter((p) => p < cutoff);
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
      const before = known(arch, cutoff);
      return draw("perturb by paths", () => {
        const flips = Array.from({ length: cutoff }, () => rng.next() < rate / cutoff);
        const after = toggled(before, flips.flatMap((flip, p) => flip ? [p] : []));
        return same(before, after) ? [] : after;
      });
    },
    perturbTop: (arch, cutoff, rng) => {
      const before = known(arch, cutoff);
      return draw("perturb by continuous paths", () => {
        const kind = before.length ? rng.below(3) : 0;
        const added = rng.below(cutoff);
        const flips = [
          ...(kind !== 1 && !before.includes(added) ? [added] : []),
          ...(kind !== 0 ? [rng.pick(before)] : []),
        ];
        return flips.length ? toggled(before, flips) : [];
      });
    },
    neighbours: (arch, cutoff) => {
      const before = known(arch, cutoff);
      return Array.from({ length: cutoff }, (_, p) => find(toggled(before, [p])))
        .filter((found) => found !== null);
    },
  };
}

/** The set with these indices added where they are missing and dropped where they are not, ascending. */
function toggled(set: readonly number[], indices: readonly number[]): number[] {
  const result = new Set(set);
  for (const index of indices) if (!result.delete(index)) result.add(index);
  return [...result].sort((a, b) => a - b);
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((v, i) => v === b[i]);
