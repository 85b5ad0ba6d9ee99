/** Whole runs on workers: each worker gets one run at a time, whose folder is like that of a run by itself. */
import { basename } from "@std/path";
import { UsageError } from "../common/errors.ts";
import { needsDevice } from "../nas/search/search.ts";
import { RunFolder } from "../run/folder.ts";
import { interruptedCode } from "../run/interrupt.ts";
import { type Job, seesImages } from "../run/job.ts";
import { readState, writeState } from "../run/state.ts";
import { runAll } from "../run/workers/attempts.ts";
import { errorOf } from "../run/workers/supervised.ts";
import { receiveRun, runEnd, type RunJob, runJobOf } from "../run/workers/whole_run.ts";
import { type Bare, type Equipment, withEquipment } from "./equipment.ts";
import { type ExecuteOptions, finish, newFolder, prepared } from "./execute.ts";
import { checkpointsOf, findIn, openWorkers } from "./open_workers.ts";
import { checkOut } from "./outputs.ts";
import { commandName, fromHere, shortPath } from "./paths.ts";
import { counted, print, printError } from "./terminal.ts";
import { takesOthers, type WorkerOptions } from "./workers.ts";

const never = new AbortController().signal;

/** A run to be made. */
export interface NewRun {
  job: Job;
  /** File that the winner is copied to, as `ExecuteOptions` has it. */
  out: string;
}

/** A run whose folder is there. */
interface Made extends NewRun {
  path: string;
  of: RunJob;
}

/**
 * Executes runs of the same command that differ in their settings only.
 * @returns the exit code of the first run that is not done, or 0.
 * @throws the error of the first run that fails, once those that are done have all their files.
 */
export async function executeOnWorkers(
  runs: readonly NewRun[],
  options: ExecuteOptions,
): Promise<number> {
  const [{ job: first }] = runs;
  requirePlain(first, options);
  if (first.command === "search") { for (const { out } of runs) checkOut(out); }
  return await withEquipment(first, options, async (equipment) => {
    const made = await madeFolders(runs, options, equipment);
    try {
      return await onWorkers(made, options, equipment);
    } finally {
      equipment.progress.clear();
      leave(made);
    }
  });
}

/** @throws UsageError for options that need the run in this process or its files on this machine. */
function requirePlain({ config }: Job, options: ExecuteOptions): void {
  const { monitorPath, monitorSavePath, modelSavePath } = options;
  if (monitorPath ?? monitorSavePath ?? modelSavePath) {
    throw new UsageError(
      "Cannot write curves or parameters beside runs on workers: expected none of --monitor-path, " +
        "--monitor-save-path and --model-save-path; leave out --workers, or take the files of the runs' folders",
    );
  }
  if (config.initFrom && takesOthers(options)) {
    throw new UsageError(
      "Cannot start from earlier weights on other machines: they are in this machine's files; use --workers alone",
    );
  }
}

async function madeFolders(
  runs: readonly NewRun[],
  options: ExecuteOptions,
  equipment: Bare & Partial<Equipment>,
): Promise<Made[]> {
  const made: Made[] = [];
  // Each run is resumed by itself.
  const alone: WorkerOptions = { workers: undefined, listen: undefined, nats: undefined };
  for (const { job: given, out } of runs) {
    const job = await prepared(given, options, equipment);
    const folder = newFolder(job, { ...options, ...alone, out });
    if (equipment.tuning) folder.settle(equipment.tuning);
    folder.update({ status: "queued" });
    folder.close();
    const { path } = folder;
    equipment.progress.line(`run      ${shortPath(path)}, seed ${job.config.seed}`);
    options.onRun?.(path);
    made.push({ job, out, path, of: runJobOf(fromHere(options.runs), basename(path)) });
  }
  return made;
}

async function onWorkers(
  made: readonly Made[],
  options: ExecuteOptions,
  equipment: Bare & Partial<Equipment>,
): Promise<number> {
  const { progress, signal } = equipment;
  const [{ job, path: folder }] = made;
  const device = job.command === "retrain" || needsDevice(job.config);
  const value = {
    adapter: device ? job.config.adapter : undefined,
    find: findIn(options.dataDir),
    runs: fromHere(options.runs),
  };
  const { channel, onAttempt, close } = await openWorkers(options, {
    opening: {
      kind: "run",
      plugins: job.config.plugins,
      value,
      checkpoints: checkpointsOf(folder, options),
    },
    data: seesImages(job) ? job.config.data : undefined,
    ...{ folder, started: readState(folder).started, progress },
  });
  const ended = new Set<Made>();
  let finished = 0;
  let failure: { error: unknown } | undefined;
  let interrupted = false;
  // Runs that can be interrupted save a checkpoint; others are cancelled.
  const interrupt = channel.interrupt?.bind(channel);
  if (interrupt) signal.addEventListener("abort", interrupt);
  try {
    signal.throwIfAborted();
    const jobs = { channel, payloads: made.map(({ of }) => of), schema: runEnd, onAttempt };
    for await (const { payload, found } of runAll(jobs, interrupt ? never : signal)) {
      const one = made.find(({ of }) => of === payload)!;
      const end = "lost" in found ? markLost(one, found.lost) : found.value;
      receiveRun(one.path, end);
      if (end.status === "done") {
        ended.add(one);
        progress.line(`done     ${shortPath(one.path)}, ${ended.size} of ${made.length}`);
        // In the order of the runs, as without workers.
        while (ended.has(made[finished])) await leaveResults(made[finished++], options, equipment);
        continue;
      }
      if (end.status === "failed") failure ??= { error: errorOf(end.error!) };
      else interrupted = true;
      if (!interrupt) break;
      interrupt();
    }
  } finally {
    if (interrupt) signal.removeEventListener("abort", interrupt);
    await close();
  }
  for (const one of made.slice(finished)) {
    if (ended.has(one)) await leaveResults(one, options, equipment);
  }
  if (failure) throw failure.error;
  return interrupted ? interruptedCode : 0;
}

/** Records that a run ended all its workers. */
function markLost({ path }: Made, why: string) {
  const message = `Cannot finish run ${shortPath(path)}: ${why}`;
  writeState(path, { ...readState(path), status: "failed", error: message });
  return { status: "failed" as const, error: { name: "Error", message } };
}

/** Leaves the files that a finished run has beside those of its worker, and prints its results. */
async function leaveResults(
  { job, out, path }: Made,
  options: ExecuteOptions,
  equipment: Bare & Partial<Equipment>,
): Promise<void> {
  const folder = RunFolder.reopen(path);
  try {
    if (options.json) { for (const event of folder.earlier) print(JSON.stringify(event)); }
    const done = folder.earlier.findLast((event) => event.type === "done")!;
    const result = { folder, done, out: fromHere(out), quiet: options.json ?? false };
    await finish(job, result, equipment);
  } finally {
    folder.close();
  }
}

/** Prints the commands that go on with runs that are not done. */
function leave(made: readonly Made[]): void {
  const open = made.filter(({ path }) => readState(path).status !== "done");
  if (open.length === 0) return;
  for (const { path } of open) {
    const state = readState(path);
    if (state.status !== "failed") writeState(path, { ...state, status: "interrupted" });
  }
  printError(`${counted(open.length, "run")} not done; to go on:`);
  for (const { path } of open) printError(`  ${commandName()} resume ${shortPath(path)}`);
}
