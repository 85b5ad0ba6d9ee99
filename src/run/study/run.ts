/**
 * Runs a study into a folder. `study.ndjson` gets a line per finished or failed trial and is all that
 * resuming needs. Started again, it runs the missing trials only.
 */
import { loadedPlugins } from "../plugins.ts";
import { join } from "@std/path";
import { UsageError } from "../../common/errors.ts";
import { seedOf, type Study } from "../../nas/study/definition.ts";
import { secondsLeft, trialCount } from "../../nas/study/progress.ts";
import {
  type BeginRecord,
  difference,
  type FailedRecord,
  headOf,
  readStudyRecords,
  studyFile,
  type StudyHead,
  type StudyRecords,
  trialKey,
  type TrialRecord,
} from "../../nas/study/records.ts";
import { explain, LineFile, readLines } from "../files.ts";
import { lockStudy } from "./lock.ts";
import { type OpeningProgress, StudyParts } from "./parts.ts";
import { type StudyJob, type StudyOpening, type StudyOutcome, studyOutcome } from "./work.ts";
import { runAll } from "../workers/attempts.ts";
import type { Opening, OpenWorkers } from "../workers/channel.ts";
import { ThreadChannel } from "../workers/threads.ts";

export interface StudyOptions extends OpeningProgress {
  /** Created if missing. */
  folder: string;
  /** Threads that run searches, where no workers are opened. */
  threads: number;
  /** Opens workers in place of threads. */
  open?(opening: Opening): Promise<OpenWorkers>;
  cacheDir: string;
  signal: AbortSignal;
  /** Called for earlier trials first, then for each finished one. */
  onTrial?(state: StudyProgress): void;
}

export interface StudyProgress {
  done: number;
  total: number;
  /** NaN until a trial has been timed. */
  secondsLeft(): number;
}

const syncEveryMs = 2000;

/**
 * Runs or resumes a study.
 * @returns the whole file's content.
 * @throws UsageError when the folder has another study, or tables and algorithms do not fit; the signal's
 * reason, with every finished trial kept.
 */
export async function runStudy(study: Study, options: StudyOptions): Promise<StudyRecords> {
  const parts = await StudyParts.open({ study, cacheDir: options.cacheDir }, options);
  let head: StudyHead;
  try {
    await parts.check();
    head = headOf(study, parts.tasks);
  } finally {
    parts.close();
  }
  const path = join(options.folder, studyFile);
  try {
    Deno.mkdirSync(options.folder, { recursive: true });
  } catch (cause) {
    throw explain(options.folder, cause);
  }
  const unlock = await lockStudy(path);
  try {
    return await inFile(new LineFile(path), study, head, options);
  } finally {
    unlock();
  }
}

async function inFile(
  lines: LineFile,
  study: Study,
  head: StudyHead,
  options: StudyOptions,
): Promise<StudyRecords> {
  try {
    if (lines.size === 0) lines.append(JSON.stringify(head));
    const known = readStudyRecords(readLines(lines.path), lines.path);
    const other = difference(known.head, head);
    if (other !== null) {
      throw new UsageError(
        `Cannot go on with the study in ${options.folder}: ${other}; name another folder with --out`,
      );
    }
    return await new Remaining(study, known, lines).run(options);
  } finally {
    lines.close();
  }
}

class Remaining {
  readonly #known: StudyRecords;
  readonly #jobs: StudyJob[];
  #synced = performance.now();

  constructor(
    private readonly study: Study,
    { head, trials, failed }: StudyRecords,
    private readonly lines: LineFile,
  ) {
    this.#known = { head, trials: [...trials], failed: [...failed] };
    const known = new Set([...trials, ...failed].map(trialKey));
    const all = Array.from(
      { length: study.trials },
      (_, trial) =>
        head.tasks.flatMap((_, task) =>
          study.algorithms.map((_, algorithm): StudyJob => ({ task, algorithm, trial }))
        ),
    ).flat();
    this.#jobs = all.filter((job) => !known.has(trialKey(job)));
  }

  async run({ threads, open, cacheDir, signal, onTrial }: StudyOptions): Promise<StudyRecords> {
    const { trials } = this.study;
    const known = this.#known;
    const total = trialCount(known.head, { trials });
    let left = this.#jobs.length;
    const tell = (workers: number) =>
      onTrial?.({
        done: total - left,
        total,
        secondsLeft: () =>
          secondsLeft({ head: known.head, trials, workers }, known.trials, known.failed),
      });
    if (left === 0) return tell(1), known;
    const value: StudyOpening = { study: this.study, cacheDir };
    const opening = { kind: "study", plugins: loadedPlugins(), value };
    const { channel, onAttempt, close } = await open?.(opening) ??
      onThreads(opening, Math.min(threads, left));
    const workers = () => Math.max(1, channel.capacity());
    try {
      const time = new Date().toISOString();
      const begin: BeginRecord = { type: "begin", time, workers: workers(), trials };
      this.lines.append(JSON.stringify(begin));
      tell(workers());
      const jobs = { channel, payloads: this.#jobs, schema: studyOutcome, onAttempt };
      for await (const { payload, found } of runAll(jobs, signal)) {
        this.#record(payload, "lost" in found ? { reason: found.lost } : found.value);
        left--;
        tell(workers());
      }
    } finally {
      await close();
      this.lines.sync();
    }
    return known;
  }

  #record(job: StudyJob, outcome: StudyOutcome): void {
    const at = { ...job, seed: seedOf(this.study, job.trial) };
    if ("reason" in outcome) {
      const record: FailedRecord = { type: "failed", ...at, ...outcome };
      this.lines.append(JSON.stringify(record));
      this.#known.failed.push(record);
    } else {
      const { queries, ...rest } = outcome;
      const record: TrialRecord = { type: "trial", ...at, ...rest };
      this.lines.append(JSON.stringify({ ...record, queries }));
      this.#known.trials.push(record);
    }
    this.#sync();
  }

  #sync(): void {
    if (performance.now() - this.#synced < syncEveryMs) return;
    this.lines.sync();
    this.#synced = performance.now();
  }
}

function onThreads(opening: Opening, threads: number): OpenWorkers {
  const channel = new ThreadChannel(opening, threads);
  return { channel, close: () => channel.close() };
}
