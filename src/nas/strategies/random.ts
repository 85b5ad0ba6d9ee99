/** Random search: every architecture drawn anew, by the space (every decision uniform) or by an encoding. */
import { Rng, Stream } from "../../random.ts";
import type { Strategy } from "../strategy.ts";
import { meanReward } from "./asking.ts";
import type { Moves } from "./moves.ts";

export function randomStrategy<A>(moves: Moves<A>, seed: number): Strategy<A> {
  const rng = new Rng(seed, Stream.search);
  let trials = 0;
  const draw = (n: number) => Array.from({ length: n }, () => moves.sample(rng));
  return {
    draw: (n) => Promise.resolve(draw(n)),
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
