/** A run that the tab works on: what a search writes, in the files of a run's folder. */
import { DataError, UsageError } from "../common/errors.ts";
import { sha256 } from "../common/sha256.ts";
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
import type { RunState } from "../run/state_schema.ts";
import type { Appending, Disk } from "./disk.ts";
import { EventLog } from "./event_log.ts";
import {
  host,
  pathOf,
  readRunFile,
  readRunState,
  tuningChoices,
  WEIGHTS,
  writeState,
} from "./run_files.ts";

const encode = (text: string) => new TextEncoder().encode(text);

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
