/** Shared by searching and retraining: merged states, checkpoint times, time left. */
import { nextTurn } from "../../common/next_turn.ts";
import type { RunEvent } from "../events.ts";
import type { State } from "../strategy.ts";

/** Merges the states of several parts: `{ json: { name: … }, tensors: { "name/…": … } }`. */
export function mergeStates(parts: Record<string, State>): State {
  const json: Record<string, unknown> = {};
  const tensors: State["tensors"] = {};
  for (const [name, state] of Object.entries(parts)) {
    json[name] = state.json;
    for (const [key, tensor] of Object.entries(state.tensors)) tensors[`${name}/${key}`] = tensor;
  }
  return { json, tensors };
}

/** One part of a merged state. */
export function partOf(state: State, name: string): State {
  const json = (state.json as Record<string, unknown>)[name];
  const tensors: State["tensors"] = {};
  for (const [key, tensor] of Object.entries(state.tensors)) {
    if (key.startsWith(`${name}/`)) tensors[key.slice(name.length + 1)] = tensor;
  }
  return { json, tensors };
}

/** A number of a training is NaN or infinite. */
export class DivergedError extends Error {
  override name = "DivergedError";
}

/**
 * Throws where a tensor holds NaN or infinity. The loss is read before a step changes the weights, so only
 * this check keeps the damage of the last step out of a checkpoint.
 * @throws DivergedError
 */
export function requireFinite(tensors: State["tensors"], wayOut: string): void {
  for (const [name, { data }] of Object.entries(tensors)) {
    const bad = data.find((v) => !Number.isFinite(v));
    if (bad !== undefined) {
      throw new DivergedError(
        `Cannot go on training: ${name} holds ${bad}, expected numbers; the last checkpoint is good, ` +
          `try ${wayOut}`,
      );
    }
  }
}

/** Longest time without handling signals and timers, in milliseconds. */
const BREATH_MS = 100;

/** Longest time between two checkpoints, in milliseconds. */
const CHECKPOINT_MS = 60_000;

/**
 * Saves checkpoints at the end of each phase, once a minute within one, and before an interrupted run ends.
 */
export class Checkpoints {
  #last = performance.now();
  #breath = performance.now();

  constructor(
    private readonly signal: AbortSignal,
    private readonly save: () => Promise<number>,
  ) {}

  /** Call where the state is consistent; `end` of a phase always saves. Yields the event if it saved. */
  async *at(end: boolean): AsyncGenerator<RunEvent> {
    await this.#breathe();
    if (!end && !this.signal.aborted && performance.now() - this.#last < CHECKPOINT_MS) return;
    const step = await this.save();
    this.#last = performance.now();
    yield { type: "checkpoint", step };
    this.signal.throwIfAborted();
  }

  /** Lets signals and timers be handled: a search on a table never waits, so that nothing else could run. */
  async #breathe(): Promise<void> {
    if (performance.now() - this.#breath < BREATH_MS) return;
    await nextTurn();
    this.#breath = performance.now();
  }
}

/** Time spent, over all interruptions, and rates of this process to project the rest. */
export class Clock {
  readonly #start = performance.now();
  readonly #rates = new Map<string, { units: number; ms: number; settled: boolean }>();
  /** Seconds spent in earlier processes. */
  earlier = 0;

  seconds(): number {
    return this.earlier + (performance.now() - this.#start) / 1000;
  }

  /** Notes that `units` of a kind of work took `ms`. */
  add(kind: string, units: number, ms: number): void {
    const old = this.#rates.get(kind);
    // The first measurement includes compiling, so it is dropped once there is a second. Later ones decay.
    const fade = old?.settled ? 0.9 : 0;
    this.#rates.set(kind, {
      units: (old?.units ?? 0) * fade + units,
      ms: (old?.ms ?? 0) * fade + ms,
      settled: old !== undefined,
    });
  }

  /** Milliseconds per unit so far; `guess` for a kind that was never measured. */
  rate(kind: string, guess: number): number {
    const rate = this.#rates.get(kind);
    return rate && rate.units > 0 ? rate.ms / rate.units : guess;
  }
}
