/** Which forms of kernels a run uses, and the measuring of those that it asks for. */
import { DataError, UsageError } from "../errors.ts";
import { Gpu, type OpenOptions } from "../gpu/mod.ts";
import type { SearchConfig } from "../nas/config.ts";
import { kernelsDigest } from "../nas/tuning/kernels.ts";
import {
  type ImageSet,
  type OpPass,
  passesOfRetrain,
  passesOfSearch,
} from "../nas/tuning/passes.ts";
import { keysOf, type Measured, tune } from "../nas/tuning/tuner.ts";
import type { RunFolder } from "../run/folder.ts";
import {
  keepTuning,
  type KeptTuning,
  readRunTuning,
  readTuning,
  type RunTuning,
  runTuningOf,
  type TuningIdentity,
  tuningSummary,
  untuned,
} from "../run/tuning.ts";
import { driverVersion } from "./driver.ts";
import type { Equipment, Job } from "./execute.ts";
import { fromHere, places, shortPath } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { counted, duration } from "./terminal.ts";

/** Longest measuring before a run, in seconds. */
const BEFORE_A_RUN = 60;

export interface TuningOptions {
  /** A run's tuning.json; false for no tuning. Default: what was measured on this machine. */
  tuning?: string | false;
  /** Measure first what the run asks for and was not measured yet. */
  tune?: boolean;
}

/** What a tuning of this device holds for. */
export async function identityOf(gpu: Gpu): Promise<TuningIdentity> {
  const adapter = gpu.adapter.description;
  const driver = await driverVersion(adapter);
  return { adapter, driver, deno: Deno.version.deno, kernels: kernelsDigest };
}

/** What a run that has not begun is to use: of a file, of this machine, or nothing. */
export function chooseTuning(
  id: TuningIdentity,
  { tuning }: TuningOptions,
  note: (line: string) => void,
): RunTuning {
  if (tuning === false) return untuned;
  if (tuning !== undefined) {
    const given = readRunTuning(fromHere(tuning));
    if (given) return given;
    throw new UsageError(
      `Cannot use tuning ${tuning}: there is no such file, expected the tuning.json of a run`,
    );
  }
  try {
    const kept = readTuning(places().cacheDir, id);
    return kept ? runTuningOf(kept) : untuned;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    note(`${error.message}; this run goes without`);
    return untuned;
  }
}

/** Makes a device use the forms of a run that it goes on with, or of one that begins; says so. */
export function applyTuning(
  gpu: Gpu,
  id: TuningIdentity,
  options: TuningOptions & { resume?: RunFolder },
  progress: Progress,
): RunTuning {
  const { resume } = options;
  const tuning = resume?.tuning ??
    (resume?.begun
      ? untuned
      : chooseTuning(id, options, (line) => progress.line(`note     ${line}`)));
  gpu.tuning.use(tuning.choices, resume ? `${shortPath(resume.path)}/tuning.json` : "the tuning");
  if (tuning.from) {
    const day = tuning.from.measured.slice(0, 10);
    progress.line(`tuning   ${tuningSummary(tuning.choices)}, measured ${day}`);
  }
  return tuning;
}

/** What a job computes; nothing where it asks a table. */
export function passesOf(job: Job, images: ImageSet): OpPass[] {
  if (job.command === "retrain") return passesOfRetrain(job.config, images, job.arch.choice);
  return job.config.evaluator.kind === "table" ? [] : passesOfSearch(job.config, images);
}

/** How to open an adapter that is measured. */
export function openOptions(adapter: SearchConfig["adapter"]): OpenOptions {
  return { adapter: adapter === "default" ? undefined : adapter, timestamps: "if-there" };
}

/** Measures what a run asks for that was not measured yet; the caller holds the adapter's lock. */
export async function measureFor(
  job: Job,
  { dataset, signal, progress }: Pick<Equipment, "dataset" | "signal" | "progress">,
): Promise<void> {
  const { adapter } = job.config;
  const passes = passesOf(job, { image: dataset.image, classes: dataset.classes.length });
  const asked = { adapter, passes, seconds: BEFORE_A_RUN, signal, progress };
  const { measured, seconds } = await measure(asked);
  if (measured.length === 0) return;
  progress.line(`tuning   ${counted(measured.length, "kernel")} in ${duration(seconds)}`);
}

export interface Measuring {
  adapter: SearchConfig["adapter"];
  passes: readonly OpPass[];
  seconds: number;
  signal: AbortSignal;
  progress: Progress;
  /** Whether to measure anew what was measured before. */
  again?: boolean;
}

export interface TuningReport {
  measured: Measured[];
  /** How many keys were measured before, and left out. */
  known: number;
  /** Keys that time did not suffice for. */
  left: number;
  seconds: number;
  /** Null where nothing was measured. */
  kept: KeptTuning | null;
}

/**
 * Measures on a device of its own and keeps what it finds, also when it is stopped. The caller holds the
 * adapter's lock.
 */
export async function measure(options: Measuring): Promise<TuningReport> {
  const { adapter, passes, seconds, signal, progress } = options;
  const { cacheDir } = places();
  const started = performance.now();
  const gpu = await Gpu.open(openOptions(adapter));
  const measured: Measured[] = [];
  let left = 0;
  const note = (line: string) => progress.line(`note     ${line}`);
  let keep = (): KeptTuning | null => null;
  try {
    const id = await identityOf(gpu);
    keep = () => {
      const choices = Object.fromEntries(measured.map(({ key, choice }) => [key, choice]));
      return measured.length ? keepTuning(cacheDir, id, choices, note) : null;
    };
    const before = options.again ? {} : chooseTuning(id, {}, note).choices;
    const asked = [...keysOf(gpu, passes)];
    const known = new Set(asked.filter((key) => key in before));
    left = asked.length - known.size;
    if (left > 0) {
      progress.line(`tuning   ${counted(left, "kernel")}, at most ${duration(seconds)}`);
    }
    const spent = (performance.now() - started) / 1000;
    for await (const one of tune(gpu, { passes, seconds: seconds - spent, signal, known })) {
      measured.push(one);
      left = one.left;
      progress.redraw(() =>
        `tuning   ${one.done} of ${one.done + one.left} kernels, at most ${
          duration(one.secondsLeft)
        } left  ${one.key}`
      );
    }
    const kept = keep();
    keep = () => null;
    return {
      measured,
      known: known.size,
      left,
      seconds: (performance.now() - started) / 1000,
      kept,
    };
  } finally {
    progress.clear();
    keep();
    gpu.close();
  }
}
