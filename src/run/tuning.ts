/** Tunings on disk: what was measured on this machine, and what a run uses. */
import { dirname, join } from "@std/path";
import { z } from "zod";
import { DataError, whyUnreadable } from "../common/errors.ts";
import type { Tuned } from "../gpu/tuning.ts";
import { requireFolder, writeAtomic } from "./files.ts";
import { adapterSlug } from "./lock.ts";

/** What a tuning holds for: anything else has to be measured anew. */
const identity = z.object({
  /** Description of the adapter. */
  adapter: z.string(),
  /** Null where the system does not tell. */
  driver: z.string().nullable(),
  deno: z.string(),
  /** Digest of all kernels. */
  kernels: z.string(),
});

export type TuningIdentity = z.infer<typeof identity>;

const choices = z.record(
  z.string(),
  z.object({ index: z.number().int().nonnegative(), among: z.string() }),
);

const tuning = identity.extend({ measured: z.string(), choices });

/** Choices by key, also of those forms that are the default anyway, and when they were last added to. */
export type KeptTuning = z.infer<typeof tuning>;

const cacheFile = z.object({ tunings: z.array(tuning) });

/** Tunings of one adapter that are kept: other drivers, versions of Deno and of denas. */
const MOST = 16;

/** File of all tunings of an adapter. */
export function tuningPath(cacheDir: string, adapter: string): string {
  return join(cacheDir, "tuning", `${adapterSlug(adapter)}.json`);
}

/**
 * The newest tuning that holds; null where there is none. A run that cannot ask which driver there is takes
 * any of its adapter.
 * @throws DataError where the file is damaged, naming it.
 */
export function readTuning(cacheDir: string, id: TuningIdentity): KeptTuning | null {
  return readAll(tuningPath(cacheDir, id.adapter)).find((kept) => holds(kept, id)) ?? null;
}

/**
 * Adds choices to the tuning of this identity, which they replace where both have one.
 * @param onDamaged is told of a damaged file before it is written anew.
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

const runFile = z.object({ choices, from: tuning.omit({ choices: true }).nullable() });

/** Which forms of kernels a run uses, for all its life, and which measurement that comes from. */
export type RunTuning = z.infer<typeof runFile>;

/** 12 of 34 kernels in another form than the default */
export function tuningSummary(choices: KeptTuning["choices"]): string {
  const all = Object.values(choices);
  const other = all.filter(({ index }) => index > 0).length;
  return `${other} of ${all.length} kernels in another form than the default`;
}

/** Every op takes what it prefers by itself. */
export const untuned: RunTuning = { choices: {}, from: null };

/** What a run begins with. */
export function runTuningOf({ choices, ...from }: KeptTuning): RunTuning {
  return { choices, from };
}

/** Where a run keeps its tuning. */
export const runTuningPath = (run: string) => join(run, "tuning.json");

/**
 * A run's own file; null where there is none yet.
 * @throws DataError where it is damaged.
 */
export function readRunTuning(path: string): RunTuning | null {
  const text = readIfThere(path);
  if (text === null) return null;
  try {
    return runFile.parse(JSON.parse(text));
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
