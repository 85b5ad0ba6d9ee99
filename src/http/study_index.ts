/** Index of a study's file. Reading resumes where it stopped. */
import { DataError } from "../common/errors.ts";
import { secondsLeft, trialCount } from "../nas/study/progress.ts";
import { type StudyHead, StudyReader, type StudyRecords } from "../nas/study/records.ts";
import { asLoss, summariseStudy } from "../nas/study/summary.ts";
import { lossName } from "../run/drawing/study_axis.ts";
import { linesFrom } from "./file.ts";

export class StudyIndex {
  #reader: StudyReader;
  #position = 0;
  #reading: Promise<void> | null = null;

  /** @param file the study's study.ndjson. */
  constructor(private readonly file: string) {
    this.#reader = new StudyReader(file);
  }

  /** Reads new lines; concurrent calls share the work. */
  refresh(): Promise<this> {
    this.#reading ??= this.#read().finally(() => this.#reading = null);
    return this.#reading.then(() => this);
  }

  /** Whether the file has its first line. */
  get hasBegun(): boolean {
    return this.#reader.head !== null;
  }

  /** The first line. @throws DataError where there is none. */
  get head(): StudyHead {
    const { head } = this.#reader;
    if (head) return head;
    throw new DataError(`Cannot read ${this.file}: it has no line yet, the study has just begun`);
  }

  get records(): StudyRecords {
    const { trials, failed } = this.#reader;
    return { head: this.head, trials, failed };
  }

  /** Numbers of finished or failed trials and of all trials, and the remaining time where it is known. */
  progress(): { done: number; total: number; secondsLeft?: number } {
    const { head } = this;
    const { trials, failed, begun } = this.#reader;
    const total = trialCount(head, begun ?? head.study);
    const done = trials.length + failed.length;
    if (!begun || trials.length === 0) return { done, total };
    const plan = { head, trials: begun.trials, workers: begun.workers };
    return { done, total, secondsLeft: secondsLeft(plan, trials, failed) };
  }

  /**
   * Mean loss (or the reported value, where it is no accuracy) with its deviation and the interval's
   * half-width.
   */
  curves() {
    return summariseStudy(this.records).map(({ task, at, curves }) => ({
      title: lossName(task),
      table: task.table,
      dataset: task.dataset,
      objective: task.objective,
      report: task.report,
      best: asLoss(task, { n: 1, mean: task.best, deviation: NaN, halfWidth: NaN }).mean,
      at: [...at],
      curves: curves.map(({ algorithm, points, seconds }) => {
        const losses = points.map((point) => asLoss(task, point));
        // A single trial has no deviation.
        const known = (values: number[]) => values.map((v) => Number.isNaN(v) ? null : v);
        return {
          algorithm,
          trials: points[0].n,
          mean: losses.map(({ mean }) => mean),
          deviation: known(losses.map(({ deviation }) => deviation)),
          halfWidth: known(losses.map(({ halfWidth }) => halfWidth)),
          seconds,
        };
      }),
    }));
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const bytes of linesFrom(this.file, this.#position)) {
        for (const line of decoder.decode(bytes).split("\n").slice(0, -1)) this.#take(line);
        this.#position += bytes.length;
      }
    } catch (error) {
      // Part of a block may have been read, so a repaired file is read from the start.
      this.#reader = new StudyReader(this.file);
      this.#position = 0;
      throw error;
    }
  }

  #take(line: string): void {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      throw new DataError(`Cannot read ${this.file}: a line is no JSON`, { cause });
    }
    this.#reader.take(value);
  }
}
