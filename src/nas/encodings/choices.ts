/** One-hot encoding of the choices, for every space whose decisions are a fixed list. */
import { UsageError } from "../../common/errors.ts";
import { decisionsOf } from "../decisions.ts";
import type { SearchSpace } from "../space.ts";
import type { Encoding } from "./encoding.ts";
import { differing, oneHot } from "./paths.ts";

/** Opens the encoding. @throws UsageError, on use, for architectures with different numbers of decisions. */
export function choiceEncoding<A>(space: SearchSpace<A>): Encoding<A> {
  let options: number[] | null = null;
  const choiceOf = (arch: A): number[] => {
    const choice = space.encode(arch);
    options ??= decisionsOf(space, choice).map((decision) => decision.options);
    if (choice.length === options.length) return choice;
    throw new UsageError(
      `Cannot encode architectures of space ${space.name} by their choices: some have ` +
        `${options.length}, some ${choice.length}`,
    );
  };
  return {
    name: "choices",
    distance: (a, b) => differing(choiceOf(a), choiceOf(b)),
    features: (arch) => {
      let first = 0;
      const ones = choiceOf(arch).map((c, i) => {
        const at = first + c;
        first += options![i];
        return at;
      });
      return oneHot(ones, first);
    },
  };
}
