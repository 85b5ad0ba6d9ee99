/**
 * Opened tables and algorithms of a study: opened in the main thread, which checks them, and in each worker.
 */
import { notedAt, seedOf, type Study } from "../../nas/study/definition.ts";
import {
  checkAlgorithm,
  type OpenAlgorithm,
  openAlgorithm,
  runTrial,
} from "../../nas/study/trial.ts";
import type { TrialResult } from "../../nas/study/trial.ts";
import { UsageError } from "../../common/errors.ts";
import { resolveSearchConfig } from "../../nas/config/config.ts";
import { openSpace } from "../../nas/registry.ts";
import { openColumns, openTable, type Table, type TableColumns } from "../../nas/tables/mod.ts";
import type { StudyJob, StudyOpening } from "./work.ts";

export interface OpeningProgress {
  progress?(done: number, what: string): void;
  signal?: AbortSignal;
}

export class StudyParts {
  readonly #algorithms = new Map<string, OpenAlgorithm>();
  readonly #at: number[];

  private constructor(
    private readonly study: Study,
    readonly tasks: readonly TableColumns[],
    private readonly cacheDir: string,
  ) {
    this.#at = notedAt(study);
  }

  /** Opens the parts. @throws UsageError or DataError when a table or one of its columns is missing. */
  static async open(
    { study, cacheDir }: StudyOpening,
    options: OpeningProgress = {},
  ): Promise<StudyParts> {
    const tables = new Map<string, Table>();
    const tasks: TableColumns[] = [];
    for (const { file, ...choice } of study.tables) {
      const space = spaceOf(study);
      const table = tables.get(file) ?? await openTable(file, { cacheDir, space, ...options });
      if (space && table.space !== space.name) {
        throw new UsageError(
          `Cannot read table ${table.name} in space ${space.name}: it is of space ${table.space}`,
        );
      }
      tables.set(file, table);
      tasks.push(openColumns(table, choice));
    }
    return new StudyParts(study, tasks, cacheDir);
  }

  /** Throws a UsageError unless every algorithm can search on every table. */
  async check(): Promise<void> {
    for (const task of this.tasks) {
      for (const i of this.study.algorithms.keys()) {
        await checkAlgorithm(await this.#algorithm(i, task.table.space), task);
      }
    }
  }

  async run({ task: t, algorithm, trial }: StudyJob): Promise<TrialResult> {
    const task = this.tasks[t];
    const opened = await this.#algorithm(algorithm, task.table.space);
    return await runTrial(opened, task, seedOf(this.study, trial), this.#at);
  }

  async #algorithm(i: number, space: string): Promise<OpenAlgorithm> {
    const key = `${space} ${i}`;
    const known = this.#algorithms.get(key);
    if (known) return known;
    const opened = await openAlgorithm(this.study.algorithms[i], space, {
      queries: this.study.queries,
      cacheDir: this.cacheDir,
    });
    this.#algorithms.set(key, opened);
    return opened;
  }

  close(): void {
    for (const table of new Set(this.tasks.map((task) => task.table))) table.close();
  }
}

/** The space of a user's own table, with the sizes that the first algorithm's settings give it. */
function spaceOf({ space: mode, algorithms: [{ settings }] }: Study) {
  if (mode === undefined) return undefined;
  const own = Object.entries(settings).filter(([name]) => name.startsWith("space."));
  return openSpace(resolveSearchConfig({ mode, overrides: Object.fromEntries(own) }).space);
}
