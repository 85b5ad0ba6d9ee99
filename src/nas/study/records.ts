/** File of a study: a line that defines it, one per start or resumption, one per finished trial. */
import * as z from "zod";
import { sha256 } from "../../common/sha256.ts";
import { DataError } from "../../common/errors.ts";
import { expectation } from "../config/zod_messages.ts";
import { lossOf } from "./loss.ts";
import { notedAt, type Study, studySchema } from "./definition.ts";
import type { TableColumns } from "../tables/columns.ts";

/** Name of the file within a study's folder. */
export const studyFile = "study.ndjson";

const task = z.object({
  table: z.string(),
  space: z.string(),
  dataset: z.string(),
  size: z.number(),
  objective: z.string(),
  /** Column of the trials' values. */
  report: z.string(),
  label: z.string(),
  unit: z.enum(["%", "fraction", "s", "M", ""]),
  /** The best value of that column in the whole table. */
  best: z.number(),
  /** Digest of both columns, to detect a changed table. */
  sha256: z.string(),
});

const head = z.object({
  type: z.literal("study"),
  version: z.literal(1),
  study: studySchema,
  tasks: z.array(task).min(1),
  at: z.array(z.number()).min(1),
});

const begin = z.object({
  type: z.literal("begin"),
  time: z.string(),
  /** Trials that run in parallel. */
  workers: z.number().int().positive(),
  /** Searches per algorithm and data set; may grow when a study is resumed. */
  trials: z.number().int().positive(),
});

const job = {
  task: z.number().int().nonnegative(),
  algorithm: z.number().int().nonnegative(),
  trial: z.number().int().nonnegative(),
  seed: z.number(),
};

/** A finished trial. Its line also has the queries (`Query`), most of the file, which no reader keeps. */
const trial = z.object({
  type: z.literal("trial"),
  ...job,
  values: z.array(z.number()),
  best: z.string(),
  seconds: z.number(),
});

/** A failed trial; it is not repeated, since the same seed would fail again. */
const failed = z.object({ type: z.literal("failed"), ...job, reason: z.string() });

export type StudyHead = z.infer<typeof head>;
export type TaskHead = z.infer<typeof task>;
export type BeginRecord = z.infer<typeof begin>;
export type TrialRecord = z.infer<typeof trial>;
export type FailedRecord = z.infer<typeof failed>;

export interface StudyRecords {
  head: StudyHead;
  trials: TrialRecord[];
  failed: FailedRecord[];
}

export function headOf(study: Study, tasks: readonly TableColumns[]): StudyHead {
  return {
    type: "study",
    version: 1,
    // Paths of this machine are not part of a study's definition.
    study: { ...study, tables: [] },
    tasks: tasks.map(taskHead),
    at: notedAt(study),
  };
}

function taskHead({ table, dataset, objective, report, mean, reports }: TableColumns): TaskHead {
  const smallIsGood = lossOf(report) === null && objective === `-${report.name}`;
  return {
    table: table.name,
    space: table.space,
    dataset,
    size: table.size,
    objective,
    report: report.name,
    label: report.label,
    unit: report.unit,
    best: reports.reduce((a, b) => smallIsGood ? Math.min(a, b) : Math.max(a, b)),
    sha256: sha256(bytesOf(mean, reports)),
  };
}

function bytesOf(a: Float64Array, b: Float64Array): Uint8Array {
  const both = new Float64Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return new Uint8Array(both.buffer);
}

/** Unique key of a trial. */
export const trialKey = (t: Pick<TrialRecord, "task" | "algorithm" | "trial">): string =>
  `${t.task} ${t.algorithm} ${t.trial}`;

/** First difference between two definitions, or null. The number of trials may differ: it may grow. */
export function difference(before: StudyHead, now: StudyHead): string | null {
  const [a, b] = [before, now].map(({ study, tasks }) => ({
    ...study,
    trials: 0,
    tasks: Object.fromEntries(tasks.map((t, i) => [i, t])),
    algorithms: Object.fromEntries(study.algorithms.map((one) => [one.name, one])),
  }));
  return differing(a, b, "");
}

function differing(a: unknown, b: unknown, path: string): string | null {
  if (isObject(a) && isObject(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const found = differing(a[key], b[key], path ? `${path}.${key}` : key);
      if (found !== null) return found;
    }
    return null;
  }
  const [was, is] = [JSON.stringify(a), JSON.stringify(b)];
  return was === is ? null : `${path} was ${was ?? "not there"} and is ${is ?? "not there"}`;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads a study's lines one by one, so that a file can be read while it grows. */
export class StudyReader {
  readonly trials: TrialRecord[] = [];
  readonly failed: FailedRecord[] = [];
  /** The last start or resumption; null in files without such lines. */
  begun: BeginRecord | null = null;
  #head: StudyHead | null = null;
  #lines = 0;
  readonly #seen = new Set<string>();

  constructor(private readonly file: string) {}

  /** Definition of the study; null before the first line. */
  get head(): StudyHead | null {
    return this.#head;
  }

  /**
   * Takes the next line.
   * @throws DataError naming line and field.
   */
  take(value: unknown): void {
    const line = ++this.#lines;
    if (this.#head === null) this.#head = check(head, value, this.file, line);
    else if (isObject(value) && value.type === "begin") {
      this.begun = check(begin, value, this.file, line);
    } else if (isObject(value) && value.type === "failed") {
      const record = check(failed, value, this.file, line);
      this.#first(record, line, this.#head);
      this.failed.push(record);
    } else {
      const record = check(trial, value, this.file, line);
      if (record.values.length !== this.#head.at.length) this.#refuse(line);
      this.#first(record, line, this.#head);
      this.trials.push(record);
    }
  }

  /**
   * Checks that a trial belongs to the study and occurs once.
   * @throws DataError if not.
   */
  #first(record: TrialRecord | FailedRecord, line: number, { tasks, study }: StudyHead): void {
    const fits = record.task < tasks.length && record.algorithm < study.algorithms.length;
    if (!fits) this.#refuse(line);
    const key = trialKey(record);
    if (this.#seen.has(key)) {
      throw new DataError(`Cannot read ${this.file}: line ${line} repeats a trial`);
    }
    this.#seen.add(key);
  }

  #refuse(line: number): never {
    throw new DataError(`Cannot read ${this.file}: line ${line} is no trial of this study`);
  }
}

/**
 * Reads all lines of a file.
 * @throws DataError naming line and field.
 */
export function readStudyRecords(lines: readonly unknown[], file: string): StudyRecords {
  const reader = new StudyReader(file);
  // An empty file gives the error of a missing first line.
  for (const line of lines.length === 0 ? [undefined] : lines) reader.take(line);
  return { head: reader.head!, trials: reader.trials, failed: reader.failed };
}

function check<T>(schema: z.ZodType<T>, value: unknown, file: string, line: number): T {
  const result = schema.safeParse(value, { error: expectation });
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  throw new DataError(
    `Cannot read ${file}: line ${line}: ${path.join(".") || "it"}: ${message}`,
    { cause: result.error },
  );
}

/** Whether a line is the first of a study's file. */
export const isStudyHead = (line: unknown): boolean => isObject(line) && line.type === "study";
