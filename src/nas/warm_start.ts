/** Starting from weights that are trained already, wherever names and shapes fit. */
import { numel } from "../autodiff/op.ts";
import { UsageError } from "../errors.ts";
import type { NamedTensors, WeightStore } from "../nn/weights.ts";
import type { RunEvent } from "./events.ts";

/** Weights of an earlier run by the names of the engine. */
export interface EarlierWeights {
  /** The run they are of. */
  from: string;
  tensors: NamedTensors;
  /** Running statistics belong to the networks that they were taken of: a supernet's are no single child's. */
  statistics: boolean;
}

/**
 * What a config wants to start from; null for nothing.
 * @throws UsageError where nobody can read it, and what reading throws.
 */
export function earlierWeights(
  { initFrom }: { initFrom: string },
  { initial }: { initial?(): EarlierWeights },
): EarlierWeights | null {
  if (initFrom === "") return null;
  if (!initial) {
    throw new UsageError(
      `Cannot start from ${initFrom}: the caller gave no way to read its weights, expected \`initial\``,
    );
  }
  return initial();
}

/**
 * Copies what fits into the store; everything else keeps its first values.
 * @returns the event that says how much that was.
 * @throws UsageError where nothing fits.
 */
export async function startFrom(
  store: WeightStore,
  { from, tensors, statistics }: EarlierWeights,
): Promise<Extract<RunEvent, { type: "warmStart" }>> {
  const merged = await store.tensors();
  const weights = store.params().filter(({ trainable }) => trainable);
  let copied = 0, parameters = 0;
  for (const { name, shape, trainable } of store.params()) {
    const earlier = tensors[name];
    const fits = earlier?.shape.length === shape.length &&
      earlier.shape.every((n, i) => n === shape[i]);
    if (!fits || !trainable && !statistics) continue;
    merged[name] = earlier;
    if (!trainable) continue;
    copied++;
    parameters += numel(shape);
  }
  if (copied === 0) {
    throw new UsageError(
      `Cannot start from ${from}: none of its ${
        Object.keys(tensors).length
      } tensors has the name and ` +
        `shape of one of these ${weights.length}, expected some; the weights of a search fit the network ` +
        `in its own form: retrain with --form search`,
    );
  }
  store.load(merged);
  return {
    type: "warmStart",
    from,
    tensors: copied,
    ofTensors: weights.length,
    parameters,
    ofParameters: store.parameters(),
  };
}
