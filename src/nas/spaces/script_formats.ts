/** Script formats of ENAS's own spaces, after the released ENAS code and the NNabla reproduction. */
import { UsageError } from "../../common/errors.ts";
import type { ScriptFormat } from "../definition.ts";

/** Number of layers L given L·(L+1)/2 choices; a fraction when no L fits. */
const depth = (count: number) => (Math.sqrt(8 * count + 1) - 1) / 2;

/**
 * NNabla's macro operations in the original numbering and the other way round: conv 5×5 and sep 3×3 change
 * places, and so do average and max pooling.
 */
const macroSwaps: readonly number[] = [0, 2, 1, 3, 5, 4];

/** A row per layer: its operation, then its skip bits. */
export const macroScript: ScriptFormat = {
  lengths: "1, 2, 3, …",
  suits(lengths) {
    if (lengths[0] !== 1) return false;
    const wrong = lengths.findIndex((length, i) => length !== i + 1);
    if (wrong < 0) return true;
    return `row ${wrong + 1} has ${lengths[wrong]} numbers, expected ${
      wrong + 1
    }: an operation and ` +
      `${wrong} skip bits`;
  },
  flat: {
    count: "L·(L+1)/2 for L layers",
    suits: (count) => Number.isInteger(depth(count)),
  },
  rows: (choice) => rowsOf(choice, (layer) => layer + 1),
  read: (numbers) => ({
    choice: [...numbers],
    settings: {
      stem: 1,
      layers: Math.max(1, Math.floor(depth(numbers.length))),
      filters: 96,
      branches: 6,
    },
  }),
  nnabla: {
    shapes: "(L·(L+1)/2,)",
    shapeOf: ({ length }) => [length],
    suits: (shape) => shape.length === 1,
    renumber(choice) {
      const operations = new Set<number>();
      for (let at = 0, layer = 1; at < choice.length; at += layer++) operations.add(at);
      // Invalid operation numbers stay as they are: the space reports the error.
      return choice.map((n, i) => operations.has(i) ? macroSwaps[n] ?? n : n);
    },
  },
};

/** Two rows: the normal and the reduction cell, four numbers per block. */
export const microScript: ScriptFormat = {
  lengths: "two of 4 per block",
  suits: ([first, second, ...more]) => more.length === 0 && first === second && first % 4 === 0,
  flat: { count: "8·B for B blocks", suits: (count) => count % 8 === 0 },
  rows: (choice) => rowsOf(choice, () => choice.length / 2),
  read: (numbers) => ({
    choice: [...numbers],
    settings: {
      stem: 1,
      layers: 15,
      filters: 36,
      blocks: Math.max(1, Math.floor(numbers.length / 8)),
    },
  }),
  nnabla: {
    shapes: "(2, 4·blocks)",
    shapeOf: ({ length }) => [2, length / 2],
    suits: ([cells, numbers, ...more]) => cells === 2 && numbers % 4 === 0 && more.length === 0,
  },
};

/**
 * A row per layer (`controller_search_whole_channels` off): per operation the first channel and the number of
 * channels, then the skip bits. A choice has the number minus one instead.
 */
export const rangeScript: ScriptFormat = {
  lengths: "2, 3, 4, … from two per operation on",
  suits: (lengths) =>
    lengths.length > 2 && lengths[0] > 2 && lengths[0] % 2 === 0 &&
    lengths.every((length, i) => length === lengths[0] + i),
  bracketed: true,
  rows(choice, { branches }) {
    const operations = typeof branches === "number" ? branches : RELEASED_OPERATIONS;
    return rowsOf(choice, (layer) => 2 * operations + layer)
      .map((row) => withCounts(row, operations, 1));
  },
  read(numbers, rows) {
    // The rows give the number of operations; without rows there are the six of the released scripts.
    const branches = rows ? rows[0].length / 2 : RELEASED_OPERATIONS;
    const layers = rangeLayers(numbers.length, branches);
    if (!Number.isInteger(branches) || !Number.isInteger(layers)) {
      throw new UsageError(
        `it has ${numbers.length} numbers, expected rows of first channel and count of each operation, ` +
          "then 0, 1, 2, … skip bits",
      );
    }
    const choice = rowsOf(numbers, (layer) => 2 * branches + layer)
      .flatMap((row) => withCounts(row, branches, -1));
    const none = choice.indexOf(-1);
    if (none >= 0) {
      throw new UsageError(`number ${none + 1} is 0, expected at least one channel`);
    }
    return { choice, settings: { stem: 1, layers, filters: 36, branches } };
  },
};

const RELEASED_OPERATIONS = 6;

/** Number of layers for so many choices; a fraction when none fits. */
function rangeLayers(count: number, branches: number): number {
  const b = 4 * branches - 1;
  return (Math.sqrt(b * b + 8 * count) - b) / 2;
}

/** Cuts numbers into rows of these lengths. */
function rowsOf(numbers: readonly number[], lengthOf: (row: number) => number): number[][] {
  const rows: number[][] = [];
  for (let at = 0; at < numbers.length; at += rows.at(-1)!.length) {
    rows.push(numbers.slice(at, at + Math.max(1, lengthOf(rows.length))));
  }
  return rows;
}

const withCounts = (row: readonly number[], branches: number, more: number) =>
  row.map((n, i) => i < 2 * branches && i % 2 === 1 ? n + more : n);
