/** A child process under supervision: starts it, passes jobs to it, and starts it again when it dies. */
import { fileURLToPath } from "node:url";
import { AdapterError, DataError, UsageError } from "../../common/errors.ts";
import type { Job, Opening, Outcome, WorkerState } from "./channel.ts";
import { linesOf, messageIn, type PlainError, type ToChild } from "./messages.ts";

/** Flags of `deno run` for a child: the permissions of the engine. */
const root = new URL("../../../", import.meta.url);
const flags = [
  ...["run", "-q", "-P=engine", "--no-prompt", "--no-check"],
  ...["--config", fileURLToPath(new URL("deno.json", root))],
  fileURLToPath(new URL("./child.ts", import.meta.url)),
];

/** Deaths in a row before the first sign of life, after which a child is not started again. */
const STILLBORN = 3;

/** Characters of a child's output that are kept to say why it died. */
const LOG = 4096;

/** A job that a child works on. */
interface Current {
  job: Job;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

export class Supervised {
  #child: Deno.ChildProcess | undefined;
  #input: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #state: WorkerState["state"] = "starting";
  #about: { adapter?: string; driver?: string } = {};
  #current: Current | undefined;
  /** Why the child was killed by this process, if it was. */
  #why: string | undefined;
  #log = "";
  #refusal: Error | undefined;
  /** Why the child ended for good. */
  end: Error | undefined;
  #done = 0;
  #stillborn = 0;
  #interrupted = false;
  #seen = new Date();
  #ended: Promise<void> = Promise.resolve();

  /**
   * @param onFree called when the child can take a job, or has ended.
   * @param onSaved called with the job whose checkpoint was written.
   */
  constructor(
    readonly id: string,
    private readonly opening: Opening,
    readonly onFree: () => void,
    readonly onSaved: (job: string) => void = () => {},
  ) {
    this.#start();
  }

  get state(): WorkerState {
    const { adapter, driver } = this.#about;
    return {
      id: this.id,
      state: this.#state,
      pid: this.#child?.pid,
      adapter,
      driver,
      job: this.#current?.job.id,
      done: this.#done,
      seen: this.#seen.toISOString(),
    };
  }

  /** Whether it can take a job. Jobs for a child that is still starting wait in its stdin. */
  get free(): boolean {
    return !this.#current && (this.#state === "idle" || this.#state === "starting");
  }

  get ended(): boolean {
    return this.#state === "ended";
  }

  /** Runs a job in the child, which must be free. */
  run(job: Job, signal: AbortSignal): Promise<Outcome> {
    return new Promise<Outcome>((resolve, reject) => {
      const cancel = () => {
        this.#current = undefined;
        this.#kill("its job was cancelled");
        reject(signal.reason);
      };
      signal.addEventListener("abort", cancel, { once: true });
      const end = () => signal.removeEventListener("abort", cancel);
      this.#current = {
        job,
        resolve: (outcome) => (end(), resolve(outcome)),
        reject: (error) => (end(), reject(error)),
      };
      if (this.#state === "idle") this.#state = "busy";
      this.#send({ job });
    });
  }

  /** Ends the child after its job. */
  drain(): void {
    if (this.ended) return;
    this.#state = "draining";
    if (!this.#current) this.#kill("it was drained");
  }

  /** Asks the child to end its job early, and those that it gets later. */
  interrupt(): void {
    this.#interrupted = true;
    this.#send({ interrupt: true });
  }

  /** Ends the child at once; its job is lost. */
  async stop(reason: string): Promise<void> {
    if (!this.ended) {
      this.#state = "draining";
      this.#kill(reason);
    }
    await this.#ended;
  }

  #start(): void {
    this.#state = "starting";
    this.#why = undefined;
    this.#log = "";
    const child = new Deno.Command(Deno.execPath(), {
      args: flags,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#send({ open: this.opening });
    if (this.#interrupted) this.#send({ interrupt: true });
    const output = Promise.all([
      this.#read(child.stdout, (line) => this.#hear(line)),
      this.#read(child.stderr, (line) => this.#keep(line)),
    ]);
    this.#ended = output.then(() => child.status).then((status) => this.#gone(status));
  }

  async #read(stream: ReadableStream<Uint8Array>, use: (line: string) => void): Promise<void> {
    for await (const line of linesOf(stream)) use(line);
  }

  #keep(line: string): void {
    this.#log = `${this.#log}${line}\n`.slice(-LOG);
  }

  #hear(line: string): void {
    const message = messageIn(line);
    if (!message) return this.#keep(line);
    this.#seen = new Date();
    if ("ready" in message) {
      this.#about = message.ready;
      this.#stillborn = 0;
      if (this.#state === "starting") this.#state = this.#current ? "busy" : "idle";
      return this.onFree();
    }
    if ("refused" in message) {
      this.#state = "draining";
      this.#refusal = errorOf(message.refused);
      this.#current?.reject(this.#refusal);
      this.#current = undefined;
      return this.#kill(message.refused.message);
    }
    if ("saved" in message) return this.onSaved(message.saved);
    const id = "done" in message ? message.done : message.broken;
    const { job, resolve } = this.#current ?? {};
    if (!job || !resolve || job.id !== id) return; // Cancelled meanwhile.
    this.#current = undefined;
    if ("broken" in message) {
      const { message: reason, stack = "" } = message.error;
      this.#keep(stack);
      resolve({ status: "lost", reason, log: this.#log, worker: this.id });
      // Its device may be gone.
      return this.#kill(reason);
    }
    this.#done++;
    const { value, seconds } = message;
    const { adapter } = this.#about;
    if (this.#state === "draining") this.#kill("it was drained");
    else this.#state = "idle";
    resolve({ status: "done", value, worker: this.id, adapter, seconds });
    this.onFree();
  }

  #gone({ code, signal }: Deno.CommandStatus): void {
    const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
    const reason = this.#why ?? `process ${this.#child!.pid} ${how}`;
    const [current, log] = [this.#current, this.#log];
    const unborn = this.#state === "starting" && !this.#why;
    if (unborn) this.#stillborn++;
    if (this.#state === "draining" || this.#stillborn === STILLBORN) {
      this.#state = "ended";
      this.end = this.#refusal ??
        (unborn ? new Error(`Cannot start a worker: ${reason}\n${log}`) : undefined);
      this.#current = undefined;
      if (unborn) current?.reject(this.end);
    } else {
      this.#start();
      // A job that never began waits for the next process.
      if (unborn && current) this.#send({ job: current.job });
      else this.#current = undefined;
    }
    if (!unborn) current?.resolve({ status: "lost", reason, log, worker: this.id });
    this.onFree();
  }

  #send(message: ToChild): void {
    // A broken pipe: the child's end is reported by its status.
    this.#input!.write(new TextEncoder().encode(JSON.stringify(message) + "\n")).catch(() => {});
  }

  #kill(why: string): void {
    this.#why = why;
    try {
      this.#child!.kill("SIGKILL");
    } catch (error) {
      const gone = error instanceof Deno.errors.NotFound || error instanceof TypeError;
      if (!gone) throw error;
    }
  }
}

/** An error of another process, of a class that the command line knows. */
export function errorOf({ name, message, stack }: PlainError): Error {
  const known = { UsageError, DataError, AdapterError }[name];
  return known ? new known(message) : Object.assign(new Error(message), { stack });
}
