/**
 * NAS-Bench-101 as a table: from Google's `.tfrecord`, which is read once into a SQLite file of the cache, or
 * from such a SQLite file. Accuracies are fractions. Column `<split>_<epochs>` is the mean over the trainings
 * at their end, `<split>_<epochs>_half` halfway through; a trailing `_1` … selects one training.
 */
import { dirname, join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { DataError, UsageError, whyUnreadable } from "../../common/errors.ts";
import { Nb101Cells } from "../spaces/nasbench101_index.ts";
import {
  importNb101,
  type ImportOptions,
  LAYOUT,
  measures,
  type Nb101Meta,
} from "./nasbench101_import.ts";
import type { Metric, Table, TableTask } from "./table.ts";

export interface OpenNb101 extends ImportOptions {
  /** Folder of the SQLite file made from a `.tfrecord`. */
  cacheDir?: string;
}

/**
 * Opens the table.
 * @throws DataError naming record and column; UsageError when a `.tfrecord` is given without `cacheDir`.
 */
export async function openNb101(path: string, options: OpenNb101): Promise<Table> {
  if (options.cacheDir === undefined) {
    throw new UsageError(
      `Cannot read table ${path}: no cache folder is given, expected one for its index`,
    );
  }
  const { size, mtime } = await stat(path);
  const name = path.replace(/^.*[/\\]/, "");
  const kept = join(
    options.cacheDir,
    "nasbench101",
    `${name}-${size}-${mtime?.getTime() ?? 0}-${LAYOUT}.sqlite`,
  );
  if (!await exists(kept)) {
    await Deno.mkdir(dirname(kept), { recursive: true });
    const part = `${kept}.${Deno.pid}.part`;
    try {
      await importNb101(path, part, options);
      await Deno.rename(part, kept);
    } catch (error) {
      await Deno.remove(part).catch(() => {});
      throw error;
    }
  }
  return openNb101Sqlite(kept, name);
}

async function stat(path: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(path);
  } catch (cause) {
    throw new DataError(`Cannot read table ${path}: ${whyUnreadable(cause)}`, { cause });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

/** Opens a file written by `openNb101`. @throws DataError for any other file. */
export function openNb101Sqlite(path: string, name: string): Table {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    const { json } = db.prepare("SELECT json FROM meta").get() as { json: string };
    const meta = JSON.parse(json) as Nb101Meta;
    if (meta.layout !== LAYOUT) throw new Error(`layout ${meta.layout}, expected ${LAYOUT}`);
    return new Nb101Table(db, meta, name);
  } catch (cause) {
    db?.close();
    throw new DataError(
      `Cannot read table ${path}: ${(cause as Error).message}; remove it, and it is made anew`,
      { cause },
    );
  }
}

class Nb101Table implements Table {
  readonly space = "nasbench101";
  readonly metrics: readonly Metric[];
  readonly tasks: readonly TableTask[];
  readonly #cells: Nb101Cells;
  readonly #columns = new Map<string, Float64Array>();

  constructor(
    private readonly db: DatabaseSync,
    meta: Nb101Meta,
    readonly name: string,
  ) {
    this.metrics = metricsOf(meta);
    const longest = meta.epochs[meta.epochs.length - 1];
    this.tasks = [{
      dataset: "cifar10",
      input: [32, 32, 3],
      classes: 10,
      objective: `valid_${longest}`,
      report: `test_${longest}`,
    }];
    const hashes = this.#blob("hash"), cells = this.#blob("cell");
    this.#cells = new Nb101Cells(new Uint32Array(cells.slice().buffer), hashes);
  }

  get size(): number {
    return this.#cells.size;
  }

  indexOf(key: string): number {
    return this.#cells.indexOf(key);
  }

  key(index: number): string {
    return this.#cells.key(index);
  }

  choice(index: number): number[] {
    const { edges, ops } = this.#cells.arch(index);
    return [...edges, ...ops];
  }

  column(name: string): Float64Array {
    let column = this.#columns.get(name);
    if (!column) this.#columns.set(name, column = this.#read(name));
    return column;
  }

  close(): void {
    this.db.close();
  }

  #read(name: string): Float64Array {
    const { runs } = this.metrics.find((m) => m.name === name) ?? {};
    if (!runs) return new Float64Array(this.#blob(name).slice().buffer);
    const mean = new Float64Array(this.size);
    for (const run of runs) this.column(run).forEach((v, i) => mean[i] += v / runs.length);
    return mean;
  }

  #blob(name: string): Uint8Array<ArrayBuffer> {
    const row = this.db.prepare("SELECT data FROM columns WHERE name = ?").get(name);
    if (row) return (row as unknown as { data: Uint8Array<ArrayBuffer> }).data;
    throw new UsageError(
      `Cannot use metric ${JSON.stringify(name)} of table ${this.name}: expected one of ${
        this.metrics.map((m) => m.name).join(", ")
      }`,
    );
  }
}

const words: Record<string, { label: string; split?: Metric["split"] }> = {
  train: { label: "CIFAR-10 training accuracy", split: "train" },
  valid: { label: "CIFAR-10 validation accuracy", split: "valid" },
  test: { label: "CIFAR-10 test accuracy", split: "test" },
  seconds: { label: "seconds of training" },
};

function metricsOf({ epochs, repeats }: Nb101Meta): Metric[] {
  const metrics = epochs.flatMap((budget) =>
    [{ suffix: "", half: 1 }, { suffix: "_half", half: 2 }].flatMap(({ suffix, half }) =>
      measures.map(({ name }): Metric => {
        const { label, split } = words[name];
        const own = `${name}_${budget}${suffix}`;
        const after = half === 1
          ? `after ${budget} epochs`
          : `after ${budget / 2} of ${budget} epochs`;
        return {
          name: own,
          label: `${label} ${after}, mean of ${repeats} trainings`,
          unit: name === "seconds" ? "s" : "fraction",
          dataset: "cifar10",
          split,
          epochs: budget / half,
          runs: Array.from({ length: repeats }, (_, r) => `${own}_${r + 1}`),
        };
      })
    )
  );
  return [...metrics, { name: "parameters", label: "parameters", unit: "", counts: "parameters" }];
}
