/** Encoding of macro architectures, independent of the network built from them. */
import * as z from "zod";
import { asOption } from "../config/as_option.ts";
import { enasSettings, evenFilters, layers } from "./settings.ts";

export interface MacroLayer {
  /** Index into `macroOps`. */
  op: number;
  /** One bit per earlier output: 0 is the stem, j the layer j − 1. The predecessor is always an input. */
  skips: number[];
}

export interface MacroArch {
  layers: MacroLayer[];
}

export interface MacroOp {
  label: string;
  kind: "conv" | "separable" | "avg" | "max";
  k: number;
}

/** Operations, numbered as in the released code (Pham et al. 2018, §2.3). */
export const macroOps: readonly MacroOp[] = [
  { label: "conv 3×3", kind: "conv", k: 3 },
  { label: "sep 3×3", kind: "separable", k: 3 },
  { label: "conv 5×5", kind: "conv", k: 5 },
  { label: "sep 5×5", kind: "separable", k: 5 },
  { label: "avg pool 3×3", kind: "avg", k: 3 },
  { label: "max pool 3×3", kind: "max", k: 3 },
];

/** Settings of every space of chained layers. */
const chainSettings = z.strictObject({
  layers: layers(3, 12),
  filters: evenFilters(36),
  ...enasSettings,
  /** Epsilon of the norm after a searched operation, in the supernet. */
  opBnEpsilon: z.number().positive().default(1e-3),
  /** Quirk Q3: separable operations of a final network become full convolutions. */
  legacyFixed: z.boolean().default(false).meta(
    asOption("a network as the released code builds it: separable ones are full convolutions"),
  ),
});
export type ChainSettings = z.output<typeof chainSettings>;

export const macroSettings = chainSettings.extend({
  /** Number of operations offered, from the first on. */
  branches: z.number().int().min(4).max(6).default(6).meta(
    asOption("operations to choose from"),
  ),
});
export type MacroSettings = z.output<typeof macroSettings>;

/** Whether height and width are halved after this layer: at one third and at two thirds of the chain. */
export function reducesAfter(layer: number, layers: number): boolean {
  const third = Math.floor(layers / 3);
  return layer === third - 1 || layer === 2 * third - 1;
}

/** A chain of layers with skips, whatever the layers compute. */
export interface Chain {
  layers: readonly { skips: readonly number[] }[];
}

/** Whether output j (0 = stem) is read by layer `from` or a later one. */
export function neededFrom({ layers }: Chain, from: number, j: number): boolean {
  return j >= from || layers.slice(from).some(({ skips }) => skips[j] === 1);
}
