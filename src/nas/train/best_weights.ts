/** The weights of the epoch with the best validation accuracy, kept beside the last ones of a retraining. */
import type { NamedTensors, WeightStore } from "../../nn/weights.ts";
import type { State } from "../strategy.ts";

interface Best {
  /** Counts from 1. */
  epoch: number;
  validAccuracy: number;
}

export class BestWeights {
  #best: Best | null = null;
  #tensors: NamedTensors = {};

  constructor(private readonly store: WeightStore) {}

  /** Null if nothing was validated. */
  get best(): Best | null {
    return this.#best;
  }

  get tensors(): NamedTensors {
    return this.#tensors;
  }

  /** Reads the current weights back if they are better than those of all earlier epochs. */
  async offer(epoch: number, validAccuracy: number | undefined): Promise<void> {
    if (validAccuracy === undefined || validAccuracy <= (this.#best?.validAccuracy ?? -1)) return;
    this.#tensors = await this.store.tensors();
    this.#best = { epoch, validAccuracy };
  }

  snapshot(): State {
    return { json: this.#best, tensors: this.#tensors };
  }

  restore({ json, tensors }: State): void {
    this.#best = json as Best | null;
    this.#tensors = tensors;
  }
}
