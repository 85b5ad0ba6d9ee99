/** Encoding of micro architectures, independent of the network built from them. */
import * as z from "zod";
import { asOption } from "../config/as_option.ts";
import { blocks, cellSettings, enasSettings, evenFilters, layers } from "./settings.ts";

export const microSettings = z.strictObject({
  layers: layers(3, 6),
  filters: evenFilters(20),
  /** Blocks per cell. */
  blocks: blocks(5),
  ...enasSettings,
  ...cellSettings,
  /** Quirk Q6: a reduction cell of the search child reads h(l−1) twice. */
  legacyReduce: z.boolean().default(false).meta(
    asOption("reduction cells see h(l-1) twice, as in the released code"),
  ),
});
export type MicroSettings = z.output<typeof microSettings>;

export interface Side {
  /** Node to read: 0 and 1 are the cell's inputs, block b produces node b + 2. */
  input: number;
  /** Index into `microOps`. */
  op: number;
}

/** A node: the sum of two operations. */
export interface Block {
  x: Side;
  y: Side;
}

/** A cell's blocks in order; each may read the cell's inputs and all earlier nodes. */
export type Cell = Block[];

export interface MicroArch {
  normal: Cell;
  reduce: Cell;
}

export interface MicroOp {
  label: string;
  kind: "separable" | "avg" | "max" | "identity";
  k: number;
}

/** Operations, numbered as in the released code (Pham et al. 2018, §2.4). */
export const microOps: readonly MicroOp[] = [
  { label: "sep 3×3", kind: "separable", k: 3 },
  { label: "sep 5×5", kind: "separable", k: 5 },
  { label: "avg pool 3×3", kind: "avg", k: 3 },
  { label: "max pool 3×3", kind: "max", k: 3 },
  { label: "identity", kind: "identity", k: 1 },
];

/** Nodes that no block reads, the two inputs included, in ascending order: the cell's output. */
export function looseEnds(cell: Cell): number[] {
  const used = new Set(cell.flatMap(({ x, y }) => [x.input, y.input]));
  return Array.from({ length: cell.length + 2 }, (_, i) => i).filter((i) => !used.has(i));
}

/** Whether layer `layer` of `layers` + 2 is a reduction cell. */
export function isReduction(layer: number, layers: number): boolean {
  const third = Math.floor(layers / 3);
  return layer === third || layer === 2 * third + 1;
}

/** The layer whose output the auxiliary head reads: the first after the second reduction. */
export const auxLayer = (layers: number): number => 2 * Math.floor(layers / 3) + 2;

/**
 * Canonical text: equal for cells that differ only in the order of a block's sides or of independent blocks.
 * It is the smallest text over all orders in which every block follows the blocks that it reads.
 */
export function cellKey(cell: Cell): string {
  return smallest(cell, [0, 1], []).join(" ");
}

/**
 * Smallest text of the blocks left. `names[node]` is the node's number in the order so far; undefined for
 * blocks not in it yet.
 */
function smallest(
  cell: Cell,
  names: readonly (number | undefined)[],
  order: readonly string[],
): readonly string[] {
  const ready = cell.flatMap((block, b) => {
    if (names[b + 2] !== undefined) return [];
    const sides = [block.x, block.y].map(({ input, op }) =>
      names[input] === undefined ? null : `${names[input]},${op}`
    );
    return sides[0] === null || sides[1] === null ? [] : [{ b, text: sides.sort().join("+") }];
  });
  if (ready.length === 0) return order;
  const first = ready.reduce((a, { text }) => text < a ? text : a, ready[0].text);
  let candidates = ready.filter(({ text }) => text === first);
  // Identical blocks that no block reads are interchangeable: one order is enough.
  const loose = candidates.filter(({ b }) =>
    !cell.some(({ x, y }) => x.input === b + 2 || y.input === b + 2)
  );
  candidates = candidates.filter((c) => !loose.includes(c)).concat(loose.slice(0, 1));
  return candidates.map(({ b }) =>
    smallest(cell, Object.assign([...names], { [b + 2]: order.length + 2 }), [...order, first])
  ).reduce((a, c) => c.join(" ") < a.join(" ") ? c : a);
}
