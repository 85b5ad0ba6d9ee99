/**
 * Weights one after another in one buffer, with buffers of the same layout for their gradients and for an
 * optimiser's state per weight.
 */
import type { Gpu } from "../gpu/device.ts";
import type { Tensor } from "../gpu/tensor.ts";

export class Slab {
  readonly weights: Tensor;
  readonly grads: Tensor;
  readonly #states = new Map<string, Tensor>();

  constructor(private readonly gpu: Gpu, readonly words: number) {
    this.weights = gpu.empty([words]);
    this.grads = gpu.empty([words]);
  }

  /** A tensor of the weights' layout (momentum and the like): zeros at first use. */
  state(name: string): Tensor {
    let tensor = this.#states.get(name);
    if (!tensor) {
      tensor = this.gpu.empty([this.words]);
      this.#states.set(name, tensor);
    }
    return tensor;
  }
}
