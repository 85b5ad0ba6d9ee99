/** Where a predictor looks for the next architecture: most spaces are too much to predict as a whole. */
import type { Rng } from "../../common/random.ts";
import type { VariationOperators } from "./variation.ts";
import type { Whole } from "./whole.ts";

export interface CandidatePlan {
  /** A space of at most so many architectures is looked at as a whole, without the rest of the plan. */
  whole?: number;
  /** The best architectures so far that are mutated, so often for each number of edits. */
  parents: number;
  each: number;
  /** 1 … so many edits in a mutation. */
  edits: number;
  /** A mutation that changed nothing is drawn again. */
  changed?: boolean;
  /** Later parents are left out once there are so many candidates; 0 = all parents. */
  enough: number;
  /** Uniform draws beside them. */
  random: number;
  /** Uniform draws until there are so many candidates, where the space has as many. */
  fill?: number;
  /** A random part of so many candidates is rated; all where there is no number. */
  rated?: number;
  /** So many of the candidates with the best acquisition climb to better neighbours until there are none. */
  climbs: number;
}

/** An architecture with the value of its acquisition. */
export interface Candidate<A> {
  arch: A;
  key: string;
  value: number;
}

export interface Surroundings<A> {
  variation: VariationOperators<A>;
  /** Equal for architectures of which one is enough. */
  key(arch: A): string;
  /** All there are, where the space is small enough for the plan. */
  whole: Whole<A> | null;
  /** Scored architectures, the best first. */
  ranked: readonly A[];
  /** Keys of architectures that are no candidates: scored, or asked for. */
  taken: ReadonlySet<string>;
  rng: Rng;
  /** Values of architectures, larger is better. */
  acquire(archs: readonly A[]): Float64Array;
}

/** Candidates that differ from each other and from what is taken, the best first; may be none. */
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

/** Also what is taken gets a value, and then goes: predictors are fast at candidates that they saw before. */
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
      for (let i = 0; i < plan.each; i++) add(mutation(parent, edits, plan, around));
    }
    if (plan.enough > 0 && pool.size >= plan.enough) break;
  }
  for (let i = 0; i < plan.random; i++) add(variation.sample(rng));
  const { fill = 0 } = plan;
  for (let i = 0; i < 5 * fill && pool.size < fill; i++) add(variation.sample(rng));
  return pool;
}

/** Mutations that may change nothing in a row, before one is taken that does. */
const PATIENCE = 100;

function mutation<A>(
  parent: A,
  edits: number,
  { changed }: CandidatePlan,
  { variation, rng }: Surroundings<A>,
): A {
  const { space } = variation;
  let arch = variation.perturb(parent, rng, edits);
  if (!changed) return arch;
  const before = space.key(parent);
  for (let i = 0; i < PATIENCE && space.key(arch) === before; i++) {
    arch = variation.perturb(parent, rng, edits);
  }
  return arch;
}

function someOf<A>(pool: Map<string, A>, most: number | undefined, rng: Rng): Map<string, A> {
  if (most === undefined || pool.size <= most) return pool;
  const all = [...pool];
  return new Map(Array.from(rng.permutation(all.length).subarray(0, most), (i) => all[i]));
}

/** Adds all that is seen on the way. */
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
