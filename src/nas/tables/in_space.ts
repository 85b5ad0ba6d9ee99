/** Tables of one space, read as tables of another that has the same networks. */
import type { SearchSpace } from "../space.ts";
import { memoryTable } from "./csv.ts";
import type { Table } from "./table.ts";

/**
 * A table as one of `space`, where that space reads its keys: without the rows that are no architecture there.
 * Any other table stays as it is.
 */
export function tableInSpace(table: Table, space: SearchSpace<unknown> | undefined): Table {
  if (!space?.tables || space.tables.space !== table.space) return table;
  const kept: number[] = [];
  const keys: string[] = [];
  const choices: number[][] = [];
  for (let row = 0; row < table.size; row++) {
    const arch = space.tables.read(table.key(row));
    if (arch === null) continue;
    kept.push(row);
    keys.push(space.key(arch));
    choices.push(space.encode(arch));
  }
  const columns = new Map(
    table.metrics.flatMap(({ name, runs = [] }) => [name, ...runs]).map((name) => {
      const all = table.column(name);
      return [name, Float64Array.from(kept, (row) => all[row])];
    }),
  );
  const indices = new Map(keys.map((key, row) => [key, row]));
  const layout = { space: space.name, metrics: [...table.metrics], tasks: [...table.tasks] };
  return memoryTable(table.name, layout, { keys, indices, choices, columns });
}
