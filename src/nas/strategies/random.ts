/** Random search: every architecture drawn anew, by the space (every decision uniform) or by an encoding. */
import { z } from "zod";
import { Rng, Stream } from "../../random.ts";
import { defineStrategy } from "../definition.ts";
import type { Strategy } from "../strategy.ts";
import { meanReward } from "./asking.ts";
import type { Moves } from "./moves.ts";
import { encodingSettings } from "./settings.ts";

export function randomStrategy<A>(moves: Moves<A>, seed: number): Strategy<A> {
  const rng = new Rng(seed, Stream.search);
  let trials = 0;
  const draw = (n: number) => Array.from({ length: n }, () => moves.sample(rng));
  return {
    draw: (n) => Promise.resolve(draw(n)),
    sampleFrom: (_policy, n) => Promise.resolve(draw(n)),
    ask: (n) => Promise.resolve(draw(n).map((arch) => ({ id: trials++, arch }))),
    tell: (done) => Promise.resolve({ reward: meanReward(done) }),
    snapshot: () => Promise.resolve({ json: { drawn: rng.index, trials }, tensors: {} }),
    restore({ json }) {
      const saved = json as { drawn: number; trials: number };
      rng.index = saved.drawn;
      trials = saved.trials;
      return Promise.resolve();
    },
  };
}

export const randomDefinition = defineStrategy({
  name: "random",
  summary: "every architecture drawn anew",
  settings: z.strictObject(encodingSettings),
  open: (_settings, { config, moves }) => randomStrategy(moves, config.seed),
});
