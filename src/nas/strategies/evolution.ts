/**
 * Regularised evolution (Real et al., "Regularized Evolution for Image Classifier Architecture Search",
 * AAAI 2019, algorithm 1): the winner of a tournament is mutated, the oldest dies.
 */
import { UsageError } from "../../errors.ts";
import { Rng, Stream } from "../../random.ts";
import { uniformArchitecture } from "../sampling.ts";
import type { SearchSpace } from "../space.ts";
import type { Strategy } from "../strategy.ts";

export interface EvolutionConfig {
  population: number;
  tournament: number;
}

interface Saved {
  drawn: number;
  trials: number;
  population: { choice: number[]; score: number }[];
}

export function evolutionStrategy<A>(
  space: SearchSpace<A>,
  seed: number,
  config: EvolutionConfig,
): Strategy<A> {
  const { mutate } = space;
  if (!mutate) {
    throw new UsageError(
      `Cannot evolve in space ${space.name}: it has no mutation; try --strategy random`,
    );
  }
  const rng = new Rng(seed, Stream.search);
  let trials = 0;
  /** Oldest first. */
  let population: { arch: A; score: number }[] = [];

  const child = (): A => {
    if (population.length < config.population) return uniformArchitecture(space, rng);
    let best = rng.pick(population);
    for (let i = 1; i < config.tournament; i++) {
      const other = rng.pick(population);
      if (other.score > best.score) best = other;
    }
    return mutate.call(space, best.arch, rng);
  };
  return {
    draw: (n) => Promise.resolve(Array.from({ length: n }, child)),
    ask: (n) => Promise.resolve(Array.from({ length: n }, () => ({ id: trials++, arch: child() }))),
    tell(done) {
      for (const { arch, score } of done) population.push({ arch, score: score.value });
      population = population.slice(-config.population);
      return Promise.resolve({
        reward: done.reduce((sum, d) => sum + d.score.value, 0) / done.length,
      });
    },
    snapshot: () =>
      Promise.resolve({
        json: {
          drawn: rng.index,
          trials,
          population: population.map(({ arch, score }) => ({ choice: space.encode(arch), score })),
        } satisfies Saved,
        tensors: {},
      }),
    restore({ json }) {
      const saved = json as Saved;
      rng.index = saved.drawn;
      trials = saved.trials;
      population = saved.population.map(({ choice, score }) => ({
        arch: space.decode(choice),
        score,
      }));
      return Promise.resolve();
    },
  };
}
