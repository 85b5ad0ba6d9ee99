/** Drawing architectures without a policy. */
import type { Rng } from "../random.ts";
import type { Decision, SearchSpace } from "./space.ts";

/** The options a decision allows. */
export function allowed({ options, mask }: Decision): number[] {
  return Array.from({ length: options }, (_, i) => i).filter((i) => mask?.[i] ?? true);
}

/** Every decision uniform over its allowed options. */
export function uniformArchitecture<A>(space: SearchSpace<A>, rng: Rng): A {
  const choice: number[] = [];
  for (;;) {
    const decision = space.next(choice);
    if (!decision) return space.decode(choice);
    choice.push(rng.pick(allowed(decision)));
  }
}
