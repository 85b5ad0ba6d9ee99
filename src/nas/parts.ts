/** Parts of a search that any evaluator has: the space and the limits. */
import { UsageError } from "../errors.ts";
import type { SearchConfig } from "./config.ts";
import { describe } from "./describe.ts";
import type { BuildContext, ChildConfig, SearchSpace } from "./space.ts";
import { spaces } from "./spaces/mod.ts";

/** A space by its name; throws UsageError naming the known ones. */
export function openSpace(name: string, config: ChildConfig): SearchSpace<unknown> {
  const make = spaces[name];
  if (!make) {
    throw new UsageError(
      `Cannot open space ${name}: expected one of ${Object.keys(spaces).join(", ")}`,
    );
  }
  return make(config) as SearchSpace<unknown>;
}

/** Size of the search child of an architecture. */
export type Sizes = (arch: unknown) => { parameters: number; macs: number };

/** Describing takes milliseconds: sizes are remembered. */
export function sizesIn(
  space: SearchSpace<unknown>,
  context: Omit<BuildContext, "weights">,
): Sizes {
  const known = new Map<string, { parameters: number; macs: number }>();
  return (arch) => {
    const key = space.key(arch);
    let found = known.get(key);
    if (!found) {
      const { parameters, macs } = describe({ space, choice: space.encode(arch), ...context });
      found = { parameters, macs: macs! };
      // A long search draws hundreds of thousands.
      if (known.size === 10_000) known.clear();
      known.set(key, found);
    }
    return found;
  };
}

/** Limits on the search child's parameters and multiply-adds per image. */
export function limits(
  { maxParams, maxMacs }: SearchConfig,
  sizes: Sizes,
): (arch: unknown) => boolean {
  if (!maxParams && !maxMacs) return () => true;
  return (arch) => {
    const { parameters, macs } = sizes(arch);
    return (!maxParams || parameters <= maxParams) && (!maxMacs || macs <= maxMacs);
  };
}

/**
 * The objectives beside the score, all to be maximised; undefined where there are none.
 * @param column values of a table's column by architecture, already signed; undefined for an unknown name.
 * @throws UsageError for a name that nobody knows.
 */
export function furtherObjectives(
  { objectives }: SearchConfig,
  sizes: Sizes,
  column: (name: string) => ((arch: unknown) => number) | undefined = () => undefined,
): ((arch: unknown) => number[]) | undefined {
  if (!objectives.length) return undefined;
  const each = objectives.map((name) => {
    if (name === "-parameters") return (arch: unknown) => -sizes(arch).parameters;
    if (name === "-macs") return (arch: unknown) => -sizes(arch).macs;
    const values = column(name);
    if (values) return values;
    throw new UsageError(
      `Cannot use objective ${
        JSON.stringify(name)
      }: expected -parameters, -macs or, on a table, a column`,
    );
  });
  return (arch) => each.map((one) => one(arch));
}
