/** The workers that a coordinator hears of. */
import type { WorkerState } from "../channel.ts";
import type { AliveMessage } from "./names.ts";

/** Silence after which a worker is taken for dead, in ms. */
const SILENCE = 15_000;
/** Workers that are listed, so that a broken one cannot fill the memory with names. */
const MOST = 20_000;
/** Time for which a worker that ended is still listed, in ms. */
const ENDED = 1000;

interface Known extends AliveMessage {
  /** Local time of the last sign of life: clocks of other machines may differ by hours. */
  at: number;
}

export interface RosterOptions {
  run: string;
  /** Silence after which a worker is taken for dead, in ms; default 15 s. Workers speak every 5 s. */
  silence?: number;
  /** Told once about each worker that cannot do the run's work. */
  report(note: string): void;
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

export class Roster {
  readonly #workers = new Map<string, Known>();
  readonly #told = new Set<string>();

  constructor(private readonly options: RosterOptions) {}

  /** Takes a sign of life. */
  hear(alive: AliveMessage): void {
    const { id, refuses } = alive;
    if (!this.#workers.has(id) && this.#workers.size >= MOST) return;
    this.#workers.set(id, { ...alive, at: performance.now() });
    if (refuses?.run !== this.options.run) return;
    const note = `${id} ${refuses.reason}`;
    if (this.#told.size >= MOST || this.#told.has(note)) return;
    this.#told.add(note);
    this.options.report(`worker ${id} takes no jobs: ${refuses.reason}`);
  }

  /** Workers that take jobs of the run. */
  takers(): AliveMessage[] {
    return this.#all().filter(({ state, refuses }) =>
      state !== "ended" && state !== "draining" && refuses?.run !== this.options.run
    );
  }

  /** Why no worker can take a job; undefined where one can, or none is there. @param needs bytes of memory. */
  unfit(needs: number | undefined): string | undefined {
    const has = this.takers().map(({ memory }) => memory ?? Infinity);
    const largest = Math.max(...has);
    if (needs === undefined || has.length === 0 || largest >= needs) return undefined;
    return `training takes about ${
      mebibytes(needs)
    } of device memory, the largest of ${has.length} workers has ` +
      `${mebibytes(largest)}; start one with more (denas work --memory), or use a smaller batch`;
  }

  /** Jobs that workers say they are at. */
  jobs(): string[] {
    return this.#all().flatMap(({ job }) => job ?? []);
  }

  states(): WorkerState[] {
    return this.#all().map(({ at, run: _run, ticket: _ticket, refuses: _, ...state }) => ({
      ...state,
      seen: new Date(Date.now() - (performance.now() - at)).toISOString(),
    }));
  }

  /** Takes the dead from the list. @returns those that fell silent, and why they are taken for dead. */
  fallenSilent(): { worker: AliveMessage; reason: string }[] {
    const now = performance.now();
    const { silence = SILENCE } = this.options;
    for (const { id, state, at } of this.#all()) {
      if (state === "ended" && now - at > ENDED) this.#workers.delete(id);
    }
    const silent = this.#all().filter(({ at }) => now - at >= silence);
    return silent.map((worker) => {
      this.#workers.delete(worker.id);
      const reason = `worker ${worker.id} gave no sign of life for ${silence / 1000} s`;
      return { worker, reason };
    });
  }

  /** Begins to wait anew: while the server was away nobody could be heard. */
  waitAnew(): void {
    for (const worker of this.#workers.values()) worker.at = performance.now();
  }

  #all(): Known[] {
    return [...this.#workers.values()];
  }
}
