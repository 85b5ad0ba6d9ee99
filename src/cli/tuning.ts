/** Kernel variants that a run uses, and the measuring of those that it asks for. */
import { dirname } from "@std/path";
import type { DataSet } from "../data/mod.ts";
import { DataError, UsageError } from "../common/errors.ts";
import { digestOf, Gpu, type OpenOptions } from "../gpu/mod.ts";
import type { SearchConfig } from "../nas/config/config.ts";
import { evaluators } from "../nas/registry.ts";
import { kernelsDigest } from "../nas/tuning/kernels.ts";
import {
  type ImageSet,
  type OpPass,
  passesOfRetrain,
  passesOfSearch,
} from "../nas/tuning/passes.ts";
import { formsOf } from "../nas/tuning/questions.ts";
import { type Measured, tune } from "../nas/tuning/tuner.ts";
import { requireFolder } from "../run/files.ts";
import type { RunFolder } from "../run/folder.ts";
import {
  keepTuning,
  type KeptTuning,
  readRunTuning,
  readTuning,
  type RunTuning,
  runTuningOf,
  type TuningIdentity,
  tuningPath,
  tuningSummary,
  untuned,
} from "../run/tuning.ts";
import { driverVersion } from "../run/driver.ts";
import type { Equipment } from "./equipment.ts";
import type { Job } from "../run/job.ts";
import { kernelsHave, validChoices } from "./follow.ts";
import { fromHere, places, shortPath } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { counted, duration } from "./terminal.ts";

/** Longest time for measuring before a run, in seconds. */
const BEFORE_A_RUN = 60;

export interface TuningOptions {
  /** A run's tuning.json; false for no tuning. Default: this machine's tuning. */
  tuning?: string | false;
  /** First measure what the run asks for and has not been measured yet. */
  tune?: boolean;
}

/** Adapter and software that a tuning of this device is valid for. */
export function identityOf(gpu: Gpu): TuningIdentity {
  const adapter = gpu.adapter.description;
  const driver = driverVersion(adapter);
  return { adapter, driver, deno: Deno.version.deno, kernels: kernelsDigest };
}

/** Tuning that a new run uses: from a file, of this machine, or none. */
function chooseTuning(
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

/**
 * Drops choices whose candidates have changed: another version of denas had other variants of the same
 * kernels.
 */
function stillValid(
  tuning: RunTuning,
  gpu: Gpu,
  { job, dataset }: Begun,
  note: (line: string) => void,
): RunTuning {
  if (!dataset || Object.keys(tuning.choices).length === 0) return tuning;
  const passes = passesOf(job, imagesOf(dataset));
  const { valid, outdated } = validChoices(gpu, tuning.choices, () => formsOf(gpu, passes));
  if (outdated === 0) return tuning;
  note(`${kernelsHave(outdated)} other forms than when measured: "tune" measures`);
  return { ...tuning, choices: valid };
}

/** A run that has begun: new or resumed. */
interface Begun {
  job: Job;
  dataset?: DataSet;
  resume?: RunFolder;
}

/** Makes a device use the kernel variants of a run, new or resumed, and prints which. */
export function applyTuning(
  gpu: Gpu,
  id: TuningIdentity,
  run: Begun,
  options: TuningOptions,
  progress: Progress,
): RunTuning {
  const { resume } = run;
  const note = (line: string) => progress.line(`note     ${line}`);
  const tuning = resume?.tuning ??
    (resume?.begun ? untuned : stillValid(chooseTuning(id, options, note), gpu, run, note));
  gpu.tuning.use(tuning.choices, resume ? `${shortPath(resume.path)}/tuning.json` : "the tuning");
  if (tuning.from) {
    const day = tuning.from.measured.slice(0, 10);
    progress.line(`tuning   ${tuningSummary(tuning.choices)}, measured ${day}`);
  }
  return tuning;
}

const imagesOf = ({ image, classes }: DataSet): ImageSet => ({ image, classes: classes.length });

/** Ops that a job computes; none where scores are looked up. */
export function passesOf(job: Job, images: ImageSet): OpPass[] {
  if (job.command === "retrain") return passesOfRetrain(job.config, images, job.arch.choice);
  return evaluators.get(job.config.evaluator.kind).cost === "lookup"
    ? []
    : passesOfSearch(job.config, images);
}

/** Options for opening an adapter to measure. */
export function openOptions(adapter: SearchConfig["adapter"]): OpenOptions {
  return { adapter: adapter === "default" ? undefined : adapter, timestamps: "if-there" };
}

/** Measures what a run asks for and has not been measured. The caller holds the adapter's lock. */
export async function measureFor(
  job: Job,
  { dataset, signal, progress }: Pick<Equipment, "dataset" | "signal" | "progress">,
): Promise<void> {
  const { adapter } = job.config;
  const passes = passesOf(job, imagesOf(dataset));
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
  /** Whether to repeat earlier measurements. */
  again?: boolean;
  /** Whether to try variants that compute in float16. */
  float16?: boolean;
}

export interface TuningReport {
  measured: Measured[];
  /** Number of keys skipped because they were measured before. */
  known: number;
  /** Keys that were not reached in time, and their share of the work of all keys to measure. */
  left: number;
  leftShare: number;
  seconds: number;
  /** Null where nothing was measured. */
  kept: KeptTuning | null;
}

/**
 * Measures on a separate device and saves results as it goes, also when it is stopped or killed. The caller
 * holds the adapter's lock.
 * @throws DataError, before anything is measured, where nothing can be saved.
 */
export async function measure(options: Measuring): Promise<TuningReport> {
  const { passes, seconds, signal, progress, again = false, float16 } = options;
  const started = performance.now();
  const spent = () => (performance.now() - started) / 1000;
  const gpu = await Gpu.open(openOptions(options.adapter));
  const measured: Measured[] = [];
  try {
    const id = identityOf(gpu);
    const told = new Set<string>();
    const note = (problem: string) => {
      if (!told.has(problem)) progress.line(`note     ${problem}`);
      told.add(problem);
    };
    const kept = new Keeper(id, note);
    const forms = formsOf(gpu, passes);
    const before = measuredBefore(id, forms, note);
    const known = again ? new Set<string>() : before;
    const asked = forms.size - known.size;
    if (asked > 0) {
      progress.line(`tuning   ${counted(asked, "kernel")}, at most ${duration(seconds)}`);
    }
    try {
      const rest = { seconds: seconds - spent(), signal, known, float16 };
      for await (const one of tune(gpu, { passes, ...rest })) {
        measured.push(one);
        kept.add(one);
        progress.redraw(() => progressLine(one));
      }
    } finally {
      progress.clear();
      kept.write();
      if (signal.aborted) {
        const rest = asked > measured.length ? "; the same command measures the rest" : "";
        progress.line(`kept     ${counted(measured.length, "kernel")}${rest}`);
      }
    }
    const { left, covered } = measured.at(-1) ?? { left: asked, covered: 0 };
    const rest = { left, leftShare: 1 - covered };
    return { measured, known: known.size, ...rest, seconds: spent(), kept: kept.tuning };
  } finally {
    gpu.close();
  }
}

/**
 * Keys that were measured before, with the same candidates; none in a damaged file.
 * @param note called for a damaged file.
 */
function measuredBefore(
  id: TuningIdentity,
  forms: ReadonlyMap<string, readonly unknown[]>,
  note: (problem: string) => void,
): Set<string> {
  let choices: KeptTuning["choices"] = {};
  try {
    choices = readTuning(places().cacheDir, id)?.choices ?? {};
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    note(error.message);
  }
  const same = ([key, candidates]: [string, readonly unknown[]]) =>
    choices[key]?.among === digestOf(candidates);
  return new Set([...forms].filter(same).map(([key]) => key));
}

/** Milliseconds between two writes of measurements to the disk. */
const KEEP_MS = 5000;

/** Saves measurements to this machine's tuning every few seconds, so that a kill loses little. */
class Keeper {
  /** Null until something was written. */
  tuning: KeptTuning | null = null;
  #unwritten: Measured[] = [];
  #written = performance.now();

  /** @param note called for a damaged file, which the next write replaces. */
  constructor(
    private readonly id: TuningIdentity,
    private readonly note: (problem: string) => void,
  ) {
    requireFolder(dirname(tuningPath(places().cacheDir, id.adapter)));
  }

  add(one: Measured): void {
    this.#unwritten.push(one);
    if (performance.now() - this.#written > KEEP_MS) this.write();
  }

  write(): void {
    this.#written = performance.now();
    if (this.#unwritten.length === 0) return;
    const choices = Object.fromEntries(this.#unwritten.map(({ key, choice }) => [key, choice]));
    this.tuning = keepTuning(places().cacheDir, this.id, choices, this.note);
    this.#unwritten = [];
  }
}

function progressLine({ done, left, secondsLeft, key }: Measured): string {
  const time = `at most ${duration(secondsLeft)} left`;
  return `tuning   ${done} of ${done + left} kernels, ${time}  ${key}`;
}
