/** Executes any run: opens what it needs, then processes its events until the end. */
import { UsageError } from "../common/errors.ts";
import type { LoggedEvent } from "../nas/events.ts";
import type { SearchParts } from "../nas/search/loop.ts";
import { RunFolder } from "../run/folder.ts";
import { interruptedCode } from "../run/interrupt.ts";
import { record } from "../run/record.ts";
import { requireCandidates, sharesWeights } from "../run/workers/candidates.ts";
import { type Bare, type Equipment, type EquipmentOptions, withEquipment } from "./equipment.ts";
import { finishRetrain, finishSearch, type Result } from "./finish.ts";
import { eventsOf, type Job, seesImages, withConfig } from "../run/job.ts";
import type { OutputOptions } from "./nnabla_options.ts";
import { checkOut, Outputs, outputsOf, requireFolders } from "./outputs.ts";
import { commandName, fromHere, places, shortPath } from "./paths.ts";
import type { Progress } from "./progress.ts";
import type { RunOptions } from "./run_options.ts";
import { print } from "./terminal.ts";
import { openTrialWorkers } from "./open_workers.ts";
import { wantsWorkers, workersOf } from "./workers.ts";

/** A working directory that several processes share. */
export interface Sharing {
  /** Its path. */
  workingDirectory: string;
  /** Joins the search to the directory. */
  join(
    parts: SearchParts<unknown>,
    about: { signal: AbortSignal; progress: Progress },
  ): SearchParts<unknown>;
}

export interface ExecuteOptions extends RunOptions, OutputOptions, EquipmentOptions {
  /** Minutes after which a search asks for no more trials. */
  minutes?: number;
  sharing?: Sharing;
  /** Called once data and adapter are open, to change the job before it starts. */
  prepare?(job: Job, equipment: Equipment): Promise<Job>;
  /** Called with each event, once it is written. */
  onEvent?(event: LoggedEvent): void;
  /** Called with the folder of the run. */
  onRun?(path: string): void;
}

/** Executes a job. @returns the exit code: 0, or 130 when the user stopped it. */
export async function execute(job: Job, options: ExecuteOptions): Promise<number> {
  if (job.command === "search") {
    checkOut(options.out);
    if (wantsWorkers(options)) requireCandidates(job.config);
  }
  const outputs = options.resume ? options.resume.state.outputs : outputsOf(options);
  requireFolders(outputs);
  if (options.tune && !seesImages(job)) {
    throw new UsageError("Cannot tune for this search: it trains no networks; leave out --tune");
  }
  const trainsHere = job.command === "search" && sharesWeights(job.config);
  return await withEquipment(job, { ...options, trainsHere }, async (equipment) => {
    options.resume?.update({ status: "running" });
    return await drive(await prepared(job, options, equipment), options, equipment);
  });
}

/** The job with what only its open resources tell. */
export async function prepared(
  job: Job,
  { prepare, resume }: Pick<ExecuteOptions, "prepare" | "resume">,
  equipment: Bare & Partial<Equipment>,
): Promise<Job> {
  if (!hasImages(equipment)) return job;
  const changed = await prepare?.(job, equipment) ?? job;
  const { decoder } = equipment.dataset;
  // Recorded so that a resume can detect another decoder of pictures.
  return decoder && !resume ? withConfig(changed, { decoder }) : changed;
}

const hasImages = (equipment: Bare & Partial<Equipment>): equipment is Equipment =>
  equipment.dataset !== undefined;

async function drive(
  job: Job,
  options: ExecuteOptions,
  equipment: Bare & Partial<Equipment>,
): Promise<number> {
  const { progress, signal, dataset, tuning } = equipment;
  const folder = options.resume ?? newFolder(job, options);
  if (tuning && !folder.tuning && !folder.begun) folder.settle(tuning);
  progress.line(`run      ${shortPath(folder.path)}`);
  options.onRun?.(folder.path);
  const outputs = new Outputs(folder);
  const show = (event: LoggedEvent) => {
    if (options.json) print(JSON.stringify(event));
    progress.show(event);
    outputs.show(event);
    options.onEvent?.(event);
  };
  let workers: Awaited<ReturnType<typeof openTrialWorkers>>;
  try {
    if (job.command === "search") {
      workers = await openTrialWorkers(options, {
        run: folder.path,
        started: folder.state.started,
        config: job.config,
        tuning: folder.tuning?.choices ?? {},
        dataDir: options.dataDir,
        progress,
      });
    }
    const { snapshots } = outputs;
    const { minutes } = options;
    const { distribute } = workers ?? {};
    const { sharing } = options;
    const share = sharing && ((parts: SearchParts<unknown>) => sharing.join(parts, equipment));
    const { gpu } = equipment;
    const io = { signal, gpu, dataset, cacheDir: places().cacheDir };
    const further = { store: outputs.store, snapshots, distribute, share, minutes };
    const events = eventsOf(job, { ...io, ...further });
    const { status, done } = await record(folder, events, signal, show);
    progress.clear();
    if (status === "interrupted" || !done) {
      progress.line(
        sharing
          ? "interrupted; to go on, give the same command again"
          : `interrupted; to go on:\n  ${commandName()} resume ${shortPath(folder.path)}`,
      );
      return interruptedCode;
    }
    const result = { folder, done, out: fromHere(options.out), quiet: options.json ?? false };
    await finish(job, result, equipment);
    return 0;
  } finally {
    await workers?.close();
    outputs.close();
    folder.close();
  }
}

/** Leaves the files of a finished run and prints its results. */
export async function finish(
  job: Job,
  result: Result,
  { dataset, progress }: Bare & Partial<Equipment>,
): Promise<void> {
  if (job.command === "search") await finishSearch(job.config, result, progress);
  else await finishRetrain(job.arch, dataset!.classes, result, progress);
}

/** Makes the folder of a new run. */
export function newFolder(job: Job, options: ExecuteOptions): RunFolder {
  const folder = RunFolder.create({
    runs: fromHere(options.runs),
    command: job.command,
    mode: job.command === "search" ? job.config.space.kind : "retrain",
    config: job.config,
    arch: job.command === "retrain" ? job.archText : undefined,
  });
  const { dataDir, out } = options;
  folder.update({
    workers: workersOf(options),
    minutes: options.minutes,
    workingDirectory: options.sharing?.workingDirectory,
    dataDir: dataDir && fromHere(dataDir),
    out: fromHere(out),
    outputs: outputsOf(options),
  });
  return folder;
}
