/** Executes any run: opens what it needs, then processes its events until the end. */
import { UsageError } from "../common/errors.ts";
import type { LoggedEvent, RunEvent } from "../nas/events.ts";
import type { SearchParts } from "../nas/search/loop.ts";
import { type RunIO, search } from "../nas/search/search.ts";
import type { Store } from "../nas/search/store.ts";
import { retrain } from "../nas/train/retrain.ts";
import { readEarlierWeights } from "../run/earlier_weights.ts";
import { RunFolder } from "../run/folder.ts";
import { interruptedCode } from "../run/interrupt.ts";
import { record } from "../run/record.ts";
import { requireIndependent } from "../run/workers/distribute.ts";
import { type Bare, type Equipment, type EquipmentOptions, withEquipment } from "./equipment.ts";
import { finishRetrain, finishSearch } from "./finish.ts";
import { type Job, seesImages } from "./job.ts";
import type { OutputOptions } from "./nnabla_options.ts";
import { checkOut, Outputs, outputsOf, requireFolders } from "./outputs.ts";
import { commandName, fromHere, places, shortPath } from "./paths.ts";
import type { Progress } from "./progress.ts";
import type { RunOptions } from "./run_options.ts";
import { print } from "./terminal.ts";
import { openTrialWorkers } from "./open_workers.ts";
import { wantsWorkers, workersOf } from "./workers.ts";

/** Starts the job and yields its events; its state goes to `store`. */
export function eventsOf(
  job: Job,
  store: Store,
  { gpu, dataset, signal }: Bare & Partial<Equipment>,
  further: Pick<RunIO, "snapshots" | "distribute" | "share" | "minutes"> = {},
): AsyncIterable<RunEvent> {
  const initial = () => readEarlierWeights(job.config.initFrom, job.command);
  const { cacheDir } = places();
  const from = { gpu, dataset, cacheDir, initial };
  const options = { signal, store, ...from, ...further };
  return job.command === "search"
    ? search(job.config, options)
    : retrain(job.arch, job.config, options);
}

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
    if (wantsWorkers(options)) requireIndependent(job.config);
  }
  const outputs = options.resume ? options.resume.state.outputs : outputsOf(options);
  requireFolders(outputs);
  if (options.tune && !seesImages(job)) {
    throw new UsageError("Cannot tune for this search: it trains no networks; leave out --tune");
  }
  return await withEquipment(job, options, async (equipment) => {
    options.resume?.update({ status: "running" });
    const prepared = options.prepare && "dataset" in equipment
      ? await options.prepare(job, equipment)
      : job;
    const decoder = "dataset" in equipment && !options.resume && equipment.dataset.decoder;
    return await drive(decoder ? withDecoder(prepared, decoder) : prepared, options, equipment);
  });
}

/** Records the picture decoder in the job, so that a resume can detect another one. */
function withDecoder(job: Job, decoder: string): Job {
  return job.command === "search"
    ? { ...job, config: { ...job.config, decoder } }
    : { ...job, config: { ...job.config, decoder } };
}

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
    const events = eventsOf(job, outputs.store, equipment, {
      snapshots,
      distribute,
      share,
      minutes,
    });
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
    if (job.command === "search") await finishSearch(job.config, result, progress);
    else await finishRetrain(job.arch, dataset!.classes, result, progress);
    return 0;
  } finally {
    await workers?.close();
    outputs.close();
    folder.close();
  }
}

function newFolder(job: Job, options: ExecuteOptions): RunFolder {
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
