/** Channel over child processes of this machine, each with a device of its own. */
import type { Channel, ChannelFigures, Job, Opening, Outcome, WorkerState } from "./channel.ts";
import { removeCheckpoint } from "./checkpoints.ts";
import { Supervised } from "./supervised.ts";

/** A job that waits for a child. */
interface Waiting {
  job: Job;
  signal: AbortSignal;
  resolve(outcome: Promise<Outcome>): void;
  reject(error: unknown): void;
}

export class ProcessChannel implements Channel {
  readonly #children: Supervised[];
  readonly #queue: Waiting[] = [];
  #done = 0;
  #lost = 0;
  #closed = false;

  /**
   * @param workers number of processes; they start at once.
   * @param onSaved called with each job whose checkpoint was written.
   */
  constructor(
    private readonly opening: Opening,
    workers: number,
    onSaved?: (job: string) => void,
  ) {
    const look = () => this.#look();
    this.#children = Array.from(
      { length: workers },
      (_, i) => new Supervised(String(i + 1), opening, look, onSaved),
    );
  }

  capacity(): number {
    return this.workers().filter(({ state }) => state !== "ended" && state !== "draining").length;
  }

  async run(job: Job, signal: AbortSignal): Promise<Outcome> {
    signal.throwIfAborted();
    const outcome = await new Promise<Outcome>((resolve, reject) => {
      const leave = () => {
        const i = this.#queue.findIndex((waiting) => waiting.job === job);
        if (i >= 0) this.#queue.splice(i, 1);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      const settled = () => signal.removeEventListener("abort", leave);
      this.#queue.push({
        job,
        signal,
        resolve: (outcome) => (settled(), resolve(outcome)),
        reject: (error) => (settled(), reject(error)),
      });
      this.#look();
    });
    if (outcome.status === "done") this.#done++;
    else this.#lost++;
    return outcome;
  }

  interrupt(): void {
    for (const child of this.#children) child.interrupt();
  }

  workers(): WorkerState[] {
    return this.#children.map(({ state }) => state);
  }

  figures(): ChannelFigures {
    return { queued: this.#queue.length, done: this.#done, lost: this.#lost };
  }

  forget(job: string): void {
    const { checkpoints } = this.opening;
    if (checkpoints) removeCheckpoint(checkpoints.folder, job);
  }

  drain(worker: string): void {
    this.#find(worker)?.drain();
  }

  stop(worker: string): void {
    this.#find(worker)?.stop("it was stopped");
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#children.map((child) => child.stop("the run ended")));
  }

  #find(worker: string): Supervised | undefined {
    return this.#children.find(({ id }) => id === worker);
  }

  /** Gives waiting jobs to free children. */
  #look(): void {
    if (this.#closed) return;
    for (const child of this.#children) {
      if (this.#queue.length === 0) return;
      if (!child.free) continue;
      const { job, signal, resolve } = this.#queue.shift()!;
      resolve(child.run(job, signal));
    }
    if (!this.#children.every(({ ended }) => ended)) return;
    const end = this.#children.find(({ end }) => end)?.end ??
      new Error("Cannot go on: all workers were drained or stopped; resume the run");
    for (const waiting of this.#queue.splice(0)) waiting.reject(end);
  }
}
