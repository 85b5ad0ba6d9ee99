/**
 * Regularised evolution (Real et al., "Regularized Evolution for Image Classifier Architecture Search", AAAI
 * 2019, algorithm 1): the winner of a tournament is mutated, the oldest member is removed.
 */
import * as z from "zod";
import { Rng, Stream } from "../../common/random.ts";
import { defineStrategy } from "../definition.ts";
import { asOption } from "../config/as_option.ts";
import { countOf, limits, sizeOf } from "../config/limits.ts";
import type { Strategy } from "../strategy.ts";
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
import { encodingSettings, POPULATIONS } from "./settings.ts";

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
}

interface Saved {
  drawn: number;
  trials: number;
  told: number;
  population: SavedScore[];
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

  const child = (): Child<A> => {
    if (told < initial) return { arch: variation.sample(rng) };
    let best = rng.pick(population);
    for (let i = 1; i < config.tournament; i++) {
      const other = rng.pick(population);
      if (other.score > best.score) best = other;
    }
    return { arch: variation.perturb(best.arch, rng), parents: parentsOf(best) };
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
    ask: (n) => Promise.resolve(Array.from({ length: n }, () => asTrial(trials++, child()))),
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
        } satisfies Saved,
        tensors: {},
      }),
    restore({ json }) {
      const saved = json as Saved;
      rng.index = saved.drawn;
      ({ trials, told } = saved);
      population = loadScores(space, saved.population);
      return Promise.resolve();
    },
  };
}

/** Sizes of population and tournament in the presets for two processor cores. */
const SMALL: Readonly<Record<string, { population: number; tournament: number }>> = {
  smoke: { population: 4, tournament: 2 },
  quick: { population: 20, tournament: 5 },
};

export const evolutionDefinition = defineStrategy({
  name: "evolution",
  summary: "regularised evolution: winners of tournaments are mutated, the oldest die",
  settings: z.strictObject({
    population: sizeOf(limits.architectures).default(50).meta(
      asOption("evolution, nsga2: architectures alive at a time"),
    ),
    tournament: sizeOf(limits.architectures).default(10).meta(
      asOption("evolution: members of which the best becomes a parent"),
    ),
    /** Random samples before the first mutation; 0 = as many as the population. */
    initial: countOf(limits.architectures).default(0),
    /** Member to remove for a child. */
    drop: z.enum(["oldest", "worst"]).default("oldest"),
    /** Quirk of the code of the encodings study: members are removed one child too early. */
    strict: z.boolean().default(false),
    ...encodingSettings,
  }),
  defaults: ({ preset, cost }) => cost === "pass" ? SMALL[preset] ?? {} : POPULATIONS[cost],
  published: { strict: true },
  open: (settings, { config, variation }) => evolutionStrategy(variation, config.seed, settings),
});
