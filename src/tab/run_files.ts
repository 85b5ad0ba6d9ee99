/** The folder of a run on the tab's disk: made, read and written as the command line does. */
import { DataError } from "../common/errors.ts";
import { keptFolder } from "../data/kept_images.ts";
import { type RunState, runState } from "../run/state_schema.ts";
import { type RunTuning, runTuning } from "../run/tuning_schema.ts";
import type { Disk } from "./disk.ts";
import { browser } from "./web.ts";

/** Folder of all runs. */
export const RUNS = "runs";
/** Folder of the weights of single trials in a run's folder. */
export const WEIGHTS = "weights";
/** Pattern of a run's name: it cannot contain a path. */
export const runName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

export interface NewTabRun {
  command: RunState["command"];
  /** Part of the name: the space, or `retrain`. */
  mode: string;
  config: unknown;
  /** Text of arch.json; only for a retraining. */
  arch?: string;
  /** The images that it trains on, by file name; none for published sets, which are read anew. */
  images: ReadonlyMap<string, Uint8Array>;
}

const encode = (text: string) => new TextEncoder().encode(text);
/** Path of a run's folder, or of a file in it. */
export const pathOf = (name: string, file = "") => `${RUNS}/${name}${file && `/${file}`}`;

/** Makes `<date>-<mode>-<n>` with everything in it that a resume needs. @returns its name. */
export async function createRun(disk: Disk, run: NewTabRun): Promise<string> {
  const name = await freeName(disk, run.mode);
  try {
    for (const [file, bytes] of run.images) {
      await disk.write(pathOf(name, `${keptFolder}/${file}`), bytes);
    }
    const config = JSON.stringify(run.config, null, 2) + "\n";
    await disk.write(pathOf(name, "config.json"), encode(config));
    if (run.arch !== undefined) await disk.write(pathOf(name, "arch.json"), encode(run.arch));
    const now = new Date().toISOString();
    // Written last: a folder without it is no run.
    await writeState(disk, name, {
      status: "interrupted",
      command: run.command,
      pid: 0,
      deno: host(),
      started: now,
      updated: now,
      step: 0,
      epoch: 0,
    });
    return name;
  } catch (error) {
    await disk.remove(pathOf(name));
    throw error;
  }
}

async function freeName(disk: Disk, mode: string): Promise<string> {
  const now = new Date();
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((part) => String(part).padStart(2, "0")).join("-");
  const start = `${day}-${mode}-`;
  const numbers = (await disk.list(RUNS)).filter((name) => name.startsWith(start))
    .map((name) => Number(name.slice(start.length))).filter(Number.isInteger);
  return start + (Math.max(0, ...numbers) + 1);
}

/** The browser, in the place of Deno's version. */
export function host(): string {
  const found = /(Firefox|Edg|Chrome|Version)\/[\d.]+/.exec(browser.userAgent);
  return found ? found[0].replace("Version", "Safari") : "a browser";
}

/** Reads state.json; null where the folder is no run. @throws DataError when it is damaged. */
export async function readRunState(disk: Disk, name: string): Promise<RunState | null> {
  const bytes = await disk.read(pathOf(name, "state.json"));
  if (!bytes) return null;
  try {
    return runState.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new DataError(
      `Cannot read the state of run ${name}: it is not what denas writes; delete the run`,
      { cause },
    );
  }
}

export const writeState = (disk: Disk, name: string, state: RunState): Promise<void> =>
  disk.write(pathOf(name, "state.json"), encode(JSON.stringify(state, null, 2) + "\n"));

/** Reads a file of a run. @throws DataError where there is none. */
export async function readRunFile(
  disk: Disk,
  name: string,
  file: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await disk.read(pathOf(name, file));
  if (bytes) return bytes;
  throw new DataError(`Cannot read ${file} of run ${name}: there is no such file`);
}

export async function readRunJson(disk: Disk, name: string, file: string): Promise<unknown> {
  const bytes = await readRunFile(disk, name, file);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new DataError(`Cannot read ${file} of run ${name}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * Kernel variants that a run of the command line was begun with.
 * @throws DataError when the file is damaged.
 */
export function tuningChoices(bytes: Uint8Array, name: string): RunTuning["choices"] {
  try {
    return runTuning.parse(JSON.parse(new TextDecoder().decode(bytes))).choices;
  } catch (cause) {
    throw new DataError(
      `Cannot use tuning.json of run ${name}: it is not what denas writes; take up the run anew`,
      { cause },
    );
  }
}
