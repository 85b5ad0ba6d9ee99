/** Hand-made network of a search space, as a baseline for searches. */
import { UsageError } from "../../common/errors.ts";
import type { ArchFile } from "../arch_formats/arch_file.ts";
import { describe } from "./describe.ts";
import type { RetrainConfig } from "../config/config.ts";
import type { Settings } from "../definition.ts";
import { openSpace, spaces } from "../registry.ts";

/**
 * Choices of the hand-made network.
 * @throws UsageError for a space without one.
 */
export function baselineChoice({ kind, ...settings }: Settings): number[] {
  const { baseline } = spaces.get(kind);
  if (baseline) return baseline(settings);
  const known = spaces.all().flatMap((space) => space.baseline ? [space.name] : []);
  throw new UsageError(
    `Cannot make a baseline in space ${kind}: only ${known.join(" and ")} have a hand-made network`,
  );
}

/** Parameters of an architecture's network under a config, without an auxiliary head. */
export function parametersOf(arch: ArchFile, config: RetrainConfig): number {
  const space = openSpace(config.space);
  const { input, classes } = arch;
  return describe({
    space,
    choice: arch.choice,
    input,
    classes: typeof classes === "number" ? classes : classes.length,
    form: config.form,
  }).parameters;
}

/**
 * The even number of filters at which an architecture's parameters come closest to a given number.
 * @param withFilters returns the config with a number of filters.
 */
export function filtersFor(
  parameters: number,
  arch: ArchFile,
  withFilters: (filters: number) => RetrainConfig,
): number {
  const at = (filters: number) => parametersOf(arch, withFilters(filters));
  let high = 2;
  while (at(high) < parameters) high *= 2;
  let low = high / 2 & ~1;
  // Parameters grow with the filters: `low` has too few, `high` has enough.
  while (high - low > 2) {
    const middle = (low + high) / 2 & ~1;
    if (at(middle) < parameters) low = middle;
    else high = middle;
  }
  return low >= 2 && parameters - at(low) < at(high) - parameters ? low : high;
}
