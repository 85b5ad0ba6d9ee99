/**
 * Regularised evolution (Real et al., "Regularized Evolution for Image Classifier Architecture Search", AAAI
 * 2019, algorithm 1): the winner of a tournament is mutated, the oldest member is removed.
 */
import { Rng, Stream } from "../../common/random.ts";
import type { Strategy, Trial } from "../strategy.ts";
import {
  asTrial,
  type Child,
  type Known,
  loadScores,
  meanReward,
  parentsOf,
  type SavedScore,
  saveScores,
} from "./asking.ts";
import type { VariationOperators } from "./variation.ts";

export interface EvolutionConfig {
  population: number;
  tournament: number;
  /** Random samples before the first mutation; 0 = as many as the population. */
  initial?: number;
  /** Member to remove: the oldest, or the worst as before regularisation. */
  drop?: "oldest" | "worst";
  /**
   * As published with White et al., NeurIPS 2020: at most `population` initial samples, and after each child
   * one member is removed once there are `population`, so that a population of 30 settles at 29.
   */
  strict?: boolean;
  /** Members of a tournament are sampled with replacement; default: yes. */
  replacement?: boolean;
  /** No architecture is asked for twice. The search ends where no new one is found. */
  distinct?: boolean;
}

/** Attempts in a row to find an architecture that was not asked for before. */
const TRIES = 1000;

interface Saved {
  drawn: number;
  trials: number;
  told: number;
  population: SavedScore[];
  /** Keys of all architectures asked for, where they must differ. */
  seen?: string[];
}

/**
 * Opens regularised evolution.
 * @throws UsageError where space or encoding have no mutation.
 */
export function evolutionStrategy<A>(
  variation: VariationOperators<A>,
  seed: number,
  config: EvolutionConfig,
): Strategy<A> {
  variation.require("evolution", "perturb");
  const { space } = variation;
  const initial = config.initial || config.population;
  const rng = new Rng(seed, Stream.search);
  let trials = 0;
  let told = 0;
  /** Oldest first. */
  let population: Known<A>[] = [];

  let seen = new Set<string>();
  /** Number of architectures of the space, where it is known. */
  const size = config.distinct
    ? Math.round(10 ** (space.size?.()?.log10Distinct ?? Infinity))
    : Infinity;
  let finished: string | undefined;

  const child = (): Child<A> => {
    if (told < initial) return { arch: variation.sample(rng) };
    const best = tournament(population, config, rng);
    return { arch: variation.perturb(best.arch, rng), parents: parentsOf(best) };
  };
  /** A child that differs from all before; null where none is found. */
  const fresh = (): Child<A> | null => {
    if (!config.distinct) return child();
    for (let tries = 0; tries < TRIES && seen.size < size; tries++) {
      const one = child();
      const key = space.key(one.arch);
      if (seen.has(key)) continue;
      seen.add(key);
      return one;
    }
    const all = seen.size >= size;
    finished = all
      ? `All ${size} architectures of the space were asked for: the search ends after ${trials} trials.`
      : `${TRIES} attempts in a row gave no architecture that was not asked for before: the search ends after ` +
        `${trials} trials.`;
    return null;
  };
  const add = (one: Known<A>) => {
    const first = told++ < initial;
    if (config.strict && first && population.length >= config.population) return;
    population.push(one);
    const most = config.strict && !first ? config.population - 1 : config.population;
    if (population.length <= most) return;
    if (config.drop !== "worst") return void population.shift();
    const worst = population.reduce((w, other, i) => other.score < population[w].score ? i : w, 0);
    population.splice(worst, 1);
  };
  return {
    order: "arrival",
    draw: (n) => Promise.resolve(Array.from({ length: n }, () => child().arch)),
    get finished() {
      return finished;
    },
    ask(n) {
      const asked: Trial<A>[] = [];
      for (let one: Child<A> | null; asked.length < n && (one = fresh()) !== null;) {
        asked.push(asTrial(trials++, one));
      }
      return Promise.resolve(asked);
    },
    tell(done) {
      for (const { id, arch, score } of done) add({ arch, score: score.value, trial: id });
      return Promise.resolve({ reward: meanReward(done) });
    },
    snapshot: () =>
      Promise.resolve({
        json: {
          drawn: rng.index,
          trials,
          told,
          population: saveScores(space, population),
          ...config.distinct && { seen: [...seen] },
        } satisfies Saved,
        tensors: {},
      }),
    restore({ json }) {
      const saved = json as Saved;
      rng.index = saved.drawn;
      ({ trials, told } = saved);
      population = loadScores(space, saved.population);
      seen = new Set(saved.seen);
      return Promise.resolve();
    },
  };
}

/** The best of some random members. Without replacement the whole population is the largest tournament. */
function tournament<A>(
  population: readonly Known<A>[],
  { tournament: size, replacement = true }: EvolutionConfig,
  rng: Rng,
): Known<A> {
  const left = [...population];
  let best: Known<A> | undefined;
  for (let i = 0; i < size && left.length > 0; i++) {
    const at = rng.below(left.length);
    const one = left[at];
    if (!replacement) left.splice(at, 1);
    if (best === undefined || one.score > best.score) best = one;
  }
  return best!;
}
