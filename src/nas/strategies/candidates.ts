/** Candidates for the next query: most spaces are too large to predict every architecture. */
import type { Rng } from "../../common/random.ts";
import type { VariationOperators } from "./variation.ts";
import type { Whole } from "./whole.ts";

export interface CandidatePlan {
  /** Spaces of up to this many architectures are predicted as a whole, without the rest of the plan. */
  whole?: number;
  /** Number of best architectures to mutate, and mutations of each for every number of edits. */
  parents: number;
  each: number;
  /** Mutations have 1 … `edits` edits. */
  edits: number;
  /** Repeat a mutation that changed nothing. */
  changed?: boolean;
  /** Repeat a mutation that is no new candidate. */
  distinct?: boolean;
  /** Number of candidates after which the remaining parents are skipped; 0 = use all parents. */
  enough: number;
  /** Number of uniform samples added. */
  random: number;
  /** Sample uniformly until there are this many candidates; fewer if the space has fewer. */
  fill?: number;
  /** Number of candidates rated, picked at random; default: all. */
  rated?: number;
  /** Number of best candidates that climb to better neighbours until there are none. */
  climbs: number;
}

/** An architecture with its acquisition value. */
export interface Candidate<A> {
  arch: A;
  key: string;
  value: number;
}

export interface Surroundings<A> {
  variation: VariationOperators<A>;
  /** Architectures with equal keys count as one candidate. */
  key(arch: A): string;
  /** The whole space, if it is small enough for the plan; otherwise null. */
  whole: Whole<A> | null;
  /** Scored architectures, best first. */
  ranked: readonly A[];
  /** Keys of architectures already scored or asked for, which are no candidates. */
  taken: ReadonlySet<string>;
  rng: Rng;
  /** Acquisition values of architectures, larger is better. */
  acquire(archs: readonly A[]): Float64Array;
}

/** Candidates that differ from each other and are not taken, best first; may be empty. */
export function findCandidates<A>(plan: CandidatePlan, around: Surroundings<A>): Candidate<A>[] {
  if (around.whole) return valuedWhole(around.whole, around).sort(better);
  const pool = someOf(propose(plan, around), plan.rated, around.rng);
  const found = valued([...pool.values()], around);
  if (plan.climbs > 0) climb(plan.climbs, found, pool, around);
  return found.sort(better);
}

const better = <A>(a: Candidate<A>, b: Candidate<A>): number => b.value - a.value;

function valued<A>(archs: A[], { key, acquire }: Surroundings<A>): Candidate<A>[] {
  const values = acquire(archs);
  return archs.map((arch, i) => ({ arch, key: key(arch), value: values[i] }));
}

/** Rates the whole space and then drops taken ones: predictors are fast at inputs they have seen before. */
function valuedWhole<A>(
  { archs, keys }: Whole<A>,
  { taken, acquire }: Surroundings<A>,
): Candidate<A>[] {
  const values = acquire(archs);
  return archs.map((arch, i) => ({ arch, key: keys[i], value: values[i] }))
    .filter(({ key }) => !taken.has(key));
}

function propose<A>(plan: CandidatePlan, around: Surroundings<A>): Map<string, A> {
  const { variation, key, ranked, taken, rng } = around;
  const pool = new Map<string, A>();
  const add = (arch: A) => {
    const name = key(arch);
    if (!taken.has(name) && !pool.has(name)) pool.set(name, arch);
  };
  for (const parent of ranked.slice(0, plan.parents)) {
    for (let edits = 1; edits <= plan.edits; edits++) {
      for (let i = 0; i < plan.each; i++) add(mutation(parent, edits, plan, pool, around));
    }
    if (plan.enough > 0 && pool.size >= plan.enough) break;
  }
  for (let i = 0; i < plan.random; i++) add(variation.sample(rng));
  const { fill = 0 } = plan;
  for (let i = 0; i < 5 * fill && pool.size < fill; i++) add(variation.sample(rng));
  return pool;
}

/** Attempts at a mutation that changes something, before one that changes nothing is accepted. */
const PATIENCE = 100;

function mutation<A>(
  parent: A,
  edits: number,
  { changed, distinct }: CandidatePlan,
  pool: ReadonlyMap<string, A>,
  { variation, key, taken, rng }: Surroundings<A>,
): A {
  const { space } = variation;
  let arch = variation.perturb(parent, rng, edits);
  if (!changed && !distinct) return arch;
  const before = space.key(parent);
  const refused = () => {
    if (space.key(arch) === before) return true;
    return distinct === true && (pool.has(key(arch)) || taken.has(key(arch)));
  };
  for (let i = 0; i < PATIENCE && refused(); i++) arch = variation.perturb(parent, rng, edits);
  return arch;
}

function someOf<A>(pool: Map<string, A>, most: number | undefined, rng: Rng): Map<string, A> {
  if (most === undefined || pool.size <= most) return pool;
  const all = [...pool];
  return new Map(Array.from(rng.permutation(all.length).subarray(0, most), (i) => all[i]));
}

/** Climbs from the best candidates and adds all rated neighbours to `found` and `pool`. */
function climb<A>(
  climbs: number,
  found: Candidate<A>[],
  pool: Map<string, A>,
  around: Surroundings<A>,
): void {
  const { variation, key: keyOf, taken } = around;
  const value = new Map(found.map((c) => [c.key, c.value]));
  let heads = found.toSorted(better).slice(0, climbs);
  while (heads.length > 0) {
    const fresh = new Map<string, A>();
    const around_ = heads.map(({ arch }) =>
      variation.neighbours(arch).map((next) => ({ next, key: keyOf(next) }))
    );
    for (const { next, key } of around_.flat()) {
      if (!taken.has(key) && !pool.has(key)) fresh.set(key, next);
    }
    const seen = valued([...fresh.values()], around);
    for (const one of seen) {
      pool.set(one.key, one.arch);
      value.set(one.key, one.value);
      found.push(one);
    }
    const next = heads.flatMap((head, i) => {
      const best = around_[i].filter(({ key }) => value.has(key))
        .map(({ next: arch, key }) => ({ arch, key, value: value.get(key)! }))
        .sort(better)[0];
      return best && best.value > head.value ? [best] : [];
    });
    heads = [...new Map(next.map((head) => [head.key, head])).values()];
  }
}
