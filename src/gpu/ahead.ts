/**
 * Compiling ahead: pipelines made before a run's first step, with progress reports.
 *
 * Drivers of cards compile when a pipeline is created. Software Vulkan does at the first dispatch, in one
 * thread for each device; a second device of the same adapter compiles at the same time and leaves what it
 * made in the driver's cache on disk, where the first one finds it.
 */
import { nextTurn } from "../common/next_turn.ts";
import { render, specialise } from "./kernel.ts";
import { float16Of } from "./open.ts";
import { type Dispatch, Programs } from "./programs.ts";
import type { Traits } from "./traits.ts";

/** How far compiling is. */
export interface Compiled {
  done: number;
  of: number;
  secondsLeft: number;
}

/** A device to compile for, with its caches. */
export interface Compiler {
  device: GPUDevice;
  traits: Traits;
  /** The adapter's description. */
  description: string;
  programs: Programs;
}

/** Milliseconds of work between two reports; timers and signals wait meanwhile. */
const ROUND_MS = 1500;
/** Most pipelines per round and device, since they may be slower than the last ones. */
const MOST = 8;
/** Milliseconds above which a pipeline was not found in the driver's cache. */
const FOUND_MS = 100;

/** A pipeline to be made; its weight is the length of its text, a rough measure of compile time. */
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
      await nextTurn();
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
  /** Weight compiled so far, and the time it took. */
  #done = 0;
  #ms = 0;
  /** Weight that one device should take in the next round. */
  #share = 0;
  #second: Second | "unasked" | null = "unasked";
  /** Pipelines compiled by the second device that the first one has not loaded yet. */
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

  /** Makes the first device load from the driver's cache what the second one compiled. */
  async fetch(): Promise<void> {
    const { device, programs } = this.compiler;
    if (this.#elsewhere.length) await make(device, programs, this.#elsewhere, true);
    this.#elsewhere = [];
  }

  close(): void {
    if (this.#second instanceof Second) this.#second.device.destroy();
    this.#second = null;
  }

  /** Takes the next tasks, balanced between the devices by weight. */
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

  /** Closes the second device if the driver has no cache on disk: its work would have to be repeated. */
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
  /** Whether the first device found this one's pipelines in the cache. */
  proven = false;

  private constructor(readonly device: GPUDevice, readonly programs: Programs) {}

  /** Opens the adapter a second time; null if another adapter is returned. */
  static async open(description: string): Promise<Second | null> {
    const adapter = await navigator.gpu.requestAdapter({ forceFallbackAdapter: true });
    if (adapter?.info.description !== description) return null;
    const device = await adapter.requestDevice({
      label: "denas, to compile",
      requiredFeatures: float16Of(adapter),
    });
    const uniforms = device.createBuffer({ size: 256, usage: GPUBufferUsage.UNIFORM });
    const counters = { pipelines: 0, compileMs: 0, bindGroups: 0 };
    return new Second(device, new Programs(device, uniforms, counters));
  }
}

/**
 * Makes pipelines.
 * @param lazily whether the driver compiles at the first dispatch.
 * @returns milliseconds of compiling at that dispatch; 0 if not `lazily`.
 */
async function make(
  device: GPUDevice,
  programs: Programs,
  tasks: readonly Task[],
  lazily: boolean,
): Promise<number> {
  await programs.prepare(tasks);
  if (!lazily) return 0;
  programs.force(tasks);
  const start = performance.now();
  await device.queue.onSubmittedWorkDone();
  return performance.now() - start;
}
