/** Opens tables of benchmarks and of users, by what the file holds. */
import { basename } from "@std/path";
import { DataError } from "../../errors.ts";
import type { SearchSpace } from "../space.ts";
import { readCells } from "./csv.ts";
import { nb201Column, nb201Table } from "./nasbench201.ts";
import { isMacroBench, macroBenchCells, macroBenchTable } from "./nasbench_macro.ts";
import type { Table } from "./table.ts";
import { userTable } from "./user.ts";

export * from "./table.ts";

export interface OpenTable {
  /** The space whose architectures a user's table lists; benchmarks are recognised. */
  space?: SearchSpace<unknown>;
  /** Where what is read of a large table is kept. */
  cacheDir?: string;
  /** Share of the reading that is done, 0 … 1, and what is read. */
  progress?(done: number, what: string): void;
  signal?: AbortSignal;
}

/**
 * @throws DataError where the file is missing or damaged, naming row and column; UsageError where it does
 * not say which space it is of.
 */
export async function openTable(path: string, options: OpenTable = {}): Promise<Table> {
  const name = basename(path);
  const text = await readText(path);
  const cells = text.trimStart().startsWith("{")
    ? macroBenchCells(text, name)
    : readCells(text, name);
  const nb201 = nb201Column(cells);
  if (nb201 !== null) return nb201Table(cells, nb201);
  if (isMacroBench(cells)) return macroBenchTable(cells);
  return userTable(cells, options.space);
}

/** A text file, or one compressed with gzip. */
async function readText(path: string): Promise<string> {
  try {
    if (!path.endsWith(".gz")) return await Deno.readTextFile(path);
    const file = await Deno.open(path);
    return await new Response(file.readable.pipeThrough(new DecompressionStream("gzip"))).text();
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound ? "there is no such file" : cause;
    throw new DataError(`Cannot read table ${path}: ${why}`, { cause });
  }
}
