/**
 * A small search for tests of run folders: it is deterministic, keeps its state in checkpoints only, repeats
 * the steps after the last checkpoint, and obeys the signal.
 */
import type { RunEvent } from "../../src/nas/events.ts";
import type { Store } from "../../src/nas/search/store.ts";
import { hash, uniform } from "../../src/common/random.ts";

export interface FakeOptions {
  steps: number;
  /** Steps between checkpoints. */
  every: number;
  seed: number;
  driver?: string;
  /** Called before each step, to stop or kill at a chosen step. */
  before?(step: number): void | Promise<void>;
}

export const fakeConfig = { space: "micro", steps: 40, seed: 7 };

export async function* fakeSearch(
  store: Store,
  signal: AbortSignal,
  options: FakeOptions,
): AsyncGenerator<RunEvent> {
  const { steps, every, seed } = options;
  let weights = new Float32Array(16);
  let step = 0;
  let best = -1;
  const saved = await store.load();
  const checkpoint = () =>
    store.save({ json: { step, best }, tensors: { weights: { shape: [4, 4], data: weights } } });
  yield {
    type: "start",
    command: "search",
    space: "micro",
    adapter: { description: "none", driver: options.driver ?? "1.0", fallback: true },
    epochs: 1,
    stepsPerEpoch: steps,
    parameters: 16,
    config: fakeConfig,
  };
  if (saved) {
    ({ step, best } = saved.json as { step: number; best: number });
    weights = saved.tensors.weights.data as Float32Array<ArrayBuffer>;
    yield { type: "resume", fromStep: step };
  }
  while (step < steps) {
    if (signal.aborted) {
      await checkpoint();
      throw signal.reason;
    }
    await options.before?.(step);
    weights = weights.map((w, i) => Math.fround(0.9 * w + uniform(seed, 1, step, i)));
    const score = Math.fround(weights.reduce((a, b) => a + b) / 160);
    const choice = [hash(seed, 2, step, 0) % 5];
    yield {
      type: "trial",
      trial: step,
      epoch: 0,
      choice,
      key: String(choice),
      score,
      on: "reward",
    };
    if (score > best) {
      best = score;
      yield { type: "best", trial: step, epoch: 0, choice, score };
    }
    step++;
    yield {
      type: "step",
      epoch: 0,
      step,
      steps,
      loss: 1 - score,
      trainAccuracy: score,
      learningRate: 0.1,
      imagesPerSecond: 1,
      secondsLeft: steps - step,
    };
    if (step % every === 0) {
      await checkpoint();
      yield { type: "checkpoint", step };
    }
  }
  await store.put("weights.safetensors", { weights: { shape: [4, 4], data: weights } });
  yield { type: "done", seconds: 1, queries: steps, trainedImages: 0, peakBytes: 0, score: best };
}
