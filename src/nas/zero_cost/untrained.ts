/** An untrained network with a batch of images: what scores are computed from. */
import { run } from "../../autodiff/run.ts";
import { type Node, type Param, Tape, type Value } from "../../autodiff/tape.ts";
import type { Batch } from "../../data/batches.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { WeightStore } from "../../nn/weights.ts";
import type { Model, Pass } from "../space.ts";
import { crossEntropy } from "../train/training.ts";

export interface Untrained {
  gpu: Gpu;
  model: Model;
  /** Initial weights, on the device. A score may change them: each gets a network of its own. */
  weights: WeightStore;
  /** The first batch of the training images. */
  batch: Batch;
  /** Height, width, channels of an image. */
  input: readonly [number, number, number];
  classes: number;
  seed: number;
}

/** A pass with the statistics of the batch, without dropout, drop-path and auxiliary head. */
export const untrainedPass = (seed: number): Pass => ({
  training: false,
  batchStatistics: true,
  seed,
  step: 0,
  steps: 1,
});

/** Records the forward pass on the tape of the images. @returns the logits. */
export const forward = (
  { model, seed }: Pick<Untrained, "model" | "seed">,
  images: Value,
): Value => model.forward(images, untrainedPass(seed)).logits;

/** Trainable weights among an op's inputs. */
export const weightsIn = (inputs: readonly Value[]): Value[] =>
  inputs.filter(({ source }) => source.kind === "param" && source.param.trainable);

/**
 * Whether an op is a layer: a convolution or a linear map, which multiplies weights, not a norm or a bias. The
 * sums of all scores go over the weights of layers.
 */
export const isLayer = ({ op, inputs }: Pick<Node, "op" | "inputs">): boolean =>
  op.macs !== undefined && weightsIn(inputs).length > 0;

/** A layer with its weights; one that reads several inputs has a weight for each. */
export interface Layer {
  node: Node;
  weights: Value[];
}

/** Layers of a recorded network, in order. */
export const layersOn = (tape: Tape): Layer[] =>
  tape.nodes.filter(isLayer).map((node) => ({ node, weights: weightsIn(node.inputs) }));

/** Layers of a network, from a pass that is never run. */
export function layersOf(net: Untrained): Layer[] {
  const tape = new Tape();
  forward(net, tape.input([1, ...net.input]));
  return layersOn(tape);
}

/** The weights that layers multiply by. */
export const layerParams = (net: Untrained): Set<Param> =>
  new Set(layersOf(net).flatMap(({ weights }) => weights.map((w) => net.weights.paramOf(w))));

/** Records the loss on the batch on a tape. */
export function lossOn(tape: Tape, net: Untrained): Value {
  const { batch } = net;
  const images = tape.input(batch.images.shape, { tensor: batch.images });
  const labels = tape.input(batch.labels.shape, { tensor: batch.labels });
  return crossEntropy(forward(net, images), labels)[0];
}

/** Computes the loss on the batch and the gradients of all weights. */
export function recordLoss(net: Untrained, tape = new Tape()): Layer[] {
  const loss = lossOn(tape, net);
  run(net.gpu, tape, { outputs: [loss], loss });
  return layersOn(tape);
}

/** Weights and gradients as they are on the device. */
export interface WeightValues {
  weights(value: Value): Float32Array;
  gradients(value: Value): Float32Array;
}

/** Reads all weights and gradients back, in one transfer. */
export async function readWeights({ gpu, weights: { slabs } }: Untrained): Promise<WeightValues> {
  const contents = await gpu.read(slabs.flatMap(({ weights, grads }) => [weights, grads]));
  const find = (which: 0 | 1) => ({ source, shape }: Value) => {
    if (source.kind !== "param") throw new Error("Cannot read a value that is no weight");
    const { tensor } = source.param;
    const s = slabs.findIndex(({ weights }) => weights.buffer === tensor!.buffer);
    const at = tensor!.offset - slabs[s].weights.offset + source.offset;
    return contents[2 * s + which].subarray(at, at + shape.reduce((a, b) => a * b, 1));
  };
  return { weights: find(0), gradients: find(1) };
}
