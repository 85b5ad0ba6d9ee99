/** The folder of a run. Defines its layout, and implements the `Store` that a search keeps its state in. */
import { basename, join } from "@std/path";
import { DataError, UsageError } from "../common/errors.ts";
import { type LoggedEvent, type RunEvent, runEvent } from "../nas/events.ts";
import type { WeightFiles } from "../nas/search/inheritance.ts";
import type { Store } from "../nas/search/store.ts";
import type { State } from "../nas/strategy.ts";
import { encodeCheckpoint, hashOf } from "./checkpoint.ts";
import { explain, LineFile, readEvents, writeAtomic } from "./files.ts";
import { damageOf, isObject } from "./lines.ts";
import { findCheckpoint, writeCheckpoint } from "./generations.ts";
import { takeGuard } from "./guard.ts";
import { hostDigest } from "./host_digest.ts";
import { encodeSafetensors } from "./safetensors.ts";
import { readState, writeState } from "./state.ts";
import type { RunState } from "./state_schema.ts";
import { weightFolder } from "./weight_folder.ts";
import { readRunTuning, type RunTuning, runTuningPath } from "./tuning.ts";

export type Command = "search" | "retrain";

export interface NewRun {
  /** Folder of all runs. */
  runs: string;
  command: Command;
  /** Part of the folder's name: `micro`, `macro`, `retrain`. */
  mode: string;
  /** Resolved configuration: everything that decides the result. */
  config: unknown;
  /** Text of arch.json; only for a retraining. */
  arch?: string;
  now?: Date;
}

export class RunFolder implements Store {
  /** Events that earlier processes wrote; empty in a new run. */
  readonly earlier: LoggedEvent[];
  readonly config: unknown;
  configHash: string;
  state: RunState;
  /** Kernel variants of the run; null until they are fixed, and in runs that compute nothing. */
  tuning: RunTuning | null;
  /** Descriptions of damage that does not prevent resuming. */
  readonly damage: readonly string[];
  /** Version of Deno at the run's start. */
  readonly startedWith: string;
  readonly weights: WeightFiles;
  readonly #guard: Deno.FsFile;
  readonly #events: LineFile;
  readonly #trials: LineFile;
  readonly #begun: boolean;
  #checkpoint: State | null;
  #seq: number;

  private constructor(readonly path: string, guard: Deno.FsFile) {
    this.#guard = guard;
    this.weights = weightFolder(join(path, "weights"));
    this.config = readJson(join(path, "config.json"));
    this.configHash = hashConfig(path);
    this.tuning = readRunTuning(runTuningPath(path));
    this.state = readState(path);
    this.startedWith = this.state.deno;
    const trials = join(path, "trials.ndjson");
    const found = findCheckpoint(
      path,
      this.configHash,
      ({ trialBytes }) => new LineFile(trials, trialBytes, isObject),
    );
    this.#checkpoint = found?.checkpoint.state ?? null;
    this.#begun = found !== null;
    this.#trials = found?.used ?? new LineFile(trials, 0);
    this.#events = new LineFile(join(path, "events.ndjson"));
    const { events, unreadable } = readEvents(this.#events.path);
    this.earlier = events;
    // Unreadable lines may have used the numbers that follow.
    this.#seq = events.reduce((most, { seq }) => Math.max(most, seq), -1) + 1 + unreadable.length;
    this.damage = damageOf(found?.damage, unreadable);
  }

  /** Makes `<date>-<mode>-<n>` with the configuration in it. */
  static create(run: NewRun): RunFolder {
    const path = makeFolder(run);
    try {
      return RunFolder.#begin(path, run);
    } catch (error) {
      // A partial run could not be resumed, nor told from others.
      Deno.removeSync(path, { recursive: true });
      if (!(error instanceof DataError)) throw error;
      throw explain(path, error.cause ?? error, "start the run again");
    }
  }

  static #begin(path: string, run: NewRun): RunFolder {
    writeAtomic(join(path, "config.json"), JSON.stringify(run.config, null, 2) + "\n");
    if (run.arch !== undefined) writeAtomic(join(path, "arch.json"), run.arch);
    // Before the state is written: it says "running" only while the guard is held.
    const guard = guarded(path);
    try {
      writeState(path, {
        status: "running",
        command: run.command,
        pid: Deno.pid,
        deno: Deno.version.deno,
        started: (run.now ?? new Date()).toISOString(),
        updated: new Date().toISOString(),
        step: 0,
        epoch: 0,
      });
      return new RunFolder(path, guard);
    } catch (error) {
      guard.close();
      throw error;
    }
  }

  /**
   * Opens an interrupted or failed run to resume it. A partial last event is cut. Trials after the checkpoint
   * are dropped because they will be repeated.
   * @throws UsageError when it is no run, is done, or is still running; DataError when it is damaged.
   */
  static open(path: string): RunFolder {
    const state = readState(path);
    if (state.status === "done") {
      throw new UsageError(`Cannot resume ${path}: the run is done, an interrupted one is needed`);
    }
    const folder = RunFolder.reopen(path);
    try {
      folder.update({
        status: "running",
        pid: Deno.pid,
        deno: Deno.version.deno,
        error: undefined,
      });
      return folder;
    } catch (error) {
      folder.close();
      throw error;
    }
  }

  /** Opens a run of any status, to add files to it. @throws as `open`. */
  static reopen(path: string): RunFolder {
    const guard = guarded(path);
    try {
      return new RunFolder(path, guard);
    } catch (error) {
      guard.close();
      throw error;
    }
  }

  get name(): string {
    return basename(this.path);
  }

  /** Whether anything was computed. If so, the kernel variants can no longer change. */
  get begun(): boolean {
    return this.#begun || this.earlier.length > 0;
  }

  /** Fixes the kernel variants for the run's lifetime. Call once, before anything is computed. */
  settle(tuning: RunTuning): void {
    if (this.tuning || this.begun) {
      throw new Error(`Cannot settle the tuning of ${this.path}: the run has begun`);
    }
    writeAtomic(runTuningPath(this.path), JSON.stringify(tuning, null, 2) + "\n");
    this.tuning = tuning;
    this.configHash = hashConfig(this.path);
  }

  /** Text of the run's arch.json: available in a retraining from its start, in a search once it is done. */
  arch(): string {
    const path = join(this.path, "arch.json");
    try {
      return Deno.readTextFileSync(path);
    } catch (cause) {
      throw new DataError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
    }
  }

  /** Numbers an event, writes it, and copies trials to trials.ndjson. */
  append(event: RunEvent): LoggedEvent {
    const logged: LoggedEvent = {
      seq: this.#seq,
      time: new Date().toISOString(),
      ...runEvent.parse(event),
    };
    this.#events.append(JSON.stringify(logged));
    this.#seq++;
    if (event.type === "trial") {
      const { type: _, ...trial } = event;
      this.#trials.append(JSON.stringify({ ...trial, time: logged.time }));
    }
    return logged;
  }

  /** Changes fields of state.json. */
  update(fields: Partial<RunState>): void {
    this.state = { ...this.state, ...fields, updated: new Date().toISOString() };
    writeState(this.path, this.state);
  }

  // deno-lint-ignore require-await -- errors must reject, as the interface says
  async save(state: State): Promise<void> {
    this.#events.sync();
    this.#trials.sync();
    const bytes = encodeCheckpoint(
      { state, trialBytes: this.#trials.size },
      this.configHash,
      hostDigest,
    );
    writeCheckpoint(this.path, bytes);
  }

  /** Returns the checkpoint found when the folder was opened. */
  load(): Promise<State | null> {
    const state = this.#checkpoint;
    this.#checkpoint = null; // Large, and needed only once.
    return Promise.resolve(state);
  }

  // deno-lint-ignore require-await -- errors must reject, as the interface says
  async put(
    name: string,
    content: string | Uint8Array | State["tensors"],
    metadata?: Record<string, string>,
  ): Promise<void> {
    if (!/^[\w-][\w.-]*$/.test(name)) {
      throw new DataError(`Cannot write "${name}" in ${this.path}: a plain file name is needed`);
    }
    const plain = typeof content === "string" || content instanceof Uint8Array;
    writeAtomic(join(this.path, name), plain ? content : encodeSafetensors(content, metadata));
  }

  close(): void {
    this.#events.close();
    this.#trials.close();
    this.#guard.close();
  }
}

/** The last checkpoint of a run in any state; null when it has none yet. */
export function readCheckpoint(path: string, configHash: string = hashConfig(path)) {
  return findCheckpoint(path, configHash, () => null)?.checkpoint ?? null;
}

function makeFolder({ runs, mode, now = new Date() }: NewRun): string {
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((part) => String(part).padStart(2, "0")).join("-");
  const start = `${day}-${mode}-`;
  try {
    Deno.mkdirSync(runs, { recursive: true });
    const numbers = [...Deno.readDirSync(runs)].filter(({ name }) => name.startsWith(start))
      .map(({ name }) => Number(name.slice(start.length))).filter(Number.isInteger);
    for (let n = Math.max(0, ...numbers) + 1;; n++) {
      try {
        Deno.mkdirSync(join(runs, start + n));
        return join(runs, start + n);
      } catch (error) {
        // Another process took the number meanwhile.
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    }
  } catch (cause) {
    throw explain(runs, cause);
  }
}

/** Takes the guard. @throws UsageError while another process writes in the run. */
function guarded(path: string): Deno.FsFile {
  const guard = takeGuard(path);
  if (guard) return guard;
  throw new UsageError(
    `Cannot resume ${path}: process ${
      readState(path).pid
    } is still at it, wait for its end or stop it`,
  );
}

/** Hash of everything that decides a run's result. */
function hashConfig(path: string): string {
  const read = (name: string) => Deno.readFileSync(join(path, name));
  return hashOf({
    config: read("config.json"),
    arch: readState(path).command === "retrain" ? read("arch.json") : undefined,
    choices: readRunTuning(runTuningPath(path))?.choices,
  }, hostDigest);
}

export function readJson(path: string): unknown {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (cause) {
    throw new DataError(
      `Cannot read ${path}: ${(cause as Error).message}; put it back, or start a new run`,
      { cause },
    );
  }
}
