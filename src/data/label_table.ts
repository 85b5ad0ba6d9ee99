/**
 * Pictures with any number of labels each, by tables `labels.csv`: a column `file`, then a column of 0 and 1
 * for each class. Either one table in each of DIR/train, DIR/valid (or val; optional) and DIR/test, which
 * names its files from there, or a single one in DIR with a column `split` of train, valid (or val), test.
 */
import { basename, dirname, isAbsolute, join, normalize } from "@std/path";
import { type CsvRecord, parseCsv } from "../common/csv.ts";
import { DataError } from "../common/errors.ts";
import type { Files } from "./file_source.ts";
import { pictureNames } from "./picture_header.ts";
import {
  isPicture,
  type LabelledFile,
  type PictureOptions,
  readPictureSet,
  shuffled,
} from "./picture_set.ts";
import type { ReadSet } from "./reader.ts";

/** The name of every table. */
export const tableName = "labels.csv";

type Part = "train" | "valid" | "test";

/** Names of the parts in tables and folders. */
const partNames: Readonly<Record<string, Part>> = {
  train: "train",
  valid: "valid",
  val: "valid",
  test: "test",
};

/** A row of a table. `line` counts from 1; the labels are in the order of the table's classes. */
interface Row extends LabelledFile {
  line: number;
  part: Part;
}

interface Table {
  path: string;
  classes: string[];
  rows: Row[];
}

/** Whether a folder holds pictures in this format. */
export async function hasLabelTables(files: Files, dir: string): Promise<boolean> {
  for (const path of [dir, join(dir, "train")]) {
    if (await files.size(join(path, tableName)) !== null) return true;
  }
  return false;
}

/**
 * Reads pictures and tables; of the test part only the table. Throws DataError naming table and line where a
 * row does not fit, or the picture that no row names.
 */
export async function readLabelTables(dir: string, options: PictureOptions): Promise<ReadSet> {
  const { files } = options.source;
  const tables = await tablesIn(files, dir);
  const rows = tables.flatMap((table) => table.rows);
  for (const part of ["train", "test"] as const) {
    if (rows.some((row) => row.part === part)) continue;
    throw new DataError(
      `Cannot read image folder ${dir}: no row of its tables belongs to the part ${part}, expected ` +
        `some; put ${tableName} into ${join(dir, part)} or a column split into the one of ${dir}`,
    );
  }
  for (const table of tables) await checkFiles(files, table);
  const filesOf = (part: Part) =>
    shuffled(rows.filter((row) => row.part === part), options.seed, part);
  const valid = filesOf("valid");
  const parts = {
    task: "multi-label" as const,
    classes: tables[0].classes,
    train: filesOf("train"),
    valid: valid.length > 0 ? valid : null,
    test: filesOf("test"),
  };
  return await readPictureSet(dir, parts, options, []);
}

async function tablesIn(files: Files, dir: string): Promise<Table[]> {
  const single = join(dir, tableName);
  if (await files.size(single) !== null) return [await readTable(files, single, null)];
  const tables: Table[] = [];
  for (const [folder, part] of Object.entries(partNames)) {
    const path = join(dir, folder, tableName);
    if (await files.size(path) !== null) tables.push(await readTable(files, path, part));
  }
  return tables.map((table) => withClassesOf(tables[0], table));
}

/** @param part that all rows belong to; null where a column says it. */
async function readTable(files: Files, path: string, part: Part | null): Promise<Table> {
  const [head, ...records] = recordsOf(
    path,
    new TextDecoder().decode(await files.read(path)),
  );
  const columns = columnsOf(path, head?.cells ?? [], part === null);
  if (records.length === 0) {
    throw new DataError(`Cannot read ${path}: it has no rows, expected one for each picture`);
  }
  const rows = records.map(({ line, cells }) => {
    if (cells.length !== head.cells.length) {
      refuse(path, line, `has ${cells.length} cells`, `${head.cells.length} as the first line has`);
    }
    return {
      line,
      part: part ?? partOf(path, line, cells[columns.split]),
      path: pictureOf(path, line, cells[columns.file]),
      labels: columns.classes.map((i) => bitOf(path, line, head.cells[i], cells[i])),
    };
  });
  return { path, classes: columns.classes.map((i) => head.cells[i]), rows };
}

/** The lines of a table that are not empty, cells without blanks around them. */
function recordsOf(path: string, text: string): CsvRecord[] {
  try {
    return parseCsv(text);
  } catch (cause) {
    throw new DataError(
      `Cannot read ${path}: ${(cause as Error).message}, expected comma-separated values`,
      { cause },
    );
  }
}

/** Indices of the columns; `split` is −1 if the folder determines the part. */
function columnsOf(path: string, names: string[], split: boolean) {
  const expected = `file,${split ? "split," : ""}<class>,<class>,…`;
  const columns = {
    file: names.indexOf("file"),
    split: split ? names.indexOf("split") : -1,
    classes: [...names.keys()].filter((i) =>
      names[i] !== "file" && !(split && names[i] === "split")
    ),
  };
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  const problem = columns.file < 0
    ? "has no column file"
    : split && columns.split < 0
    ? "has no column split"
    : repeated !== undefined
    ? `has the column ${repeated} twice`
    : names.includes("")
    ? `has a column without a name, number ${names.indexOf("") + 1}`
    : !split && names.includes("split")
    ? "has a column split, though the folder says it"
    : columns.classes.length === 0
    ? "has no column of a class"
    : null;
  if (problem !== null) refuse(path, 1, problem, expected);
  return columns;
}

function partOf(path: string, line: number, cell: string): Part {
  if (!Object.hasOwn(partNames, cell)) {
    refuse(path, line, `has split ${JSON.stringify(cell)}`, Object.keys(partNames).join(", "));
  }
  return partNames[cell];
}

function bitOf(path: string, line: number, column: string, cell: string): number {
  if (cell !== "0" && cell !== "1") {
    refuse(path, line, `has ${JSON.stringify(cell)} in column ${column}`, "0 or 1");
  }
  return Number(cell);
}

function pictureOf(path: string, line: number, cell: string): string {
  const name = normalize(cell);
  if (cell === "" || isAbsolute(name) || name.startsWith("..") || !isPicture(name)) {
    const folder = dirname(path);
    refuse(path, line, `names ${JSON.stringify(cell)}`, `a file ${pictureNames} in ${folder}`);
  }
  return join(dirname(path), name);
}

/** Checks that every row's file exists once, and that every picture beside one of them has a row. */
async function checkFiles(files: Files, { path, rows }: Table): Promise<void> {
  const lines = new Map<string, number>();
  for (const row of rows) {
    const before = lines.get(row.path);
    if (before !== undefined) {
      refuse(path, row.line, `names ${row.path} again`, `it once; line ${before} has it already`);
    }
    lines.set(row.path, row.line);
  }
  const there = new Set<string>();
  for (const folder of new Set(rows.map((row) => dirname(row.path)))) {
    const entries = await files.list(folder).catch((error) => {
      if (error.name === "NotFound") return [];
      throw error;
    });
    for (const { name } of entries) if (isPicture(name)) there.add(join(folder, name));
  }
  const lost = rows.find((row) => !there.has(row.path));
  if (lost) refuse(path, lost.line, `names ${lost.path}`, "a picture that is there");
  const unnamed = [...there].find((file) => !basename(file).startsWith(".") && !lines.has(file));
  if (unnamed !== undefined) {
    throw new DataError(
      `Cannot read ${path}: no row names ${unnamed}, expected one for each picture; ` +
        `add it (all 0 if it shows nothing) or move the picture away`,
    );
  }
}

/** The table with its classes in the order of the first one, which must have the same. */
function withClassesOf(first: Table, table: Table): Table {
  const { path, classes, rows } = table;
  const missing = first.classes.find((name) => !classes.includes(name));
  const extra = classes.find((name) => !first.classes.includes(name));
  if (missing !== undefined || extra !== undefined) {
    const got = missing !== undefined ? `has no column ${missing}` : `has a column ${extra}`;
    refuse(path, 1, got, `the classes of ${first.path}: ${first.classes.join(", ")}`);
  }
  const order = first.classes.map((name) => classes.indexOf(name));
  return {
    path,
    classes: first.classes,
    rows: rows.map((row) => ({ ...row, labels: order.map((i) => row.labels[i]) })),
  };
}

function refuse(path: string, line: number, got: string, expected: string): never {
  throw new DataError(`Cannot read ${path}: line ${line} ${got}, expected ${expected}`);
}
