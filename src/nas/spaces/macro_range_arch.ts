/** Architectures of channel ranges: what they are made of, whatever network is built from them. */
import type { z } from "zod";
import { macroSettings } from "./macro_arch.ts";
import { countOf, limits } from "../config/limits.ts";

export const rangeSettings = macroSettings.extend({
  /** Channels that ranges count in: those of the search; 0 = filters. */
  rangeFilters: countOf(limits.filters).default(0),
});
export type RangeSettings = z.output<typeof rangeSettings>;

/** Channels `start` … `start + count − 1`. */
export interface Range {
  start: number;
  count: number;
}

export interface RangeLayer {
  /** Of each operation, in the order of `macroOps`. */
  ranges: Range[];
  /** One bit per earlier output: 0 is the stem, j the layer j − 1; the predecessor always is an input. */
  skips: number[];
}

export interface RangeArch {
  layers: RangeLayer[];
}

/** Channels that ranges count in: those of the search, whatever the width of the network that is built. */
export const rangeUnits = (
  { rangeFilters, filters }: Pick<RangeSettings, "rangeFilters" | "filters">,
): number => rangeFilters || filters;
