/** Works on the tab's runs, one after another; a device that is lost is replaced. */
import { DeviceLostError, UsageError } from "../common/errors.ts";
import type { Disk } from "./disk.ts";
import { workOn } from "./engine.ts";
import { working } from "./locks.ts";
import type { Notice } from "./notice.ts";
import type { Runs } from "./runs.ts";

/** Losses of the device in a row after which a run waits for its user. */
const mostLosses = 3;

export class WorkQueue {
  #stop: AbortController | null = null;
  #busy = false;

  /**
   * @param runs keeps which run is worked on, and which wait.
   * @param page address beside which published sets may lie.
   */
  constructor(
    private readonly disk: Disk,
    private readonly page: URL,
    private readonly runs: Runs,
    private readonly tell: (notice: Notice) => void,
  ) {}

  /** Whether a run is at work. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Starts a run, or goes on with it, after those that wait already. */
  add(name: string): void {
    if (this.runs.active?.name === name || this.runs.waiting.includes(name)) return;
    this.runs.waiting.push(name);
    if (!this.#busy) void this.#workOff();
    this.tell({ notice: "state", run: name });
  }

  /** Ends a run at its next checkpoint, or its waiting. @throws UsageError where it does neither here. */
  stop(name: string): void {
    const waits = this.runs.waiting.indexOf(name);
    if (waits >= 0) {
      this.runs.waiting.splice(waits, 1);
      this.tell({ notice: "state", run: name });
    } else if (this.runs.active?.name === name) {
      this.#stop?.abort();
    } else throw new UsageError(`Cannot stop ${name}: this tab does not work on it`);
  }

  async #workOff(): Promise<void> {
    this.#busy = true;
    try {
      for (let name; (name = this.runs.waiting.shift()) !== undefined;) {
        let error: string | undefined;
        try {
          await working(this.disk, name, () => this.#work(name));
        } catch (cause) {
          error = (cause as Error).message;
        }
        this.runs.active = null;
        this.#busy = this.runs.waiting.length > 0;
        this.tell({ notice: "state", run: name, error });
      }
    } finally {
      this.#busy = false;
    }
  }

  /** Works on a run; where the device was lost, a new one takes over from the last checkpoint. */
  async #work(name: string): Promise<void> {
    for (let losses = 0;;) {
      const stop = this.#stop = new AbortController();
      let stepped = false;
      try {
        return await workOn(name, {
          disk: this.disk,
          page: this.page,
          signal: stop.signal,
          onOpen: (run) => {
            this.runs.begin(run);
            this.tell({ notice: "state", run: name });
          },
          onEvent: (event) => {
            stepped ||= event.type === "checkpoint";
            this.tell({ notice: "event", run: name, event });
          },
        });
      } catch (error) {
        if (stepped) losses = 0;
        if (!(error instanceof DeviceLostError) || ++losses === mostLosses) throw error;
      }
    }
  }
}
