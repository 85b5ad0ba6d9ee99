/** Read-only access to a run's folder: nothing is locked or changed. */
import { basename, join } from "@std/path";
import * as z from "zod";
import { DataError, UsageError, whyUnreadable } from "../common/errors.ts";
import { type ArchFile, parseArchFile } from "../nas/arch_formats/arch_file.ts";
import { parseSearchConfig, type SearchConfig } from "../nas/config/config.ts";
import type { LoggedEvent } from "../nas/events.ts";
import { upgradedConfig } from "../nas/config/old_formats.ts";
import { readEvents } from "./files.ts";
import { decodeSafetensors } from "./safetensors.ts";
import { readState } from "./state.ts";
import type { RunState } from "./state_schema.ts";

type Of<T extends LoggedEvent["type"]> = Extract<LoggedEvent, { type: T }>;

/** Settings as written, perhaps by another version: only fields that every version has are checked. */
const storedConfig = z.looseObject({
  seed: z.number().int(),
  space: z.looseObject({ kind: z.string() }).optional(),
  strategy: z.looseObject({ kind: z.string() }).optional(),
});

export type StoredConfig = z.infer<typeof storedConfig>;

export interface ReadRun {
  path: string;
  name: string;
  command: "search" | "retrain";
  config: StoredConfig;
  state: RunState;
  /** Architecture; only for a retraining. */
  arch?: ArchFile;
  /** Absent in a run that was stopped before it began. */
  start?: Of<"start">;
  /** Only for a finished run. */
  done?: Of<"done">;
}

/** Reads a run. @throws UsageError when the folder is no run, DataError when a file in it is damaged. */
export function readRun(path: string): ReadRun {
  const state = readState(path);
  const config = readConfig(join(path, "config.json"));
  const { events } = readEvents(join(path, "events.ndjson"));
  const start = events.findLast((e): e is Of<"start"> => e.type === "start");
  const done = events.findLast((e): e is Of<"done"> => e.type === "done");
  const { command } = state;
  const arch = command === "retrain" ? readArchFile(join(path, "arch.json")) : undefined;
  return { path, name: basename(path), command, config, state, arch, start, done };
}

/** Reads a run that must be a search, with settings of this version. */
export function readSearch(path: string): ReadRun & { config: SearchConfig } {
  const run = readRun(path);
  if (run.command === "search") {
    return { ...run, config: parseSearchConfig(run.config) };
  }
  throw new UsageError(`Cannot use run ${path}: it is a ${run.command}, expected a search`);
}

/** Reads tensors that a run left beside its checkpoint, such as `controller.safetensors`. */
export function readTensors(run: string, name: string) {
  const path = join(run, name);
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (cause) {
    throw new DataError(
      `Cannot read ${path}: ${
        unreadable(cause)
      }; the search writes it, let it go on (denas resume)`,
      { cause },
    );
  }
  return decodeSafetensors(bytes, path).tensors;
}

function readArchFile(path: string): ArchFile {
  try {
    return parseArchFile(Deno.readTextFileSync(path), path);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(`Cannot read ${path}: ${unreadable(cause)}`, { cause });
  }
}

function readConfig(path: string): StoredConfig {
  try {
    return storedConfig.parse(upgradedConfig(JSON.parse(Deno.readTextFileSync(path))));
  } catch (cause) {
    throw new DataError(`Cannot read ${path}: ${unreadable(cause)}`, { cause });
  }
}

function unreadable(cause: unknown): string {
  if (!(cause instanceof z.ZodError)) return whyUnreadable(cause);
  const { path, message } = cause.issues[0];
  return `${path.join(".") || "it"}: ${message}`;
}
