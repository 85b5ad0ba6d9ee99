/** A run's folder as others read it: nothing is locked, nothing is changed. */
import { basename, join } from "@std/path";
import { DataError, UsageError } from "../errors.ts";
import {
  parseConfig,
  type RetrainConfig,
  retrainConfig,
  type SearchConfig,
  searchConfig,
} from "../nas/config.ts";
import type { LoggedEvent } from "../nas/events.ts";
import { readLines } from "./files.ts";
import { decodeSafetensors } from "./safetensors.ts";
import { readState, type RunState } from "./state.ts";

type Of<T extends LoggedEvent["type"]> = Extract<LoggedEvent, { type: T }>;

/** What ran, with its settings. */
export type RunKind =
  | { command: "search"; config: SearchConfig }
  | { command: "retrain"; config: RetrainConfig };

export type ReadRun = RunKind & {
  path: string;
  name: string;
  state: RunState;
  /** Absent in a run that was stopped before it began. */
  start?: Of<"start">;
  /** Only of a run that is done. */
  done?: Of<"done">;
};

/** @throws UsageError when the folder is no run, DataError when a file in it is damaged. */
export function readRun(path: string): ReadRun {
  const state = readState(path);
  const config = readConfig(join(path, "config.json"));
  const events = readLines<LoggedEvent>(join(path, "events.ndjson"));
  const start = events.findLast((e): e is Of<"start"> => e.type === "start");
  const done = events.findLast((e): e is Of<"done"> => e.type === "done");
  const common = { path, name: basename(path), state, start, done };
  return state.command === "search"
    ? { ...common, command: "search", config: parseConfig(searchConfig, config, "search") }
    : { ...common, command: "retrain", config: parseConfig(retrainConfig, config, "retrain") };
}

/** A run that has to be a search. */
export function readSearch(path: string): Extract<ReadRun, { command: "search" }> {
  const run = readRun(path);
  if (run.command === "search") return run;
  throw new UsageError(`Cannot use run ${path}: it is a ${run.command}, expected a search`);
}

/** Tensors that a run left beside its checkpoint, as `controller.safetensors`. */
export function readTensors(run: string, name: string) {
  const path = join(run, name);
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (cause) {
    throw new DataError(
      `Cannot read ${path}: ${(cause as Error).message}; the search writes it, let it go on ` +
        `(denas resume)`,
      { cause },
    );
  }
  return decodeSafetensors(bytes, path).tensors;
}

function readConfig(path: string): unknown {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (cause) {
    throw new DataError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
