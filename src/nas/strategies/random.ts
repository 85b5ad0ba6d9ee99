/** Random search: every decision uniform over its allowed options. */
import { Rng, Stream } from "../../random.ts";
import { uniformArchitecture } from "../sampling.ts";
import type { SearchSpace } from "../space.ts";
import type { Strategy } from "../strategy.ts";

export function randomStrategy<A>(space: SearchSpace<A>, seed: number): Strategy<A> {
  const rng = new Rng(seed, Stream.search);
  let trials = 0;
  const draw = (n: number) => Array.from({ length: n }, () => uniformArchitecture(space, rng));
  return {
    draw: (n) => Promise.resolve(draw(n)),
    ask: (n) => Promise.resolve(draw(n).map((arch) => ({ id: trials++, arch }))),
    tell: (done) =>
      Promise.resolve({ reward: done.reduce((sum, d) => sum + d.score.value, 0) / done.length }),
    snapshot: () => Promise.resolve({ json: { drawn: rng.index, trials }, tensors: {} }),
    restore({ json }) {
      const saved = json as { drawn: number; trials: number };
      rng.index = saved.drawn;
      trials = saved.trials;
      return Promise.resolve();
    },
  };
}
