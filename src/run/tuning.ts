/** Tuning files: the measurements on this machine, and the kernel variants of a run. */
import { dirname, join } from "@std/path";
import * as z from "zod";
import { DataError, whyUnreadable } from "../common/errors.ts";
import type { Tuned } from "../gpu/tuning.ts";
import { requireFolder, writeAtomic } from "./files.ts";
import { adapterSlug } from "./lock.ts";
import {
  type KeptTuning,
  keptTuning,
  type RunTuning,
  runTuning,
  type TuningIdentity,
} from "./tuning_schema.ts";

export type { KeptTuning, RunTuning, TuningIdentity };

const cacheFile = z.object({ tunings: z.array(keptTuning) });

/** Tunings kept per adapter: for other drivers, versions of Deno and of denas. */
const MOST = 16;

/** File of all tunings of an adapter. */
export function tuningPath(cacheDir: string, adapter: string): string {
  return join(cacheDir, "tuning", `${adapterSlug(adapter)}.json`);
}

/**
 * The newest valid tuning; null when there is none. A run that cannot read the driver's version takes any
 * tuning of its adapter.
 * @throws DataError when the file is damaged, naming it.
 */
export function readTuning(cacheDir: string, id: TuningIdentity): KeptTuning | null {
  return readAll(tuningPath(cacheDir, id.adapter)).find((kept) => holds(kept, id)) ?? null;
}

/**
 * Adds choices to the tuning of this identity; they replace older choices of the same key.
 * @param onDamaged called for a damaged file before it is overwritten.
 */
export function keepTuning(
  cacheDir: string,
  id: TuningIdentity,
  measured: Tuned,
  onDamaged: (problem: string) => void,
): KeptTuning {
  const path = tuningPath(cacheDir, id.adapter);
  let all: KeptTuning[] = [];
  try {
    all = readAll(path);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    onDamaged(error.message);
  }
  const same = (kept: KeptTuning) => holds(kept, id) && kept.driver === id.driver;
  const choices = { ...all.find(same)?.choices, ...measured };
  const kept: KeptTuning = { ...id, measured: new Date().toISOString(), choices };
  const others = all.filter((one) => !same(one)).slice(0, MOST - 1);
  requireFolder(dirname(path));
  writeAtomic(path, JSON.stringify({ tunings: [kept, ...others] }, null, 2) + "\n");
  return kept;
}

function holds(kept: KeptTuning, { adapter, driver, deno, kernels }: TuningIdentity): boolean {
  return kept.adapter === adapter && (driver === null || kept.driver === driver) &&
    kept.deno === deno && kept.kernels === kernels;
}

function readAll(path: string): KeptTuning[] {
  const text = readIfThere(path);
  if (text === null) return [];
  try {
    return cacheFile.parse(JSON.parse(text)).tunings;
  } catch (cause) {
    throw new DataError(
      `Cannot use ${path}: it is not what denas writes; "tune" builds it anew`,
      { cause },
    );
  }
}

/** Summary such as "12 of 34 kernels in another variant than the default". */
export function tuningSummary(choices: KeptTuning["choices"]): string {
  const all = Object.values(choices);
  const other = all.filter(({ index }) => index > 0).length;
  return `${other} of ${all.length} kernels in another form than the default`;
}

/** Every op uses its default variant. */
export const untuned: RunTuning = { choices: {}, from: null };

/** Initial tuning of a run. */
export function runTuningOf({ choices, ...from }: KeptTuning): RunTuning {
  return { choices, from };
}

/** Path of a run's tuning. */
export const runTuningPath = (run: string) => join(run, "tuning.json");

/**
 * Reads a run's own file; null when there is none yet.
 * @throws DataError when it is damaged.
 */
export function readRunTuning(path: string): RunTuning | null {
  const text = readIfThere(path);
  if (text === null) return null;
  try {
    return runTuning.parse(JSON.parse(text));
  } catch (cause) {
    throw new DataError(
      `Cannot use ${path}: it is not the tuning.json of a run; put it back, or start a new run`,
      { cause },
    );
  }
}

function readIfThere(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    const { NotFound, NotADirectory } = Deno.errors;
    if (cause instanceof NotFound || cause instanceof NotADirectory) return null;
    throw new DataError(`Cannot read ${path}: ${whyUnreadable(cause)}`, { cause });
  }
}
