/** Figures of training steps, summed on the device: one read-back costs as much as many small steps. */
import stepSumsWgsl from "../../kernels/step_sums.wgsl" with { type: "text" };
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import type { Tensor } from "../gpu/tensor.ts";

const sumsKernel = kernel("step_sums", stepSumsWgsl);

/** One training step; `loss` and `hits` are tensors of one element. */
export interface StepFigures {
  /** Mean over the batch. */
  loss: Tensor;
  /** Absent where nothing is classified: accuracies then mean nothing. */
  hits?: Tensor;
  /** Sums of squared gradients, one per chunk; what `Sgd.step` returns. */
  squares: Tensor | null;
  images: number;
}

/** Means since the last `take`. */
export interface StepMeans {
  /** Per image. */
  loss: number;
  /** Share of images. */
  accuracy: number;
  /** Per step. */
  gradientNorm: number;
}

/** Sums that were not taken yet. */
export interface SavedSums {
  steps: number;
  images: number;
  values: number[];
}

/** Sums of the steps since the last `take`; part of `snapshot`, so that an interruption changes no mean. */
export class StepSums {
  readonly #sums: Tensor;
  #steps = 0;
  #images = 0;

  constructor(private readonly gpu: Gpu) {
    this.#sums = gpu.empty([3]);
  }

  /** Steps since the last `take`. */
  get steps(): number {
    return this.#steps;
  }

  /** Records the addition of a step and counts it. */
  add(step: StepFigures): void {
    this.record(step);
    this.#steps++;
    this.#images += step.images;
  }

  /** Records the addition of a step without counting it, for `Gpu.dryRun`. */
  record({ loss, hits, squares, images }: StepFigures): void {
    this.gpu.run(
      sumsKernel,
      { loss, hits: hits ?? loss, squares: squares ?? loss, sums: this.#sums },
      { images, chunks: squares ? squares.shape[0] : 0, add: this.#steps > 0 },
      [1],
    );
  }

  /** Reads the means and resets the sums. */
  async take(): Promise<StepMeans> {
    const [[loss, hits, norm]] = await this.gpu.read([this.#sums]);
    const means = {
      loss: loss / this.#images,
      accuracy: hits / this.#images,
      gradientNorm: norm / this.#steps,
    };
    this.#steps = this.#images = 0;
    return means;
  }

  /** The sums as they stand: plain JSON, in which every float32 that is a number keeps its bits. */
  async snapshot(): Promise<SavedSums> {
    const [values] = await this.gpu.read([this.#sums]);
    return { steps: this.#steps, images: this.#images, values: [...values] };
  }

  restore({ steps, images, values }: SavedSums): void {
    [this.#steps, this.#images] = [steps, images];
    this.gpu.write(this.#sums, Float32Array.from(values));
  }
}
