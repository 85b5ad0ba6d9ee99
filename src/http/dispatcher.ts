/**
 * Starts the server's runs, each in its own process that resumes a prepared run folder; the command line
 * resumes runs in the same way. One run at a time for each setting of the adapter; the adapter's lock makes
 * it wait for runs of other processes.
 */
import { join } from "@std/path";
import { UsageError } from "../common/errors.ts";
import { isGuarded } from "../run/guard.ts";
import { RunQueue, type Waiting } from "../run/queue.ts";
import { readState, writeState } from "../run/state.ts";
import type { RunState } from "../run/state_schema.ts";
import type { ServerOptions } from "../run/serving.ts";
import { permissionsFor } from "./permissions.ts";
import { Problem } from "./problem.ts";
import type { Run, RunsFolder } from "./runs_folder.ts";
import { killedBy, Stopper, wasAsked } from "./stopper.ts";

const entry = new URL("../../cli.ts", import.meta.url);
/** Interval of looking at the queue again: another server on the same runs may have left work. */
const lookAgainMs = 2000;
/** Process number in the state of a run whose process has not written its own yet. */
const noProcess = 0;
/** Characters of a process's stderr that are kept for the message about its failure. */
const keptText = 8192;

interface Active {
  adapter: string;
  /** Null until the process is started. */
  child: Deno.ChildProcess | null;
  /** Whether it was told to stop before the process was started. */
  stopped: boolean;
  ended: Promise<void>;
}

export class Dispatcher {
  readonly #queue: RunQueue;
  readonly #active = new Map<string, Active>();
  readonly #stopper: Stopper;
  readonly #timer: ReturnType<typeof setInterval>;
  #closing = false;

  constructor(private readonly runs: RunsFolder, private readonly options: ServerOptions) {
    this.#queue = new RunQueue(runs.root);
    this.#stopper = new Stopper(options.patienceMs);
    this.#timer = setInterval(() => this.#look(), lookAgainMs);
    this.#look();
  }

  waiting(): Waiting[] {
    return this.#queue.list();
  }

  /** Number of runs queued before this one; undefined when it is not in the queue. */
  positionOf(id: string): number | undefined {
    const position = this.waiting().findIndex(({ run }) => run === id);
    return position < 0 ? undefined : position;
  }

  /** Adds a run to the queue. @throws Problem 409 when the run cannot be started or resumed. */
  enqueue({ id, path, state: { status } }: Run): void {
    const waits = status === "queued" && (this.positionOf(id) !== undefined || isGuarded(path));
    if (waits || status === "running" || status === "done") {
      throw new Problem(409, `Cannot resume run ${id}: it is ${status}`);
    }
    change(path, { status: "queued", error: undefined, pid: noProcess });
    this.#queue.add(id);
    this.#look();
  }

  /**
   * Asks a run to write a checkpoint and end. Asked again, or without an answer in time, it is killed.
   * @throws Problem 409 when it is not running.
   */
  stop({ id, path, state }: Run): void {
    if (this.#queue.take(id)) return change(path, { status: "interrupted" });
    const active = this.#active.get(id);
    if (active) {
      this.#stopActive(active);
    } else if (isGuarded(path)) {
      const { pid } = state;
      if (pid === noProcess) {
        throw new Problem(409, `Cannot stop run ${id}: it is starting, try again`);
      }
      this.#stopper.stop(`${id} ${pid}`, (signal) => {
        // The run is held by a process, so the number is not one that was recycled.
        if (isGuarded(path) && readState(path).pid === pid) Deno.kill(pid, signal);
      });
    } else if (state.status === "queued") {
      change(path, { status: "interrupted" });
    } else throw new Problem(409, `Cannot stop run ${id}: it is ${state.status}`);
  }

  /** Deletes a run. @throws Problem 409 when its folder is in use. */
  remove({ id, path, state }: Run): void {
    const busy = this.#active.has(id) || state.status === "running" || state.status === "queued";
    if (busy || isGuarded(path)) {
      throw new Problem(409, `Cannot delete run ${id}: it is ${state.status}, stop it first`);
    }
    Deno.removeSync(path, { recursive: true });
  }

  /** Interrupts all runs and waits for their checkpoints; the queue stays for the next server. */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#timer);
    // Runs that were asked already keep their deadline.
    for (const active of this.#active.values()) if (!active.stopped) this.#stopActive(active);
    await Promise.all([...this.#active.values()].map(({ ended }) => ended));
    this.#stopper.close();
  }

  #stopActive(active: Active): void {
    const { child } = active;
    active.stopped = true;
    if (child) this.#stopper.stop(String(child.pid), (signal) => child.kill(signal));
  }

  #look(): void {
    if (this.#closing) return;
    const busy = new Set([...this.#active.values()].map(({ adapter }) => adapter));
    for (const { run: id } of this.#queue.list()) {
      try {
        const run = this.runs.get(id);
        const { adapter } = run.config;
        // A process that has written its last state may still be running.
        if (busy.has(adapter) || this.#active.has(id) || isGuarded(run.path)) continue;
        if (!this.#queue.take(id)) continue; // Another server was faster.
        busy.add(adapter);
        this.#start(run, adapter);
      } catch (error) {
        this.#queue.take(id);
        this.options.report(`Cannot start run ${id}: ${(error as Error).message}`);
      }
    }
  }

  #start(run: Run, adapter: string): void {
    const active: Active = { adapter, child: null, stopped: false, ended: Promise.resolve() };
    this.#active.set(run.id, active);
    active.ended = this.#drive(run, active).catch((error) => {
      this.options.report(`Cannot start run ${run.id}: ${error.message}`);
      this.#settle(run, { status: "failed", error: error.message });
    }).finally(() => {
      this.#active.delete(run.id);
      this.#look();
    });
  }

  async #drive(run: Run, active: Active): Promise<void> {
    const permissions = await permissionsFor(run, this.runs.root, this.options);
    if (active.stopped) return this.#settle(run, { status: "interrupted" });
    active.child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", ...permissions, entry.href, "resume", run.path],
        ...["--runs", this.runs.root, "--wait"],
        ...run.state.out === undefined ? ["--out", join(run.path, "arch.json")] : [],
      ],
      cwd: this.runs.root,
      clearEnv: true,
      env: { ...this.options.env, NO_COLOR: "1", INIT_CWD: this.runs.root },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const [text, status] = await Promise.all([lastText(active.child.stderr), active.child.status]);
    this.#stopper.forget(String(active.child.pid));
    if (active.stopped || wasAsked(status)) return this.#settle(run, { status: "interrupted" });
    const error = killedBy(status) ?? reasonIn(text) ??
      `The process ended with code ${status.code}`;
    this.#settle(run, { status: "failed", error });
  }

  /** Records the end of a process that could not record it itself. */
  #settle({ id, path }: Run, end: Pick<RunState, "status" | "error">): void {
    try {
      const { status } = readState(path);
      // Queued again meanwhile, or held by another process.
      if (this.positionOf(id) !== undefined || isGuarded(path)) return;
      if (status !== "done" && status !== "failed") change(path, end);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error; // Deleted meanwhile.
    }
  }
}

function change(path: string, fields: Partial<RunState>): void {
  writeState(path, { ...readState(path), ...fields, updated: new Date().toISOString() });
}

async function lastText(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream() as never)) {
    text = (text + part).slice(-keptText);
  }
  return text;
}

/** The error message that the command line ended with. */
function reasonIn(text: string): string | undefined {
  const lines = text.trimEnd().split("\n");
  const said = lines.findLast((line) => line.startsWith("denas: "))?.slice("denas: ".length);
  return said ?? lines.findLast((line) => line.trim() !== "");
}
