/** Executes any run: opens data, adapter, lock and folder, then processes events until the end. */
import { join } from "@std/path";
import { hostFiles } from "../data/files.ts";
import { hasKeptImages, keptFolder } from "../data/kept_images.ts";
import type { DataSet } from "../data/mod.ts";
import { UsageError } from "../common/errors.ts";
import type { Gpu } from "../gpu/mod.ts";
import { type ArchFile, classCount, parseArchFile } from "../nas/arch_formats/arch_file.ts";
import {
  parseRetrainConfig,
  parseSearchConfig,
  type RetrainConfig,
  type SearchConfig,
} from "../nas/config/config.ts";
import { openData } from "../nas/train/data_of.ts";
import type { LoggedEvent, RunEvent } from "../nas/events.ts";
import { evaluators, strategies } from "../nas/registry.ts";
import { retrain } from "../nas/train/retrain.ts";
import { needsDevice, openDevice, type RunIO, search } from "../nas/search/search.ts";
import type { SearchParts } from "../nas/search/loop.ts";
import type { Store } from "../nas/search/store.ts";
import { readEarlierWeights } from "../run/earlier_weights.ts";
import { RunFolder } from "../run/folder.ts";
import { interruptedCode } from "../run/interrupt.ts";
import { lockAdapter, workersGroup } from "../run/lock.ts";
import { record } from "../run/record.ts";
import type { RunTuning } from "../run/tuning.ts";
import { requireIndependent } from "../run/workers/distribute.ts";
import { fewSteps } from "./few_steps.ts";
import { finishRetrain, finishSearch } from "./finish.ts";
import type { RunOptions } from "./run_options.ts";
import type { OutputOptions } from "./nnabla_options.ts";
import { profileTo, type Profiling } from "./profile.ts";
import { checkOut, Outputs, outputsOf, requireFolders } from "./outputs.ts";
import { commandName, fromHere, lockFolder, places, shortPath } from "./paths.ts";
import { showPictures } from "./picture_progress.ts";
import { Progress, stderrScreen } from "./progress.ts";
import { onStop } from "./stopping.ts";
import { bytes, print } from "./terminal.ts";
import { openTrialWorkers } from "./open_workers.ts";
import { computesElsewhere, wantsWorkers, type WorkerOptions, workersOf } from "./workers.ts";
import { applyTuning, identityOf, measureFor, type TuningOptions } from "./tuning.ts";

/** A search, or the training of one architecture. */
export type Job =
  | { command: "search"; config: SearchConfig }
  | { command: "retrain"; config: RetrainConfig; arch: ArchFile; archText: string };

/** Resources of a job that trains networks. */
export interface Equipment extends OnDevice {
  dataset: DataSet;
}

/** Resources of a job that trains a policy only: a controller's search on a table. */
interface OnDevice extends Bare {
  gpu: Gpu;
  /** Kernel variants that the device uses. */
  tuning: RunTuning;
}

/** Resources of a job that trains nothing: any other search on a table. */
interface Bare {
  signal: AbortSignal;
  progress: Progress;
}

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

export interface ExecuteOptions extends RunOptions, OutputOptions, TuningOptions, WorkerOptions {
  /** Minutes after which a search asks for no more trials. */
  minutes?: number;
  sharing?: Sharing;
  /** Called once data and adapter are open, to change the job before it starts. */
  prepare?(job: Job, equipment: Equipment): Promise<Job>;
  /** Called with each event, once it is written. */
  onEvent?(event: LoggedEvent): void;
  /** Called with the folder of the run. */
  onRun?(path: string): void;
  /** Opened folder of an earlier run, to be resumed. */
  resume?: RunFolder;
  /** File that a trace of the run is written to. */
  profile?: string;
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

/**
 * Opens the resources of a job, holds the adapter's lock while `use` runs, then releases everything.
 * @returns what `use` returns, or 130 when the user stopped it.
 */
export async function withEquipment(
  job: Job,
  options:
    & Pick<ExecuteOptions, "dataDir" | "resume" | "runs" | "wait" | "profile" | "sharing">
    & WorkerOptions
    & TuningOptions,
  use: (equipment: Equipment | OnDevice | Bare) => Promise<number>,
): Promise<number> {
  const progress = new Progress(stderrScreen());
  const interrupt = onStop(() =>
    progress.line("stopping: writing a checkpoint; once more to stop at once")
  );
  const { signal } = interrupt;
  let gpu: Gpu | undefined;
  try {
    if (job.command === "search" && !needsDevice(job.config)) {
      if (options.profile !== undefined) {
        throw new UsageError(
          "Cannot profile this search: it opens no device; leave out --profile",
        );
      }
      return await use({ signal, progress });
    }
    const dataset = seesImages(job)
      ? await loadData(job, options, { progress, signal })
      : undefined;
    ({ gpu } = await openDevice(job.config.adapter, undefined, options.profile !== undefined));
    // Recorded so that a resume can detect another driver.
    const { adapter } = gpu;
    const id = identityOf(gpu);
    adapter.driver = id.driver ?? adapter.driver;
    const lock = await lockAdapter({
      folder: lockFolder(),
      adapter: adapter.description,
      run: options.resume?.path ?? `of "${job.command}" in ${fromHere(options.runs)}`,
      group: computesElsewhere(options) ? workersGroup : options.sharing?.workingDirectory,
      wait: options.wait,
      signal,
      onWait: (holder) => {
        progress.line(`waiting for ${holder ? `run ${holder.run}` : "another run"}`);
        options.resume?.update({ status: "queued" });
      },
    });
    let profiling: Profiling | undefined;
    try {
      if (options.tune && dataset) await measureFor(job, { dataset, signal, progress });
      const begun = { job, dataset, resume: options.resume };
      const tuning = applyTuning(gpu, id, begun, options, progress);
      const equipment = { gpu, signal, progress, tuning, ...dataset && { dataset } };
      if (options.profile !== undefined) {
        profiling = await profileTo(
          options.profile,
          gpu,
          (note) => progress.line(`note     ${note}`),
        );
      }
      return await use(equipment);
    } finally {
      for (const line of await profiling?.close() ?? []) progress.line(line);
      lock.release();
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    options.resume?.update({ status: "interrupted" });
    return interruptedCode;
  } finally {
    progress.clear();
    interrupt.dispose();
    gpu?.close();
  }
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

/** The job that is recorded in an earlier run's folder. */
export function jobOf(folder: RunFolder): Job {
  if (folder.state.command === "search") {
    return { command: "search", config: parseSearchConfig(folder.config) };
  }
  const archText = folder.arch();
  return {
    command: "retrain",
    config: parseRetrainConfig(folder.config),
    archText,
    arch: parseArchFile(archText, `${folder.path}/arch.json`),
  };
}

/**
 * Whether a job reads images. A search on a table reads none, even when its policy learns on a device, unless
 * the strategy asks for scores of untrained networks.
 */
const seesImages = (job: Job): boolean =>
  job.command === "retrain" || evaluators.get(job.config.evaluator.kind).cost !== "lookup" ||
  strategies.get(job.config.strategy.kind).untrained !== undefined;

/** Whether a job trains weights of networks, shared or not. */
const trains = (job: Job): boolean =>
  job.command === "retrain" ||
  ["pass", "training"].includes(evaluators.get(job.config.evaluator.kind).cost);

async function loadData(
  job: Job,
  { dataDir, resume }: Pick<ExecuteOptions, "dataDir" | "resume">,
  { progress, signal }: Bare,
): Promise<DataSet> {
  const splits = job.command === "retrain" && job.config.allTraining ? "final" : "search";
  const find: RunIO["find"] = {
    ...places(),
    signal,
    pictures: showPictures(progress),
    dataDir: dataDir === undefined ? undefined : fromHere(dataDir),
    progress: ({ file, received, total }) =>
      progress.redraw(() =>
        `download ${file}  ${bytes(received)}${total === null ? "" : ` of ${bytes(total)}`}`
      ),
  };
  // A run of a browser's tab has its images with it.
  const kept = resume && join(resume.path, keptFolder);
  const data = kept && await hasKeptImages(hostFiles, kept) ? kept : job.config.data;
  const dataset = await openData({ ...job.config, data }, splits, { find });
  for (const note of dataset.notes) progress.line(`note     ${note}`);
  if (job.command === "retrain") noteOtherImages(job.arch, dataset, progress);
  const advice = resume || !trains(job) ? null : fewSteps(job.config, dataset.train.n);
  if (advice !== null) progress.line(`note     ${advice}`);
  return dataset;
}

/** Notes that an architecture is trained on other images than it was found on, in case that is a mistake. */
function noteOtherImages(arch: ArchFile, { image, classes }: DataSet, progress: Progress): void {
  // Hand-made architectures and other programs' files do not record the images.
  if (arch.strategy === "baseline" || arch.data === undefined) return;
  const found = `${classCount(arch)} classes and images of ${arch.input.join("×")}`;
  const now = `${classes.length} classes and images of ${image.join("×")}`;
  if (found !== now) progress.line(`note     found with ${found}, trained with ${now}`);
}
