/** Random search: samples each architecture by the space (every decision uniform) or by an encoding. */
import * as z from "zod";
import { Rng, Stream } from "../../common/random.ts";
import { defineStrategy } from "../definition.ts";
import type { Strategy } from "../strategy.ts";
import { meanReward } from "./asking.ts";
import type { VariationOperators } from "./variation.ts";
import { encodingSettings } from "./settings.ts";

/** Attempts to sample an architecture not asked for before (5 in the code of White et al., NeurIPS 2020). */
const PATIENCE = 5;

interface Saved {
  drawn: number;
  trials: number;
  /** Choices of the architectures asked for. */
  asked: number[][];
}

/** Asks for an architecture twice only where `PATIENCE` samples give no new one. */
export function randomStrategy<A>(variation: VariationOperators<A>, seed: number): Strategy<A> {
  const { space } = variation;
  const rng = new Rng(seed, Stream.search);
  let trials = 0;
  let asked = new Map<string, A>();
  const fresh = (): A => {
    let arch = variation.sample(rng);
    for (let i = 1; i < PATIENCE && asked.has(space.key(arch)); i++) arch = variation.sample(rng);
    asked.set(space.key(arch), arch);
    return arch;
  };
  return {
    order: "arrival",
    draw: (n) => Promise.resolve(Array.from({ length: n }, () => variation.sample(rng))),
    sampleFrom: (_policy, n) =>
      Promise.resolve(Array.from({ length: n }, () => variation.sample(rng))),
    ask: (n) => Promise.resolve(Array.from({ length: n }, () => ({ id: trials++, arch: fresh() }))),
    tell: (done) => Promise.resolve({ reward: meanReward(done) }),
    snapshot() {
      const json: Saved = {
        drawn: rng.index,
        trials,
        asked: Array.from(asked.values(), (arch) => space.encode(arch)),
      };
      return Promise.resolve({ json, tensors: {} });
    },
    restore({ json }) {
      const saved = json as Saved;
      rng.index = saved.drawn;
      trials = saved.trials;
      asked = new Map(
        saved.asked.map((choice) => space.decode(choice)).map((arch) => [space.key(arch), arch]),
      );
      return Promise.resolve();
    },
  };
}

export const randomDefinition = defineStrategy({
  name: "random",
  summary: "every architecture drawn anew",
  settings: z.strictObject(encodingSettings),
  open: (_settings, { config, variation }) => randomStrategy(variation, config.seed),
});
