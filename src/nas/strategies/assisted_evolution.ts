/**
 * Assisted evolution (AREA of Mellor et al., ICML 2021, in the form of Schrodi et al., NeurIPS 2023): random
 * architectures are scored untrained, the best of them are the initial population of regularised evolution.
 */
import { Rng, salted, Stream } from "../../common/random.ts";
import type { Scored, State, Strategy, Trial } from "../strategy.ts";
import { evolutionStrategy } from "./evolution.ts";
import type { VariationOperators } from "./variation.ts";

export interface AssistedConfig {
  population: number;
  tournament: number;
  /** Random architectures that are scored untrained; the best `population` of them are evaluated. */
  untrained: number;
}

interface Saved {
  drawn: number;
  /** Whether the untrained scores have been asked for. */
  asked: boolean;
  /** Choices to evaluate next, best first. */
  queue: number[][];
  evolution: unknown;
}

/**
 * Opens assisted evolution.
 * @throws UsageError where space or encoding have no mutation.
 */
export function assistedEvolution<A>(
  variation: VariationOperators<A>,
  seed: number,
  { untrained, ...config }: AssistedConfig,
): Strategy<A> {
  const { space } = variation;
  const rng = new Rng(seed, salted(Stream.search, 1));
  let asked = false;
  let queue: A[] = [];
  // Evolution samples its initial population: it gets the best of the untrained ones, as long as there are some.
  const sample = (from: Rng) => queue.shift() ?? variation.sample(from);
  const evolution = evolutionStrategy({ ...variation, sample }, seed, config);

  const askUntrained = (): Trial<A>[] => {
    asked = true;
    return Array.from({ length: untrained }, (_, id) => {
      return { id, arch: variation.sample(rng), epochs: 0, partial: true };
    });
  };
  const rank = (done: readonly Scored<A>[]) => {
    queue = done.filter(({ status = "ok" }) => status === "ok")
      .toSorted((a, b) => b.score.value - a.score.value || a.id - b.id)
      .slice(0, config.population).map(({ arch }) => arch);
    return Promise.resolve({});
  };
  return {
    draw: (n) =>
      asked && queue.length === 0
        ? evolution.draw(n)
        : Promise.resolve(Array.from({ length: n }, () => variation.sample(rng))),
    async ask(n) {
      if (!asked && untrained > 0) return askUntrained();
      const trials = await evolution.ask(n);
      return trials.map((trial) => ({ ...trial, id: trial.id + untrained }));
    },
    tell: (done) => done.every(({ epochs }) => epochs === 0) ? rank(done) : evolution.tell(done),
    async snapshot(): Promise<State> {
      const json: Saved = {
        drawn: rng.index,
        asked,
        queue: queue.map((arch) => space.encode(arch)),
        evolution: (await evolution.snapshot()).json,
      };
      return { json, tensors: {} };
    },
    async restore({ json }) {
      const saved = json as Saved;
      rng.index = saved.drawn;
      asked = saved.asked;
      queue = saved.queue.map((choice) => space.decode(choice));
      await evolution.restore({ json: saved.evolution, tensors: {} });
    },
  };
}
