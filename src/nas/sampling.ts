/** Samples architectures without a policy. */
import { TooLargeError } from "../common/errors.ts";
import { Rng, Stream } from "../common/random.ts";
import { allowed, walk } from "./decisions.ts";
import type { SearchSpace } from "./space.ts";

/** Architectures drawn until one is small enough. */
const TRIES = 50;

/**
 * Samples each decision uniformly from its allowed options; architectures that are too large are drawn again.
 * @throws TooLargeError when 50 in a row are.
 */
export function uniformArchitecture<A>(space: SearchSpace<A>, rng: Rng): A {
  for (let t = 1;; t++) {
    try {
      return space.decode(walk(space, (decision) => rng.pick(allowed(decision))));
    } catch (error) {
      if (!(error instanceof TooLargeError) || t === TRIES) throw error;
    }
  }
}

/** Number of samples that show nearly every operation at every position. */
const SOME = 12;

/**
 * A few architectures, always the same ones: their networks need nearly all kernels of a space.
 * @param most at most this many, where fewer are going to be built.
 */
export function someArchitectures<A>(space: SearchSpace<A>, most = SOME): A[] {
  const rng = new Rng(1, Stream.search);
  return Array.from({ length: Math.min(most, SOME) }, () => uniformArchitecture(space, rng));
}
