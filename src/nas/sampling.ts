/** Drawing architectures without a policy. */
import { Rng, Stream } from "../common/random.ts";
import { allowed, walk } from "./decisions.ts";
import type { SearchSpace } from "./space.ts";

/** Every decision uniform over its allowed options. */
export function uniformArchitecture<A>(space: SearchSpace<A>, rng: Rng): A {
  return space.decode(walk(space, (decision) => rng.pick(allowed(decision))));
}

/** Architectures that show nearly every operation at every place. */
const SOME = 12;

/**
 * A few architectures, always the same ones: what kernels the networks of a space need.
 * @param most where no more than so many are going to be built.
 */
export function someArchitectures<A>(space: SearchSpace<A>, most = SOME): A[] {
  const rng = new Rng(1, Stream.search);
  return Array.from({ length: Math.min(most, SOME) }, () => uniformArchitecture(space, rng));
}
