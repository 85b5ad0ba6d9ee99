/**
 * Maximises an acquisition function by evolution (Schrodi et al., NeurIPS 2023, appendix): in a space of
 * grammar terms few of many samples or mutations are good, but parts of good terms combine to better ones.
 */
import type { Candidate, Surroundings } from "./candidates.ts";

export interface AcquisitionEvolution {
  /** Architectures of a generation. */
  pool: number;
  /** Best scored architectures in the first generation; the others are samples. */
  parents: number;
  /** Part of the pool that competes for becoming a parent. */
  tournament: number;
  /** Probability of a crossover instead of a mutation, where the space has one. */
  crossover: number;
  /** Probability that a crossover takes the same architecture as both parents. */
  selfCrossover: number;
  /** Number of generations. Beyond the least, evolution ends when it stands still. */
  generations: { least: number; most: number };
}

export const acquisitionEvolution: AcquisitionEvolution = {
  pool: 200,
  parents: 10,
  tournament: 0.2,
  crossover: 0.5,
  selfCrossover: 0.5,
  generations: { least: 11, most: 50 },
};

/** Generations without a better candidate after which evolution stands still. */
const STILL = 5;

interface Member<A> {
  arch: A;
  value: number;
}

/** The best candidate of all generations that is not taken; null if all were. */
export function evolveCandidate<A>(
  plan: AcquisitionEvolution,
  around: Surroundings<A>,
): Candidate<A> | null {
  const { variation, ranked, rng } = around;
  const known = ranked.slice(0, Math.min(plan.parents, plan.pool));
  let archs = [
    ...Array.from({ length: plan.pool - known.length }, () => variation.sample(rng)),
    ...known,
  ];
  let best: Candidate<A> | null = null;
  const bests: number[] = [];
  for (let generation = 0;; generation++) {
    const values = around.acquire(archs);
    const pool = archs.map((arch, i): Member<A> => ({ arch, value: values[i] }));
    best = better(best, pool, around);
    const { least, most } = plan.generations;
    if (generation >= most || generation >= least && standsStill(best, bests)) return best;
    bests.push(best?.value ?? NaN);
    archs = nextGeneration(plan, pool, around);
  }
}

/** The better one of a candidate and of the best member that is not taken. */
function better<A>(
  best: Candidate<A> | null,
  pool: readonly Member<A>[],
  { key, taken }: Surroundings<A>,
): Candidate<A> | null {
  for (const { arch, value } of pool) {
    if (best && !(value > best.value)) continue;
    const name = key(arch);
    if (!taken.has(name)) best = { arch, key: name, value };
  }
  return best;
}

function standsStill<A>(best: Candidate<A> | null, bests: readonly number[]): boolean {
  if (!best) return false;
  return bests.slice(-STILL).every((earlier) =>
    earlier === best.value || Math.abs(earlier - best.value) <= 1e-8 + 1e-5 * Math.abs(best.value)
  );
}

function nextGeneration<A>(
  plan: AcquisitionEvolution,
  pool: readonly Member<A>[],
  { variation, rng }: Surroundings<A>,
): A[] {
  const { space } = variation;
  const competing = Math.max(1, Math.round(plan.tournament * pool.length));
  const next: A[] = [];
  while (next.length < plan.pool) {
    const [first, second] = Array.from({ length: competing }, () => rng.pick(pool))
      .sort((a, b) => b.value - a.value);
    if (space.crossover && rng.next() < plan.crossover) {
      const other = rng.next() < plan.selfCrossover ? first : second ?? first;
      // There may be no children: then the next tournament decides.
      next.push(...space.crossover(first.arch, other.arch, rng));
    } else {
      next.push(variation.perturb(first.arch, rng));
    }
  }
  return next.slice(0, plan.pool);
}
