/** A run of the tab: the files of a run's folder on the tab's disk, as the command line writes them. */
import { DataError, UsageError } from "../common/errors.ts";
import { sha256 } from "../common/sha256.ts";
import { keptFolder } from "../data/kept_images.ts";
import { type LoggedEvent, type RunEvent, runEvent } from "../nas/events.ts";
import type { WeightFiles } from "../nas/search/inheritance.ts";
import type { Store } from "../nas/search/store.ts";
import type { State } from "../nas/strategy.ts";
import {
  type Checkpoint,
  CHECKPOINTS,
  encodeCheckpoint,
  firstIntact,
  hashOf,
  NEWEST,
  PREVIOUS,
} from "../run/checkpoint.ts";
import { damageOf, eventsOf, isObject, requireKept } from "../run/lines.ts";
import type { RunLog } from "../run/record.ts";
import { decodeSafetensors, encodeSafetensors } from "../run/safetensors.ts";
import { type RunState, runState } from "../run/state_schema.ts";
import { type RunTuning, runTuning } from "../run/tuning_schema.ts";
import type { Appending, Disk } from "./disk.ts";
import { EventLog } from "./event_log.ts";
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
const pathOf = (name: string, file = "") => `${RUNS}/${name}${file && `/${file}`}`;

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

/** A run that this tab works on. */
export class TabRun implements Store, RunLog {
  readonly earlier: readonly LoggedEvent[];
  readonly damage: readonly string[];
  readonly startedWith: string;
  state: RunState;
  readonly weights: WeightFiles;
  readonly #parts: OpenParts;
  #checkpoint: State | null;
  #trialBytes: number;
  #seq: number;
  /** State of state.json that waits to be written, and the writing of the one before. */
  #unwritten: RunState | null = null;
  #writing: Promise<void> | null = null;
  /** Why state.json could not be written; told where the run can end by it. */
  #problem: unknown = null;

  private constructor(
    private readonly disk: Disk,
    readonly name: string,
    parts: OpenParts,
  ) {
    this.#parts = parts;
    this.weights = weightsOn(disk, pathOf(name, WEIGHTS));
    this.startedWith = parts.state.deno;
    const { error: _, ...state } = parts.state;
    this.state = { ...state, status: "running", deno: host() };
    this.#checkpoint = parts.checkpoint?.state ?? null;
    this.#trialBytes = parts.checkpoint?.trialBytes ?? 0;
    this.earlier = parts.events;
    this.#seq = parts.events.reduce((most, { seq }) => Math.max(most, seq), -1) + 1 +
      parts.unreadable;
    this.damage = parts.damage;
    this.update({});
  }

  /** Events in memory, for the page's views. */
  get log(): EventLog {
    return this.#parts.log;
  }

  /**
   * Opens a run to go on with it. The caller holds its lock.
   * @throws UsageError when it is done, DataError when it is damaged.
   */
  static async open(disk: Disk, name: string): Promise<TabRun> {
    const state = await readRunState(disk, name);
    if (!state) throw new UsageError(`Cannot find run ${name}`);
    if (state.status === "done") {
      throw new UsageError(`Cannot resume ${name}: the run is done, an interrupted one is needed`);
    }
    return new TabRun(disk, name, await openParts(disk, name, state));
  }

  /** Events from a number on. */
  eventsFrom(seq: number): LoggedEvent[] {
    const [bytes] = this.log.read([[0, this.log.size]]);
    return eventsOf(bytes).events.filter((event) => event.seq >= seq);
  }

  append(event: RunEvent): LoggedEvent {
    const time = new Date().toISOString();
    const logged: LoggedEvent = { seq: this.#seq, time, ...runEvent.parse(event) };
    const line = encode(JSON.stringify(logged) + "\n");
    this.#parts.eventFile.append(line);
    this.log.add(line);
    this.#seq++;
    if (event.type === "trial") {
      const { type: _, ...trial } = event;
      const bytes = encode(JSON.stringify({ ...trial, time }) + "\n");
      this.#parts.trialFile.append(bytes);
      this.#trialBytes += bytes.length;
    }
    return logged;
  }

  update(fields: Partial<RunState>): void {
    this.state = { ...this.state, ...fields, updated: new Date().toISOString() };
    this.#unwritten = this.state;
    this.#writing ??= this.#writeStates();
  }

  async #writeStates(): Promise<void> {
    try {
      while (this.#unwritten) {
        const state = this.#unwritten;
        this.#unwritten = null;
        await writeState(this.disk, this.name, state);
      }
    } catch (error) {
      this.#problem ??= error;
    } finally {
      this.#writing = null;
    }
  }

  async save(state: State): Promise<void> {
    if (this.#problem !== null) throw this.#problem;
    this.#parts.eventFile.flush();
    this.#parts.trialFile.flush();
    const checkpoint = { state, trialBytes: this.#trialBytes };
    const bytes = encodeCheckpoint(checkpoint, this.#parts.configHash, sha256);
    await this.disk.write(pathOf(this.name, `${CHECKPOINTS}/${NEWEST}`), bytes, PREVIOUS);
  }

  load(): Promise<State | null> {
    const state = this.#checkpoint;
    this.#checkpoint = null; // Large, and needed only once.
    return Promise.resolve(state);
  }

  async put(
    name: string,
    content: string | Uint8Array | State["tensors"],
    metadata?: Record<string, string>,
  ): Promise<void> {
    const bytes = typeof content === "string"
      ? encode(content)
      : content instanceof Uint8Array
      ? content
      : encodeSafetensors(content, metadata);
    await this.disk.write(pathOf(this.name, name), bytes);
  }

  async close(): Promise<void> {
    await this.#writing;
    this.#parts.eventFile.close();
    this.#parts.trialFile.close();
  }
}

/** Weights of single trials, for networks that inherit them: a file each. */
function weightsOn(disk: Disk, folder: string): WeightFiles {
  const fileOf = (name: string) => `${folder}/${name}.safetensors`;
  return {
    save: (name, tensors) => disk.write(fileOf(name), encodeSafetensors(tensors)),
    async load(name) {
      const bytes = await disk.read(fileOf(name));
      if (bytes) return decodeSafetensors(bytes, fileOf(name)).tensors;
      throw new DataError(
        `Cannot read weights ${fileOf(name)}: there is no such file; start the run again`,
      );
    },
    remove: (name) => disk.remove(fileOf(name)),
  };
}

/** What is opened and read of a run before it goes on. */
interface OpenParts {
  state: RunState;
  configHash: string;
  checkpoint: Checkpoint | null;
  log: EventLog;
  events: LoggedEvent[];
  unreadable: number;
  damage: string[];
  eventFile: Appending;
  trialFile: Appending;
}

async function openParts(disk: Disk, name: string, state: RunState): Promise<OpenParts> {
  const read = (file: string) => disk.read(pathOf(name, file));
  const choices = await read("tuning.json").then((bytes) => bytes && tuningChoices(bytes, name));
  const configHash = hashOf({
    config: await readRunFile(disk, name, "config.json"),
    arch: state.command === "retrain" ? await readRunFile(disk, name, "arch.json") : undefined,
    choices: choices ?? undefined,
  }, sha256);
  const trials = await read("trials.ndjson") ?? new Uint8Array();
  const files = [];
  for (const file of [NEWEST, PREVIOUS].map((one) => `${CHECKPOINTS}/${one}`)) {
    const bytes = await read(file);
    files.push({ file: `${name}/${file}`, bytes: () => bytes });
  }
  const found = firstIntact(
    files,
    configHash,
    sha256,
    ({ trialBytes }) => requireKept(`${name}/trials.ndjson`, trials, trialBytes, isObject),
  );
  const log = new EventLog(await read("events.ndjson") ?? new Uint8Array());
  const [bytes] = log.read([[0, log.size]]);
  const { events, unreadable } = eventsOf(bytes);
  return {
    state,
    configHash,
    checkpoint: found?.checkpoint ?? null,
    log,
    events,
    unreadable: unreadable.length,
    damage: damageOf(found?.damage, unreadable),
    eventFile: await disk.append(pathOf(name, "events.ndjson"), log.size),
    trialFile: await disk.append(
      pathOf(name, "trials.ndjson"),
      found?.checkpoint.trialBytes ?? 0,
    ),
  };
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
