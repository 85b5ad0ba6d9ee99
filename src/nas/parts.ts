/** Parts of a search that any evaluator has: the space, the strategy, the limits. */
import { UsageError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import type { SearchConfig } from "./config.ts";
import { describe } from "./describe.ts";
import type { BuildContext, ChildConfig, SearchSpace } from "./space.ts";
import { spaces } from "./spaces/mod.ts";
import { EnasStrategy } from "./strategies/enas.ts";
import { NnablaStrategy } from "./strategies/enas_nnabla.ts";
import { evolutionStrategy } from "./strategies/evolution.ts";
import { randomStrategy } from "./strategies/random.ts";
import type { Strategy } from "./strategy.ts";

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

/** Whether a strategy learns on the device: others need none. */
export const learnsOnDevice = ({ strategy }: Pick<SearchConfig, "strategy">): boolean =>
  strategy.startsWith("enas");

/**
 * @param gpu null where no device is open.
 * @throws UsageError where strategy and space, or strategy and evaluator, do not fit.
 */
export function openStrategy(
  config: SearchConfig,
  space: SearchSpace<unknown>,
  gpu: Gpu | null,
): Strategy<unknown> {
  if (config.strategy === "random") return randomStrategy(space, config.seed);
  if (config.strategy === "evolution") {
    return evolutionStrategy(space, config.seed, config.evolution);
  }
  if (config.strategy === "enas-nnabla" && config.evaluator.kind !== "shared") {
    throw new UsageError(
      `Cannot use strategy enas-nnabla with evaluator ${config.evaluator.kind}: it trains the best of its ` +
        `candidates with shared weights; try --strategy enas`,
    );
  }
  if (!gpu) throw new Error(`Cannot open strategy ${config.strategy}: it needs a device`);
  const enas = new EnasStrategy(gpu, space, config);
  return config.strategy === "enas-nnabla" ? new NnablaStrategy(enas, space) : enas;
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
