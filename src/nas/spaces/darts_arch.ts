/**
 * Encoding and text of DARTS cells, independent of the network built from them (Liu et al., ICLR 2019, §2.1,
 * §3).
 */
import * as z from "zod";
import { limits, sizeOf } from "../config/limits.ts";
import { UsageError } from "../../common/errors.ts";
import { type Cell, cellKey } from "./micro_arch.ts";
import { blocks, cellSettings, FILTERS, layers, networkSettings } from "./settings.ts";

export const dartsSettings = z.strictObject({
  layers: layers(3, 20),
  filters: sizeOf(limits.filters).min(2).default(36).meta(FILTERS),
  /** Nodes per cell. */
  blocks: blocks(4),
  ...networkSettings,
  ...cellSettings,
});
export type DartsSettings = z.output<typeof dartsSettings>;

/** A cell's nodes in order, each the sum of two operations on different earlier nodes. */
export interface DartsArch {
  normal: Cell;
  reduce: Cell;
}

export interface DartsOp {
  /** Name in the released genotypes. */
  name: string;
  kind: "max" | "avg" | "skip" | "separable" | "dilated";
  k: number;
}

/**
 * Operations, numbered as in the released code's PRIMITIVES but without `none`, which no genotype contains.
 */
export const dartsOps: readonly DartsOp[] = [
  { name: "max_pool_3x3", kind: "max", k: 3 },
  { name: "avg_pool_3x3", kind: "avg", k: 3 },
  { name: "skip_connect", kind: "skip", k: 1 },
  { name: "sep_conv_3x3", kind: "separable", k: 3 },
  { name: "sep_conv_5x5", kind: "separable", k: 5 },
  { name: "dil_conv_3x3", kind: "dilated", k: 3 },
  { name: "dil_conv_5x5", kind: "dilated", k: 5 },
];

/** Canonical text: equal for cells that differ only in the order of sides or of independent nodes. */
export const dartsKey = ({ normal, reduce }: DartsArch): string =>
  `${cellKey(normal)} | ${cellKey(reduce)}`;

/**
 * Text of an architecture: `normal: (sep_conv_3x3,0) (skip_connect,1) …; reduce: …`, two pairs per node, as
 * released genotypes list them.
 */
export function formatDarts({ normal, reduce }: DartsArch): string {
  const pairs = (cell: Cell) =>
    cell.flatMap(({ x, y }) => [x, y]).map(({ input, op }) => `(${dartsOps[op].name},${input})`)
      .join(" ");
  return `normal: ${pairs(normal)}; reduce: ${pairs(reduce)}`;
}

/**
 * Reads the text of `formatDarts`, and genotypes as the released code prints them: names and numbers in the
 * same order.
 * @throws UsageError naming the cell, the node and the error.
 */
export function parseDarts(text: string, blocks: number): DartsArch {
  const refuse = (why: string): never => {
    throw new UsageError(`Cannot read DARTS architecture ${JSON.stringify(text)}: ${why}`);
  };
  const parts = /normal\s*[:=](.*?)reduce\s*[:=](.*)/s.exec(text);
  if (!parts) refuse("expected normal: … and reduce: … with a pair (operation,input) per edge");
  const [normal, reduce] = parts!.slice(1).map((part, c) => {
    const name = c === 0 ? "normal" : "reduction";
    const pairs = [...part.matchAll(/\(\s*['"]?(\w+)['"]?\s*,\s*(\d+)\s*\)/g)].map((m) => ({
      op: dartsOps.findIndex((op) => op.name === m[1]),
      input: Number(m[2]),
      text: m[0],
    }));
    if (pairs.length !== 2 * blocks) {
      refuse(`the ${name} cell has ${pairs.length} pairs, expected ${2 * blocks}`);
    }
    pairs.forEach(({ op, input, text }, i) => {
      const node = Math.floor(i / 2);
      if (op < 0) {
        refuse(
          `${text} in the ${name} cell, expected an operation of ${
            dartsOps.map((o) => o.name).join(", ")
          }`,
        );
      }
      if (input > node + 1 || (i % 2 === 1 && input === pairs[i - 1].input)) {
        refuse(`${text} in the ${name} cell, expected two different inputs of 0 … ${node + 1}`);
      }
    });
    return Array.from({ length: blocks }, (_, b) => {
      const [x, y] = pairs.slice(2 * b, 2 * b + 2);
      return { x: { input: x.input, op: x.op }, y: { input: y.input, op: y.op } };
    });
  });
  return { normal, reduce };
}
