/** Initialises weights from an earlier run wherever names and shapes match. */
import { UsageError } from "../../common/errors.ts";
import { inherit, namedSource } from "../../nn/inherit.ts";
import type { NamedTensors, WeightStore } from "../../nn/weights.ts";
import type { RunEvent } from "../events.ts";

/** Weights of an earlier run under the engine's names. */
export interface EarlierWeights {
  /** Name of that run. */
  from: string;
  tensors: NamedTensors;
  /** Whether running statistics are copied too: a supernet's do not fit a single child. */
  statistics: boolean;
}

/**
 * The weights that `initFrom` names; null if it is empty.
 * @throws UsageError if the caller cannot read weights, and any error of reading.
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
 * Copies matching tensors into the store; all others keep their initial values.
 * @returns an event with the number of tensors and parameters copied.
 * @throws UsageError where nothing matches.
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
