/** Settings shared by networks of several spaces, with bounds and defaults. */
import * as z from "zod";
import { asOption } from "../config/as_option.ts";
import { limits, sizeOf } from "../config/limits.ts";

const share = z.number().gt(0).max(1);

/** Descriptions of the options `--layers` and `--filters`, the same in every space. */
export const LAYERS = asOption("layers of the network");
export const FILTERS = asOption("channels of the first layer");

/** Settings of every network that `toModel` makes. */
export const networkSettings = {
  stem: z.literal([1, 2, 4]).default(1).meta(asOption("total stride of the stem: 1, 2 or 4")),
  /** Quirk Q10: initial weights of depthwise kernels and of weight banks as released. */
  legacyInit: z.boolean().default(false),
  /** Batch norm: epsilon and decay of the running statistics. */
  bnEpsilon: z.number().positive().default(1e-5),
  bnDecay: z.number().min(0).lt(1).default(0.9),
  /** Bias correction of the running statistics, which removes their start values. */
  bnDebias: z.boolean().default(true),
};

/** Settings of ENAS's networks. */
export const enasSettings = {
  ...networkSettings,
  /** Keep probability of dropout before the classifier. */
  keep: share.default(0.9),
};

/** Settings of networks built from two repeated cells. */
export const cellSettings = {
  /** Keep probability of drop-path at the last layer and step, in networks trained from scratch. */
  dropPathKeep: share.default(1),
  auxHead: z.boolean().default(false),
};

export const layers = (least: number, byDefault: number) =>
  sizeOf(limits.layers).min(
    least,
    `expected at least ${least} layers: two reductions need room (Q20)`,
  )
    .default(byDefault).meta(LAYERS);

/** Channels of the first stage. */
export const evenFilters = (byDefault: number) =>
  sizeOf(limits.filters).min(2).multipleOf(2, "expected an even number: a reduction halves it")
    .default(byDefault).meta(FILTERS);

export const blocks = (byDefault: number) =>
  sizeOf(limits.blocks).default(byDefault).meta(asOption("blocks or nodes per cell"));

const network = z.object(networkSettings);
export type NetworkSettings = z.output<typeof network>;
