/** Channel over threads of this process, for work without a device: they start fast and share a life. */
import type { Channel, ChannelFigures, Job, Opening, Outcome, WorkerState } from "./channel.ts";
import type { FromChild, ToChild } from "./messages.ts";
import { errorOf } from "./supervised.ts";

/** Jobs sent to a thread in advance, so that it need not wait for the next. */
const AHEAD = 2;

interface Waiting {
  job: Job;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

interface Thread {
  id: string;
  worker: Worker;
  state: WorkerState["state"];
  /** Jobs that were sent, in order. */
  jobs: Waiting[];
  done: number;
  seen: Date;
}

export class ThreadChannel implements Channel {
  readonly #threads: Thread[];
  #queue: Waiting[] = [];
  #done = 0;
  #lost = 0;
  #failure: { error: unknown } | undefined;

  constructor(private readonly opening: Opening, threads: number) {
    this.#threads = Array.from({ length: threads }, (_, i) => this.#open(String(i + 1)));
  }

  capacity(): number {
    return this.#threads.filter((thread) => takes(thread)).length;
  }

  run(job: Job, signal: AbortSignal): Promise<Outcome> {
    return new Promise<Outcome>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.#failure) return reject(this.#failure.error);
      const cancel = () => {
        this.#cancel(waiting);
        reject(signal.reason);
      };
      const settled = () => signal.removeEventListener("abort", cancel);
      const waiting: Waiting = {
        job,
        resolve: (outcome) => (settled(), resolve(outcome)),
        reject: (error) => (settled(), reject(error)),
      };
      signal.addEventListener("abort", cancel, { once: true });
      this.#queue.push(waiting);
      this.#look();
    });
  }

  workers(): WorkerState[] {
    return this.#threads.map(({ id, state, jobs: [first], done, seen }) => ({
      id,
      state: state === "idle" && first ? "busy" : state,
      job: first?.job.id,
      done,
      seen: seen.toISOString(),
    }));
  }

  figures(): ChannelFigures {
    return { queued: this.#queue.length, done: this.#done, lost: this.#lost };
  }

  drain(worker: string): void {
    const thread = this.#threads.find(({ id }) => id === worker);
    if (!thread || !takes(thread)) return;
    thread.state = "draining";
    // The first job may have begun; the others go to other threads.
    this.#queue.unshift(...thread.jobs.splice(1));
    if (thread.jobs.length === 0) this.#end(thread, "it was drained");
    this.#look();
  }

  stop(worker: string): void {
    const thread = this.#threads.find(({ id }) => id === worker);
    if (thread) this.#end(thread, "it was stopped");
    this.#look();
  }

  close(): Promise<void> {
    for (const thread of this.#threads) this.#end(thread, "the run ended");
    return Promise.resolve();
  }

  #open(id: string): Thread {
    const worker = new Worker(new URL("./thread.ts", import.meta.url), { type: "module" });
    const thread: Thread = { id, worker, state: "idle", jobs: [], done: 0, seen: new Date() };
    worker.onmessage = ({ data }: MessageEvent<FromChild>) => this.#hear(thread, data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new Error(`Cannot go on: a thread failed: ${event.message}`));
    };
    post(thread, { open: this.opening });
    return thread;
  }

  #hear(thread: Thread, message: FromChild): void {
    thread.seen = new Date();
    if ("ready" in message || "saved" in message) return;
    if ("refused" in message) return this.#fail(errorOf(message.refused));
    const id = "done" in message ? message.done : message.broken;
    const i = thread.jobs.findIndex(({ job }) => job.id === id);
    if (i < 0) return; // Taken back by a drain.
    const [{ resolve }] = thread.jobs.splice(i, 1);
    if ("done" in message) {
      this.#done++;
      thread.done++;
      const { value, seconds } = message;
      resolve({ status: "done", value, worker: thread.id, seconds });
    } else {
      this.#lost++;
      const { message: reason, stack = "" } = message.error;
      resolve({ status: "lost", reason, log: stack, worker: thread.id });
    }
    if (thread.state === "draining") this.#end(thread, "it was drained");
    this.#look();
  }

  /** Sends waiting jobs to threads: first one to each, then one more. */
  #look(): void {
    for (let depth = 1; depth <= AHEAD; depth++) {
      for (const thread of this.#threads) {
        if (this.#queue.length === 0) return;
        if (!takes(thread) || thread.jobs.length >= depth) continue;
        const waiting = this.#queue.shift()!;
        thread.jobs.push(waiting);
        post(thread, { job: waiting.job });
      }
    }
    if (this.capacity() === 0 && this.#queue.length > 0) {
      this.#fail(new Error("Cannot go on: all workers were drained or stopped; resume the run"));
    }
  }

  /** A thread cannot be interrupted: it is replaced, and its other job waits again. */
  #cancel(waiting: Waiting): void {
    this.#queue = this.#queue.filter((one) => one !== waiting);
    const i = this.#threads.findIndex(({ jobs }) => jobs.includes(waiting));
    if (i < 0) return;
    const thread = this.#threads[i];
    thread.worker.terminate();
    this.#queue.unshift(...thread.jobs.filter((one) => one !== waiting));
    this.#threads[i] = { ...this.#open(thread.id), done: thread.done };
    this.#look();
  }

  #end(thread: Thread, reason: string): void {
    if (thread.state === "ended") return;
    thread.state = "ended";
    thread.worker.terminate();
    for (const { resolve } of thread.jobs.splice(0)) {
      this.#lost++;
      resolve({ status: "lost", reason, log: "", worker: thread.id });
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    const jobs = this.#threads.flatMap((thread) => thread.jobs.splice(0));
    for (const { reject } of [...jobs, ...this.#queue.splice(0)]) reject(error);
  }
}

const takes = ({ state }: Thread): boolean => state === "idle";

const post = ({ worker }: Thread, message: ToChild): void => worker.postMessage(message);
