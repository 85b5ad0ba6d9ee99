/** Opens tables of benchmarks and of users, recognised by the file's contents. */
import { basename } from "@std/path";
import { DataError, whyUnreadable } from "../../common/errors.ts";
import type { SearchSpace } from "../space.ts";
import { readCells } from "./csv.ts";
import { nb201Column, nb201Table } from "./nasbench201.ts";
import { openNb101, openNb101Sqlite } from "./nasbench101.ts";
import { tableInSpace } from "./in_space.ts";
import { isLong, widen } from "./long.ts";
import { isMacroBench, macroBenchCells, macroBenchTable } from "./nasbench_macro.ts";
import type { Table } from "./table.ts";
import { userTable } from "./user.ts";

export * from "./columns.ts";
export * from "./table.ts";

/** Options of `openTable`. */
export interface OpenTable {
  /** The space of the architectures in a user's table; benchmarks are recognised. */
  space?: SearchSpace<unknown>;
  /** Folder for the converted form of a large table. */
  cacheDir?: string;
  /** Called with the share of the reading done, 0 … 1, and the name of what is read. */
  progress?(done: number, what: string): void;
  signal?: AbortSignal;
}

/**
 * Opens a table: CSV, NAS-Bench-Macro's JSON, or NAS-Bench-101 as TFRecord or SQLite.
 * @throws DataError when the file is missing or damaged, naming row and column; UsageError when the file does
 * not name its space.
 */
export async function openTable(path: string, options: OpenTable = {}): Promise<Table> {
  const name = basename(path);
  const kind = await kindOf(path);
  if (kind === "tfrecord") return await openNb101(path, options);
  if (kind === "sqlite") return openNb101Sqlite(path, name);
  const text = await readText(path);
  return tableInSpace(textTable(text, name, options), options.space);
}

function textTable(text: string, name: string, { space }: OpenTable): Table {
  const json = text.trimStart().startsWith("{");
  const read = json ? macroBenchCells(text, name) : readCells(text, name);
  const cells = isLong(read) ? widen(read) : read;
  const nb201 = nb201Column(cells);
  if (nb201 !== null) return nb201Table(cells, nb201);
  if (isMacroBench(cells)) return macroBenchTable(cells);
  return userTable(cells, space);
}

/** File type, by name or first bytes. @throws DataError when there is no such file. */
async function kindOf(path: string): Promise<"tfrecord" | "sqlite" | "text"> {
  if (path.endsWith(".tfrecord")) return "tfrecord";
  const head = new Uint8Array(16);
  try {
    using file = await Deno.open(path);
    await file.read(head);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return new TextDecoder().decode(head).startsWith("SQLite format 3") ? "sqlite" : "text";
}

function unreadable(path: string, cause: unknown): DataError {
  return new DataError(`Cannot read table ${path}: ${whyUnreadable(cause)}`, { cause });
}

/** Reads a text file, plain or compressed with gzip. */
async function readText(path: string): Promise<string> {
  try {
    if (!path.endsWith(".gz")) return await Deno.readTextFile(path);
    const file = await Deno.open(path);
    return await new Response(file.readable.pipeThrough(new DecompressionStream("gzip"))).text();
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
