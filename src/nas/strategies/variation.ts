/** Variation operators of a strategy: sampling, mutation and neighbours, by the space or by an encoding. */
import { UsageError } from "../../common/errors.ts";
import type { Encoding } from "../encodings/encoding.ts";
import type { Rng } from "../../common/random.ts";
import { uniformArchitecture } from "../sampling.ts";
import type { SearchSpace } from "../space.ts";

export interface VariationOperators<A> {
  readonly space: SearchSpace<A>;
  sample(rng: Rng): A;
  /**
   * Mutates an architecture.
   * @param edits number of mutations in a row by the space; for an encoding with a rate, a factor on it.
   * @throws UsageError where neither space nor encoding can mutate.
   */
  perturb(arch: A, rng: Rng, edits?: number): A;
  neighbours(arch: A): A[];
  /**
   * Checks before a search that the variation operators a strategy needs exist.
   * @throws UsageError if not.
   */
  require(strategy: string, ...needed: ("perturb" | "neighbours")[]): void;
}

const WORDS = { perturb: "mutation", neighbours: "neighbourhood" };

/**
 * Variation operators of a space.
 * @param encodings used for sampling, and for perturbing and neighbours; default: the space's own operators.
 * @throws UsageError for an encoding that cannot sample.
 */
export function variationOf<A>(
  space: SearchSpace<A>,
  encodings: { sample?: Encoding<A>; perturb?: Encoding<A> } = {},
): VariationOperators<A> {
  const { sample, perturb: near } = encodings;
  if (sample && !sample.sample) throw cannot(sample.name, "sample", space.name);
  const perturb = near ? near.perturb : space.mutate && ((arch: A, rng: Rng, edits = 1) => {
    for (let e = 0; e < edits; e++) arch = space.mutate!(arch, rng);
    return arch;
  });
  const neighbours = near ? near.neighbours : space.neighbours?.bind(space);
  const known = { perturb, neighbours };
  const missing = (what: "perturb" | "neighbours", strategy: string) =>
    near ? cannot(near.name, what, space.name) : new UsageError(
      `Cannot use ${strategy} in space ${space.name}: it has no ${WORDS[what]}; ` +
        "try --strategy random",
    );
  return {
    space,
    sample: (rng) =>
      sample ? sample.sample!(rng) : space.sample?.(rng) ?? uniformArchitecture(space, rng),
    perturb(arch, rng, edits) {
      if (!perturb) throw missing("perturb", "mutations");
      return perturb(arch, rng, edits);
    },
    neighbours(arch) {
      if (!neighbours) throw missing("neighbours", "local search");
      return neighbours(arch);
    },
    require(strategy, ...needed) {
      for (const what of needed) if (!known[what]) throw missing(what, strategy);
    },
  };
}

const cannot = (encoding: string, what: string, space: string) =>
  new UsageError(
    `Cannot use encoding ${encoding} of ${space} to ${
      what === "neighbours" ? "list neighbours" : what
    }: it does not say how; try adj`,
  );
