/** Exports a trained network as safetensors for other programs: names by layer, statistics as applied. */
import type { Node } from "../autodiff/tape.ts";
import { buildNetwork, tapeOf } from "../nas/train/network.ts";
import type { BatchNormOptions } from "../ops/batch_norm.ts";
import { metadataOf } from "./metadata.ts";
import { readNetwork, type TrainedNetwork, type Which } from "./network.ts";
import { encodeSafetensors, type Tensors } from "./safetensors.ts";
import { settledStatistics } from "./batch_norm_state.ts";

const layout =
  "images [n, h, w, c]; convolutions [k, k, in, out]; depthwise [k, k, channels, 1]; " +
  "pointwise and linear [in, out]";

/** Exported names of the engine's last name parts. */
const readable: Record<string, string> = { w: "weight", dw: "depthwise", pw: "pointwise" };

/**
 * Exports the network of a finished retraining: bytes of a safetensors file with the tensors that classifying
 * needs, and a description in the metadata. Needs no adapter.
 * @param path the run's folder.
 * @throws UsageError, DataError as `readNetwork`.
 */
export function exportSafetensors(path: string, which?: Which): Uint8Array {
  const { tensors, metadata } = namedTensors(readNetwork(path, which));
  return encodeSafetensors(tensors, metadata);
}

/**
 * Tensors that classifying needs, without the auxiliary head. Running statistics become `running_mean`,
 * `running_var`.
 */
export function namedTensors({ network, tensors, testAccuracy }: TrainedNetwork) {
  const { nodes } = tapeOf(buildNetwork(network).model, network.input);
  const named: Tensors = {};
  const epsilon: Record<string, number> = {};
  for (const node of nodes) {
    for (const { source } of node.inputs) {
      if (source.kind !== "param") continue;
      const { name } = source.param;
      if (name.endsWith("/running")) continue;
      named[outside(name)] = tensors[name];
    }
    if (node.op.name === "batch_norm") addStatistics(node, tensors, named, epsilon);
  }
  const metadata = {
    ...metadataOf(network, testAccuracy),
    layout,
    batch_norm_epsilon: JSON.stringify(epsilon),
  };
  return { tensors: named, metadata };
}

function addStatistics(
  { inputs: [, , , running], params }: Node,
  tensors: Tensors,
  named: Tensors,
  epsilon: Record<string, number>,
): void {
  if (running?.source.kind !== "param") return;
  const { name } = running.source.param;
  const norm = outside(name.slice(0, -"/running".length));
  const options = params as BatchNormOptions;
  const { mean, variance } = settledStatistics(Float32Array.from(tensors[name].data), options);
  named[`${norm}.running_mean`] = { shape: [mean.length], data: mean };
  named[`${norm}.running_var`] = { shape: [variance.length], data: variance };
  epsilon[norm] = options.epsilon;
}

/** Converts a name for export: `layer0/block1/x/sep3/0/dw` → `layer0.block1.x.sep3.0.depthwise`. */
function outside(name: string): string {
  const parts = name.split("/");
  const last = parts.pop()!;
  return [...parts, readable[last] ?? last].join(".");
}
