/** Encoding of channel-range architectures, independent of the network built from them. */
import type { z } from "zod";
import { macroSettings } from "./macro_arch.ts";
import { countOf, limits } from "../config/limits.ts";

export const rangeSettings = macroSettings.extend({
  /** Channels of the search network, in which ranges are counted; 0 = filters. */
  rangeFilters: countOf(limits.filters).default(0),
});
export type RangeSettings = z.output<typeof rangeSettings>;

/** Channels `start` … `start + count − 1`. */
export interface Range {
  start: number;
  count: number;
}

export interface RangeLayer {
  /** One range per operation, in the order of `macroOps`. */
  ranges: Range[];
  /** One bit per earlier output: 0 is the stem, j the layer j − 1. The predecessor is always an input. */
  skips: number[];
}

export interface RangeArch {
  layers: RangeLayer[];
}

/** Channels of the search network, in which ranges are counted whatever the width of the built network. */
export const rangeUnits = (
  { rangeFilters, filters }: Pick<RangeSettings, "rangeFilters" | "filters">,
): number => rangeFilters || filters;
