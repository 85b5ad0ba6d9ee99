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

/** Limits on the search child's parameters and multiply-adds per image. */
export function limits(
  { maxParams, maxMacs }: SearchConfig,
  space: SearchSpace<unknown>,
  context: Omit<BuildContext, "weights">,
): (arch: unknown) => boolean {
  if (!maxParams && !maxMacs) return () => true;
  const known = new Map<string, boolean>();
  return (arch) => {
    const key = space.key(arch);
    let fits = known.get(key);
    if (fits === undefined) {
      const { parameters, macs } = describe({ space, choice: space.encode(arch), ...context });
      fits = (!maxParams || parameters <= maxParams) && (!maxMacs || macs! <= maxMacs);
      // A long search draws hundreds of thousands.
      if (known.size === 10_000) known.clear();
      known.set(key, fits);
    }
    return fits;
  };
}
