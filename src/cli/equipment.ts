/** Resources of a job: its data, adapter, lock and tuning, opened in this order and released in the reverse one. */
import { join } from "@std/path";
import { UsageError } from "../common/errors.ts";
import { hostFiles } from "../data/files.ts";
import { hasKeptImages, keptFolder } from "../data/kept_images.ts";
import type { DataSet } from "../data/mod.ts";
import type { Gpu } from "../gpu/mod.ts";
import { type ArchFile, classCount } from "../nas/arch_formats/arch_file.ts";
import { needsDevice, openDevice, type RunIO } from "../nas/search/search.ts";
import { openData } from "../nas/train/data_of.ts";
import type { RunFolder } from "../run/folder.ts";
import { interruptedCode } from "../run/interrupt.ts";
import { lockAdapter, workersGroup } from "../run/lock.ts";
import type { RunTuning } from "../run/tuning.ts";
import { fewSteps } from "./few_steps.ts";
import { type Job, seesImages, splitsOf, trains } from "../run/job.ts";
import { fromHere, lockFolder, places } from "./paths.ts";
import { showPictures } from "./picture_progress.ts";
import { profileTo, type Profiling } from "./profile.ts";
import { Progress, stderrScreen } from "./progress.ts";
import type { RunOptions } from "./run_options.ts";
import { onStop } from "./stopping.ts";
import { bytes } from "./terminal.ts";
import { applyTuning, identityOf, measureFor, type TuningOptions } from "./tuning.ts";
import { computesElsewhere, type WorkerOptions } from "./workers.ts";

/** Resources of a job that trains networks. */
export interface Equipment extends OnDevice {
  dataset: DataSet;
}

/** Resources of a job that trains a policy only: a controller's search on a table. */
export interface OnDevice extends Bare {
  gpu: Gpu;
  /** Kernel variants that the device uses. */
  tuning: RunTuning;
}

/** Resources of a job that trains nothing: any other search on a table. */
export interface Bare {
  signal: AbortSignal;
  progress: Progress;
}

export interface EquipmentOptions
  extends Pick<RunOptions, "dataDir" | "runs" | "wait">, WorkerOptions, TuningOptions {
  /** Opened folder of an earlier run, to be resumed. */
  resume?: RunFolder;
  /** File that a trace of the run is written to. */
  profile?: string;
  /** Whether networks are trained in this process although there are workers. */
  trainsHere?: boolean;
  /** A working directory whose processes use the adapter together. */
  sharing?: { workingDirectory: string };
}

/**
 * Opens the resources of a job, holds the adapter's lock while `use` runs, then releases everything.
 * @returns what `use` returns, or 130 when the user stopped it.
 */
export async function withEquipment(
  job: Job,
  options: EquipmentOptions,
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
      group: computesElsewhere(options) && !options.trainsHere
        ? workersGroup
        : options.sharing?.workingDirectory,
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

async function loadData(
  job: Job,
  { dataDir, resume }: Pick<EquipmentOptions, "dataDir" | "resume">,
  { progress, signal }: Bare,
): Promise<DataSet> {
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
  const dataset = await openData({ ...job.config, data }, splitsOf(job), { find });
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
