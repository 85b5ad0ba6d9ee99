/** Tables as text: one row per architecture, a column that names it, and a column per metric. */
import { parse } from "csv-parse/sync";
import { DataError, UsageError } from "../../common/errors.ts";
import type { Metric, Table, TableTask } from "./table.ts";

/** Columns and rows of a text file; line numbers start at 1. */
export interface Cells {
  name: string;
  header: string[];
  rows: { line: number; cells: string[] }[];
}

/** Parses a text file. @throws DataError naming the line and the error. */
export function readCells(text: string, name: string): Cells {
  const rows: Cells["rows"] = [];
  try {
    parse(text, {
      on_record: (cells: string[], { lines }) => void rows.push({ line: lines, cells }),
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
    });
  } catch (cause) {
    throw new DataError(
      `Cannot read table ${name}: ${(cause as Error).message}, expected comma-separated values`,
      { cause },
    );
  }
  const header = rows.shift()?.cells ?? [];
  const twice = header.find((column, i) => header.indexOf(column) !== i);
  if (twice !== undefined) {
    throw new DataError(`Cannot read table ${name}: line 1 names column ${twice} twice`);
  }
  if (header.length < 2 || rows.length === 0) {
    throw new DataError(
      `Cannot read table ${name}: got ${header.length} columns and ${rows.length} rows, expected a ` +
        `column arch, at least one metric and at least one row`,
    );
  }
  for (const { line, cells } of rows) {
    if (cells.length !== header.length) {
      refuseCell(name, line, null, `got ${cells.length} cells, expected ${header.length}`);
    }
  }
  return { name, header, rows };
}

/** Throws for a cell. @throws DataError naming row and column. */
export function refuseCell(
  name: string,
  line: number,
  column: string | null,
  why: string,
  cause?: unknown,
): never {
  const at = column === null ? `row ${line}` : `row ${line}, column ${column}`;
  throw new DataError(`Cannot read table ${name}: ${at}: ${why}`, { cause });
}

/** Notation of a table's architectures, and meaning of its columns. */
export interface CsvLayout {
  space: string;
  /** Column of the architecture. */
  arch: string;
  /** Reads key and choices from the text of a cell. Throws a UsageError for text that is no architecture. */
  read(text: string): { key: string; choice: number[] };
  metrics: Metric[];
  tasks: TableTask[];
}

/**
 * Makes a table of rows and columns.
 * @throws DataError naming row and column: for text that is no architecture or no number, and for repeated
 * keys.
 */
export function csvTable({ name, header, rows }: Cells, layout: CsvLayout): Table {
  const archAt = header.indexOf(layout.arch);
  const choices: number[][] = [];
  const keys: string[] = [];
  const indices = new Map<string, number>();
  const columns = new Map<string, Float64Array>();
  const wanted = layout.metrics.flatMap((m) => [m.name, ...(m.runs ?? [])]);
  const places = wanted.map((metric) => {
    const column = new Float64Array(rows.length);
    columns.set(metric, column);
    return { at: header.indexOf(metric), column, metric };
  });
  rows.forEach(({ line, cells }, i) => {
    const { key, choice } = readArch(name, line, layout, cells[archAt]);
    const before = indices.get(key);
    if (before !== undefined) {
      const { line: first, cells: other } = rows[before];
      const differs = header.find((_, c) => c !== archAt && cells[c] !== other[c]);
      const how = differs === undefined
        ? `it repeats row ${first}`
        : `it contradicts row ${first} in column ${differs}: ${
          cells[header.indexOf(differs)]
        } and ${other[header.indexOf(differs)]}`;
      refuseCell(name, line, layout.arch, `${key} stands twice, ${how}`);
    }
    indices.set(key, i);
    keys.push(key);
    choices.push(choice);
    for (const { at, column, metric } of places) {
      const text = cells[at];
      const value = text === "" ? NaN : Number(text);
      if (!Number.isFinite(value)) {
        refuseCell(name, line, metric, `got ${JSON.stringify(text)}, expected a number`);
      }
      column[i] = value;
    }
  });
  return memoryTable(name, layout, { keys, indices, choices, columns });
}

function readArch(name: string, line: number, layout: CsvLayout, text: string) {
  try {
    return layout.read(text);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    return refuseCell(name, line, layout.arch, cause.message, cause);
  }
}

/** In-memory contents of a whole table. */
export interface TableContents {
  keys: readonly string[];
  indices: ReadonlyMap<string, number>;
  choices: readonly number[][];
  columns: ReadonlyMap<string, Float64Array>;
}

export function memoryTable(
  name: string,
  { space, metrics, tasks }: Pick<CsvLayout, "space" | "metrics" | "tasks">,
  { keys, indices, choices, columns }: TableContents,
): Table {
  return {
    name,
    space,
    size: keys.length,
    metrics,
    tasks,
    indexOf: (key) => indices.get(key) ?? -1,
    key: (index) => keys[index],
    choice: (index) => [...choices[index]],
    column(metric) {
      const column = columns.get(metric);
      if (column) return column;
      throw new UsageError(
        `Cannot use metric ${JSON.stringify(metric)} of table ${name}: expected one of ${
          metrics.map((m) => m.name).join(", ")
        }`,
      );
    },
    close: () => {},
  };
}
