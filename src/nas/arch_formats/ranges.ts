/**
 * Channel ranges as the released code writes them (`controller_search_whole_channels` off). Row i holds, per
 * operation, the first channel and the number of channels, then i skip bits. A choice of space macro-range
 * has the number minus one instead.
 */

/** Number of layers for so many choices; a fraction when none fits. */
export function rangeLayers(count: number, branches: number): number {
  const b = 4 * branches - 1;
  return (Math.sqrt(b * b + 8 * count) - b) / 2;
}

/** Converts a choice to rows of the released code. */
export function rangeRows(choice: readonly number[], branches: number): number[][] {
  const rows: number[][] = [];
  for (let at = 0, i = 0; at < choice.length; i++) {
    const end = at + 2 * branches + i;
    rows.push(withCounts(choice.slice(at, end), branches, 1));
    at = end;
  }
  return rows;
}

/** Converts rows of the released code to a choice. */
export function rangeChoice(rows: readonly (readonly number[])[], branches: number): number[] {
  return rows.flatMap((row) => withCounts(row, branches, -1));
}

/** Whether rows begin with two numbers per operation and grow by one skip bit each. */
export function isRanges(rows: readonly (readonly number[])[]): boolean {
  const first = rows[0].length;
  return rows.length > 2 && first > 2 && first % 2 === 0 &&
    rows.every((row, i) => row.length === first + i);
}

function withCounts(row: readonly number[], branches: number, more: number): number[] {
  return row.map((n, i) => i < 2 * branches && i % 2 === 1 ? n + more : n);
}
