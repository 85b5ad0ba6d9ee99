/** Starting from weights that are trained already, wherever names and shapes fit. */
import { UsageError } from "../../common/errors.ts";
import { inherit, namedSource } from "../../nn/inherit.ts";
import type { NamedTensors, WeightStore } from "../../nn/weights.ts";
import type { RunEvent } from "../events.ts";

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
export function startFrom(
  store: WeightStore,
  { from, tensors, statistics }: EarlierWeights,
): Extract<RunEvent, { type: "warmStart" }> {
  const { tensors: copied, parameters } = inherit(store, namedSource(tensors, { statistics }));
  const ofTensors = store.params().filter(({ trainable }) => trainable).length;
  if (copied === 0) {
    throw new UsageError(
      `Cannot start from ${from}: none of its ${
        Object.keys(tensors).length
      } tensors has the name and ` +
        `shape of one of these ${ofTensors}, expected some; the weights of a search fit the network ` +
        `in its own form: retrain with --form search`,
    );
  }
  return {
    type: "warmStart",
    from,
    tensors: copied,
    ofTensors,
    parameters,
    ofParameters: store.parameters(),
  };
}
