/**
 * Compiling ahead: pipelines made before a run's first step, with progress reports.
 *
 * Drivers of cards compile when a pipeline is created. Software Vulkan does at the first dispatch, in one
 * thread for each device; a second device of the same adapter compiles at the same time and leaves what it
 * made in the driver's cache on disk, where the first one finds it.
 */
import { render, specialise } from "./kernel.ts";
import { type Dispatch, Programs } from "./programs.ts";
import type { Traits } from "./traits.ts";

/** How far compiling is. */
export interface Compiled {
  done: number;
  of: number;
  secondsLeft: number;
}

/** What compiles, and where. */
export interface Compiler {
  device: GPUDevice;
  traits: Traits;
  /** The adapter's description. */
  description: string;
  programs: Programs;
}

/** Work between two reports, in milliseconds: nothing else happens meanwhile, no signal comes through. */
const ROUND_MS = 1500;
/** Pipelines of one round on one device: those of a round may be slower than the last ones. */
const MOST = 8;
/** A pipeline that took longer was not found in the driver's cache, in milliseconds. */
const FOUND_MS = 100;

/** A pipeline to be made; compiling takes about as long as its text is. */
interface Task extends Dispatch {
  weight: number;
}

/** Compiles the longest ones first; yields after every round, and ends early when it is aborted. */
export async function* compileAhead(
  compiler: Compiler,
  dispatches: readonly Dispatch[],
  signal: AbortSignal,
): AsyncGenerator<Compiled> {
  const todo = dispatches.map((d): Task => ({ ...d, weight: weightOf(d) }));
  todo.sort((a, b) => b.weight - a.weight);
  const ahead = new Ahead(compiler, todo);
  try {
    while (!ahead.finished && !signal.aborted) {
      await ahead.round();
      yield ahead.progress();
      // Lets signals through.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (!signal.aborted) await ahead.fetch();
  } finally {
    ahead.close();
  }
}

const weightOf = ({ kernel, params }: Dispatch) =>
  render(kernel, specialise(kernel, params).texts).length;

const sum = (tasks: readonly Task[]) => tasks.reduce((all, { weight }) => all + weight, 0);

class Ahead {
  readonly #of: number;
  /** Weight done and to do, and the time it took. */
  #done = 0;
  #ms = 0;
  /** Weight that one device should take in the next round. */
  #share = 0;
  #second: Second | "unasked" | null = "unasked";
  /** What the second device compiled, for the first one to find. */
  #elsewhere: Task[] = [];

  constructor(private readonly compiler: Compiler, private readonly todo: Task[]) {
    this.#of = todo.length;
    if (!compiler.traits.lazyCompile) this.#second = null;
  }

  get finished(): boolean {
    return this.todo.length === 0;
  }

  progress(): Compiled {
    const left = sum(this.todo);
    return {
      done: this.#of - this.todo.length,
      of: this.#of,
      secondsLeft: this.#ms / this.#done * left / 1000,
    };
  }

  /** Compiles about a second's worth. */
  async round(): Promise<void> {
    const { device, programs } = this.compiler;
    const second = this.#second instanceof Second ? this.#second : null;
    const [mine, others] = this.#take(second ? 2 : 1);
    const start = performance.now();
    if (second && others.length) second.programs.force(others);
    const waited = await make(device, programs, mine, this.compiler.traits.lazyCompile);
    if (second && others.length) await second.device.queue.onSubmittedWorkDone();
    const ms = performance.now() - start;
    this.#ms += ms;
    this.#done += sum(mine) + sum(others);
    const weight = Math.max(sum(mine), sum(others));
    this.#share = Math.min(4 * weight, weight * ROUND_MS / ms);
    if (second) await this.#judge(second, others, ms);
    else if (this.#second === "unasked" && waited > FOUND_MS * mine.length) {
      this.#second = await Second.open(this.compiler.description);
    }
  }

  /** Has the first device find what the second one made. */
  async fetch(): Promise<void> {
    const { device, programs } = this.compiler;
    if (this.#elsewhere.length) await make(device, programs, this.#elsewhere, true);
    this.#elsewhere = [];
  }

  close(): void {
    if (this.#second instanceof Second) this.#second.device.destroy();
    this.#second = null;
  }

  /** The next ones, shared among devices so that each has about as much to do. */
  #take(devices: 1 | 2): [Task[], Task[]] {
    const shares: [Task[], Task[]] = [[], []];
    for (;;) {
      const [a, b] = shares.map(sum);
      const least = devices === 2 && b < a ? 1 : 0;
      const enough = shares[least].length > 0 &&
        (shares[least].length === MOST || Math.min(a, devices === 2 ? b : a) >= this.#share);
      if (enough || this.finished) return shares;
      shares[least].push(this.todo.shift()!);
    }
  }

  /** Without a cache on disk a second device is of no use: what it makes has to be made once more. */
  async #judge(second: Second, others: readonly Task[], ms: number): Promise<void> {
    this.#elsewhere.push(...others);
    if (second.proven || !others.length || ms < FOUND_MS * others.length) return;
    const start = performance.now();
    await this.fetch();
    second.proven = performance.now() - start < ms / 2;
    if (!second.proven) this.close();
  }
}

/** A second device of the adapter, to compile on only. */
class Second {
  /** The first device found what this one made. */
  proven = false;

  private constructor(readonly device: GPUDevice, readonly programs: Programs) {}

  /** Null where the same adapter is not to be had again. */
  static async open(description: string): Promise<Second | null> {
    const adapter = await navigator.gpu.requestAdapter({ forceFallbackAdapter: true });
    if (adapter?.info.description !== description) return null;
    const device = await adapter.requestDevice({ label: "denas, to compile" });
    const uniforms = device.createBuffer({ size: 256, usage: GPUBufferUsage.UNIFORM });
    const counters = { pipelines: 0, compileMs: 0, bindGroups: 0 };
    return new Second(device, new Programs(device, uniforms, counters));
  }
}

/**
 * @param lazily whether the driver compiles at the first dispatch.
 * @returns the milliseconds that the driver took for it then.
 */
async function make(
  device: GPUDevice,
  programs: Programs,
  tasks: readonly Task[],
  lazily: boolean,
): Promise<number> {
  if (!lazily) {
    for (const { kernel, params } of tasks) programs.program(kernel, params);
    return 0;
  }
  programs.force(tasks);
  const start = performance.now();
  await device.queue.onSubmittedWorkDone();
  return performance.now() - start;
}
