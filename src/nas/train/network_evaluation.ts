/** Validation and test of the network of a retraining. */
import { Batches } from "../../data/batches.ts";
import type { DataSet, Images } from "../../data/dataset.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { WeightStore } from "../../nn/weights.ts";
import { BestWeights } from "./best_weights.ts";
import type { RetrainConfig } from "../config/config.ts";
import type { Model, Pass } from "../space.ts";
import { testFigures } from "./test_figures.ts";
import { Scorer } from "./training.ts";

interface Parts {
  gpu: Gpu;
  model: Model;
  store: WeightStore;
  data: DataSet;
  config: RetrainConfig;
}

/** Images of a data set in batches of `size`, augmented as the config says. */
export function batchesOf(
  { gpu, data, config }: Pick<Parts, "gpu" | "data" | "config">,
  images: Images,
  size: number,
): Batches {
  const { task, image, mean, deviation, flip } = data;
  const { seed, augment } = config;
  return new Batches(gpu, images, {
    ...{ task, image, mean, deviation, seed, batch: size },
    augment: { ...augment, flip: augment.flip && flip },
  });
}

export class NetworkEvaluation {
  /** Best weights of all validated epochs. */
  readonly best: BestWeights;
  readonly #scorer: Scorer;
  readonly #valid: Batches | null;
  #looked: Batches | null = null;

  constructor(private readonly parts: Parts) {
    const { gpu, store, data } = parts;
    this.best = new BestWeights(store);
    this.#scorer = new Scorer(gpu);
    this.#valid = data.valid.n ? this.#batches(data.valid) : null;
  }

  /** Records a validation to find its kernels (`Gpu.dryRun`). */
  dryRun(): void {
    const [batch] = this.#valid?.sequential() ?? [];
    if (batch) this.#scorer.record(this.parts.model, batch, this.#pass);
  }

  /**
   * Accuracy on the validation images, undefined if there are none. Keeps the weights if they are the best.
   */
  async validate(epoch: number): Promise<number | undefined> {
    const accuracy = await this.#accuracy(this.#valid);
    await this.best.offer(epoch, accuracy);
    return accuracy;
  }

  /** Accuracy on the test images with `evalTestEachEpoch`, otherwise undefined. */
  async look(): Promise<number | undefined> {
    if (!this.parts.config.evalTestEachEpoch) return undefined;
    this.#looked ??= this.#batches(await this.parts.data.test());
    return await this.#accuracy(this.#looked);
  }

  /**
   * Reads the test set. Returns the figures of the current weights, then loads the best ones for their
   * accuracy.
   */
  async test() {
    const { gpu, model, store, data, config } = this.parts;
    const images = await data.test();
    const tested = { gpu, model, images, batches: this.#batches(images), pass: this.#pass };
    const figures = await testFigures(tested, data);
    const { best, tensors } = this.best;
    if (!best) return figures;
    let { testAccuracy } = figures;
    if (best.epoch < config.epochs) {
      store.load(tensors);
      ({ testAccuracy } = await testFigures(tested, data));
    }
    return { ...figures, best: { ...best, testAccuracy } };
  }

  async #accuracy(batches: Batches | null): Promise<number | undefined> {
    if (!batches) return undefined;
    const { model } = this.parts;
    const [tally] = await this.#scorer.score([model], batches.sequential(), this.#pass);
    return tally.accuracy;
  }

  #batches(images: Images): Batches {
    return batchesOf(this.parts, images, this.parts.config.evalBatch);
  }

  get #pass(): Pass {
    const { seed } = this.parts.config;
    return { training: false, batchStatistics: false, seed, step: 0, steps: 1 };
  }
}
