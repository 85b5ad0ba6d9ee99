/** A trained network that classifies images, on the engine that trained it. */
import { Batches } from "../../data/batches.ts";
import type { Gpu } from "../../gpu/device.ts";
import { numel } from "../../gpu/tensor.ts";
import type { NamedTensors } from "../../nn/weights.ts";
import { buildNetwork, inference, type NetworkFile } from "./network.ts";
import type { Model } from "../space.ts";
import { logitsOf, recordLogits } from "./training.ts";

/** Images per batch. */
const BATCH = 32;

/** A trained network with its weights on a device. Classifies images in batches of at most 32. */
export class Classifier {
  readonly #model: Model;

  /** @throws DataError when the weights are not this network's. */
  constructor(
    private readonly gpu: Gpu,
    private readonly network: NetworkFile,
    tensors: NamedTensors,
  ) {
    const { model, weights } = buildNetwork(network);
    weights.materialise(gpu, 0);
    weights.load(tensors);
    this.#model = model;
  }

  /** Records batches of all sizes without running them, for `Gpu.dryRun`. */
  dryRun(): void {
    const { gpu, network: { input } } = this;
    for (let n = 1; n <= BATCH; n++) {
      const shape = [n, ...input];
      const images = { shape, buffer: gpu.pool.acquire(numel(shape) * 4), offset: 0 };
      recordLogits(gpu, this.#model, images, inference);
    }
  }

  /**
   * Classifies n images.
   * @param pixels n images of the network's size as bytes, NHWC.
   * @returns n · classes numbers before softmax or sigmoid.
   */
  async logits(pixels: Uint8Array, n: number): Promise<Float32Array> {
    const { input: image, mean, deviation } = this.network;
    const batches = new Batches(this.gpu, { pixels, labels: new Uint8Array(n), n }, {
      image,
      mean,
      deviation,
      batch: Math.min(BATCH, n),
      seed: 0,
      augment: null,
    });
    return await logitsOf(this.gpu, this.#model, batches, inference);
  }

  /** Like `logits`, after softmax (single-label: each row sums to 1) or a sigmoid per class (multi-label). */
  async probabilities(pixels: Uint8Array, n: number): Promise<Float32Array> {
    const { classes, task } = this.network;
    const logits = await this.logits(pixels, n);
    if (task === "multi-label") return logits.map((v) => 1 / (1 + Math.exp(-v)));
    for (let from = 0; from < logits.length; from += classes.length) {
      const row = logits.subarray(from, from + classes.length);
      const top = row.reduce((a, b) => Math.max(a, b));
      row.forEach((v, i) => row[i] = Math.exp(v - top));
      const sum = row.reduce((a, b) => a + b, 0);
      row.forEach((v, i) => row[i] = v / sum);
    }
    return logits;
  }
}
