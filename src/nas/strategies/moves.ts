/** How a strategy gets from nothing, or from one architecture, to another: by the space itself or by an encoding. */
import { UsageError } from "../../errors.ts";
import type { Encoding } from "../encodings/encoding.ts";
import type { Rng } from "../../random.ts";
import { uniformArchitecture } from "../sampling.ts";
import type { SearchSpace } from "../space.ts";

export interface Moves<A> {
  readonly space: SearchSpace<A>;
  sample(rng: Rng): A;
  /** @throws UsageError where neither space nor encoding can. */
  perturb(arch: A, rng: Rng): A;
  neighbours(arch: A): A[];
  /** Throws a UsageError unless the moves that a strategy needs are there: before a search starts. */
  require(strategy: string, ...needed: ("perturb" | "neighbours")[]): void;
}

const WORDS = { perturb: "mutation", neighbours: "neighbourhood" };

/**
 * @param encodings for sampling, and for perturbing and neighbourhoods; the space's own where none is given.
 * @throws UsageError for an encoding that cannot sample.
 */
export function movesOf<A>(
  space: SearchSpace<A>,
  encodings: { sample?: Encoding<A>; perturb?: Encoding<A> } = {},
): Moves<A> {
  const { sample, perturb: near } = encodings;
  if (sample && !sample.sample) throw cannot(sample.name, "sample", space.name);
  const perturb = near ? near.perturb : space.mutate?.bind(space);
  const neighbours = near ? near.neighbours : space.neighbours?.bind(space);
  const known = { perturb, neighbours };
  const missing = (what: "perturb" | "neighbours", strategy: string) =>
    near ? cannot(near.name, what, space.name) : new UsageError(
      `Cannot use ${strategy} in space ${space.name}: it has no ${WORDS[what]}; ` +
        "try --strategy random",
    );
  return {
    space,
    sample: (rng) => sample ? sample.sample!(rng) : uniformArchitecture(space, rng),
    perturb(arch, rng) {
      if (!perturb) throw missing("perturb", "mutations");
      return perturb(arch, rng);
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
