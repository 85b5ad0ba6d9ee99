/**
 * Converts Google's file of NAS-Bench-101 to a SQLite file that opens at once, with a blob per column. Rows
 * go through a temporary table that SQLite keeps on disk, so that memory does not grow with the file.
 */
import { DatabaseSync } from "node:sqlite";
import { DataError, UsageError } from "../../common/errors.ts";
import { nb101Hash } from "../spaces/nasbench101.ts";
import { packDag } from "../spaces/nasbench101_cells.ts";
import {
  dagOfRecord,
  decodeRecord,
  type Evaluation,
  type Nb101Record,
} from "./nasbench101_record.ts";
import { readRecords } from "./tfrecord.ts";

/** Values to keep of an evaluation: prefix of their columns, and field. */
export const measures: readonly { name: string; field: keyof Evaluation }[] = [
  { name: "train", field: "train_accuracy" },
  { name: "valid", field: "validation_accuracy" },
  { name: "test", field: "test_accuracy" },
  { name: "seconds", field: "training_time" },
];

/** Version of the layout: files of another version are converted again. */
export const LAYOUT = 1;

/** Metadata stored in the file. */
export interface Nb101Meta {
  layout: number;
  source: string;
  size: number;
  /** Lengths of training, ascending, and number of trainings of each. */
  epochs: number[];
  repeats: number;
}

export interface ImportOptions {
  progress?(done: number, what: string): void;
  signal?: AbortSignal;
}

/** Interval of hashes that are recomputed as a check. */
const CHECK_EVERY = 1000;
const PAUSE_EVERY = 5000;

/**
 * Reads the whole file and writes `target`, which must not exist.
 * @throws DataError naming record and column, or the cell whose trainings are not complete.
 */
export async function importNb101(
  source: string,
  target: string,
  options: ImportOptions,
): Promise<void> {
  const db = new DatabaseSync(target);
  try {
    db.exec(`
      PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;
      CREATE TABLE meta (json TEXT);
      CREATE TABLE columns (name TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID;
      CREATE TEMP TABLE cells (hash BLOB PRIMARY KEY, cell INTEGER, parameters INTEGER) WITHOUT ROWID;
      CREATE TEMP TABLE runs (hash BLOB, epochs INTEGER, half BLOB, final BLOB);
    `);
    db.exec("BEGIN");
    await readAll(db, source, options);
    const meta = complete(db, source);
    writeColumns(db, meta, options);
    db.prepare("INSERT INTO meta VALUES (?)").run(JSON.stringify(meta));
    db.exec("COMMIT");
  } finally {
    db.close();
  }
}

async function readAll(
  db: DatabaseSync,
  source: string,
  { progress, signal }: ImportOptions,
): Promise<void> {
  const bytes = (await Deno.stat(source)).size;
  const known = db.prepare("SELECT parameters FROM cells WHERE hash = ?");
  const addCell = db.prepare("INSERT INTO cells VALUES (?, ?, ?)");
  const addRun = db.prepare("INSERT INTO runs VALUES (?, ?, ?, ?)");
  let record = 0, cells = 0;
  for await (const { data, bytesRead } of readRecords(source)) {
    record++;
    try {
      const row = decodeRecord(data);
      const hash = Uint8Array.fromHex(row.hash);
      const cell = known.get(hash) as { parameters: number } | undefined;
      if (cell === undefined) addCell.run(hash, packedCell(row, cells++), row.parameters);
      else if (cell.parameters !== row.parameters) {
        throw new UsageError(
          `column metrics: got ${row.parameters} parameters for cell ${row.hash}, which had ` +
            `${cell.parameters} before`,
        );
      }
      addRun.run(hash, row.epochs, floats(row.half), floats(row.final));
    } catch (cause) {
      if (!(cause instanceof UsageError)) throw cause;
      throw new DataError(`Cannot read table ${source}: record ${record}: ${cause.message}`, {
        cause,
      });
    }
    if (record % PAUSE_EVERY === 0) {
      signal?.throwIfAborted();
      progress?.(0.8 * bytesRead / bytes, `reading ${record} records`);
    }
  }
  if (record === 0) throw new DataError(`Cannot read table ${source}: it holds no records`);
}

function packedCell(row: Nb101Record, n: number): number {
  const dag = dagOfRecord(row);
  if (n % CHECK_EVERY === 0) {
    const hash = nb101Hash(dag);
    if (hash !== row.hash) {
      throw new UsageError(`column hash: got ${row.hash}, expected ${hash} for this cell`);
    }
  }
  return packDag(dag);
}

const floats = (e: Evaluation): Uint8Array =>
  new Uint8Array(Float64Array.from(measures, ({ field }) => e[field]).buffer);

/** Checks that every cell has the same number of trainings of each length; returns the metadata. */
function complete(db: DatabaseSync, source: string): Nb101Meta {
  const budgets = db.prepare(
    "SELECT epochs, count(*) AS n FROM runs GROUP BY epochs ORDER BY epochs",
  )
    .all() as { epochs: number; n: number }[];
  const { size } = db.prepare("SELECT count(*) AS size FROM cells").get() as { size: number };
  const repeats = Math.max(1, Math.round(budgets[0].n / size));
  db.exec("CREATE INDEX temp.by_cell ON runs (epochs, hash)");
  const odd = db.prepare(`
    SELECT lower(hex(cells.hash)) AS hash, count(runs.epochs) AS n
    FROM cells LEFT JOIN runs ON runs.hash = cells.hash AND runs.epochs = ?
    GROUP BY cells.hash HAVING n <> ? LIMIT 1`);
  for (const { epochs } of budgets) {
    const found = odd.get(epochs, repeats) as { hash: string; n: number } | undefined;
    if (found) {
      throw new DataError(
        `Cannot read table ${source}: cell ${found.hash} has ${found.n} trainings of ${epochs} epochs, ` +
          `expected ${repeats} as the others have`,
      );
    }
  }
  return { layout: LAYOUT, source, size, epochs: budgets.map(({ epochs }) => epochs), repeats };
}

/** Writes one blob per column, with cells in the order of their hashes. */
function writeColumns(
  db: DatabaseSync,
  { size, epochs, repeats }: Nb101Meta,
  { progress, signal }: ImportOptions,
): void {
  const add = db.prepare("INSERT INTO columns VALUES (?, ?)");
  const put = (name: string, data: ArrayBufferView<ArrayBuffer>) =>
    add.run(name, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const hashes = new Uint8Array(16 * size);
  const cells = new Uint32Array(size);
  const parameters = new Float64Array(size);
  let i = 0;
  for (
    const row of db.prepare("SELECT hash, cell, parameters FROM cells ORDER BY hash").iterate()
  ) {
    const { hash, cell, parameters: n } = row as unknown as {
      hash: Uint8Array;
      cell: number;
      parameters: number;
    };
    hashes.set(hash, 16 * i);
    cells[i] = cell;
    parameters[i++] = n;
  }
  put("hash", hashes);
  put("cell", cells);
  put("parameters", parameters);
  epochs.forEach((budget, b) => {
    signal?.throwIfAborted();
    progress?.(0.8 + 0.2 * b / epochs.length, `sorting trainings of ${budget} epochs`);
    for (const [suffix, field] of [["_half", "half"], ["", "final"]] as const) {
      const columns = measures.map(() =>
        Array.from({ length: repeats }, () => new Float64Array(size))
      );
      let run = 0;
      const rows = db.prepare(
        `SELECT ${field} AS e FROM runs WHERE epochs = ? ORDER BY hash, rowid`,
      );
      for (const row of rows.iterate(budget)) {
        const bytes = (row as unknown as { e: Uint8Array<ArrayBuffer> }).e;
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const cell = Math.floor(run / repeats), repeat = run++ % repeats;
        columns.forEach((runs, m) => runs[repeat][cell] = view.getFloat64(8 * m, true));
      }
      measures.forEach(({ name }, m) =>
        columns[m].forEach((data, r) => put(`${name}_${budget}${suffix}_${r + 1}`, data))
      );
    }
  });
}
