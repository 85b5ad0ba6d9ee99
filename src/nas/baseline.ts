/**
 * A network made by hand in the terms of a search space: what a search has to beat. Separable 3×3 convolutions
 * with residual connections (He et al., "Deep Residual Learning for Image Recognition", CVPR 2016).
 */
import { UsageError } from "../errors.ts";
import type { ArchFile } from "./arch_file.ts";
import { describe } from "./describe.ts";
import type { RetrainConfig } from "./config.ts";
import { macroOps } from "./spaces/macro_arch.ts";
import { microOps } from "./spaces/micro_arch.ts";
import { openSpace } from "./search.ts";

const MACRO_SEP3 = macroOps.findIndex(({ kind, k }) => kind === "separable" && k === 3);
const MICRO_SEP3 = microOps.findIndex(({ kind, k }) => kind === "separable" && k === 3);
const MICRO_MAX = microOps.findIndex(({ kind }) => kind === "max");
const MICRO_IDENTITY = microOps.findIndex(({ kind }) => kind === "identity");

/** @throws UsageError for a space that has no hand-made network. */
export function baselineChoice(space: string, size: { layers: number; blocks: number }): number[] {
  if (space === "macro") return macroBaseline(size.layers);
  if (space === "micro") return microBaseline(size.blocks);
  throw new UsageError(
    `Cannot make a baseline in space ${space}: only micro and macro have a hand-made network`,
  );
}

/** Every second layer also reads what its predecessor read: output i is that of layer i − 1. */
function macroBaseline(layers: number): number[] {
  return Array.from({ length: layers }, (_, layer) => {
    const skips = new Array<number>(layer).fill(0);
    if (layer % 2 === 1) skips[layer - 1] = 1;
    return [MACRO_SEP3, ...skips];
  }).flat();
}

/** Each block adds a convolution to what it reads; the first of a reduction cell adds it to a pooling. */
function microBaseline(blocks: number): number[] {
  const cell = (first: number) =>
    Array.from({ length: blocks }, (_, block) => {
      const input = block + 1; // The preceding block, or the preceding cell.
      return [input, MICRO_SEP3, input, block === 0 ? first : MICRO_IDENTITY];
    }).flat();
  return [...cell(MICRO_IDENTITY), ...cell(MICRO_MAX)];
}

/** Parameters of the network that a config makes of an architecture, without an auxiliary head. */
export function parametersOf(arch: ArchFile, config: RetrainConfig): number {
  const space = openSpace(config.space, config.child);
  const { input, classes } = arch;
  return describe({
    space,
    choice: arch.choice,
    input,
    classes: typeof classes === "number" ? classes : classes.length,
    config: config.child,
  }).parameters;
}

/**
 * The even number of filters at which an architecture comes closest to so many parameters.
 * @param withFilters the config with so many filters.
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
  // Parameters grow with the filters: below `low` there are too few, from `high` on enough.
  while (high - low > 2) {
    const middle = (low + high) / 2 & ~1;
    if (at(middle) < parameters) low = middle;
    else high = middle;
  }
  return low >= 2 && parameters - at(low) < at(high) - parameters ? low : high;
}
