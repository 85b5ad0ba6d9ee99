/**
 * The interface of predictors. No code here: predictors live beside this file. A predictor learns losses from
 * scored architectures and predicts the loss of others, with an uncertainty.
 */
import type { Rng } from "../../common/random.ts";
import type { ModelFit } from "../strategy.ts";

/** Predictions, one value per architecture, in the targets' own unit. */
export interface Prediction {
  mean: Float64Array;
  /** Standard deviation; 0 for predictors without one. */
  deviation: Float64Array;
  /** Standard deviation of the noise, where `deviation` includes it. */
  noise?: number;
}

export interface Predictor<A> {
  /**
   * Fits from scratch: no earlier fit has an effect but through `snapshot`, and the same architectures,
   * targets and random numbers give the same predictions.
   * @param archs at least two.
   * @param targets finite losses: smaller is better.
   */
  fit(archs: readonly A[], targets: Float64Array, rng: Rng): void;
  predict(archs: readonly A[]): Prediction;
  /** Samples one function from the posterior, for Thompson sampling, and returns its values. */
  draw?(archs: readonly A[], rng: Rng): Float64Array;
  /** Predictions of each member of an ensemble. */
  members?(archs: readonly A[]): Float64Array[];
  /** Kernel weights and noise that the last fit learned, for reports. */
  readonly model?: ModelFit;
  /** Start values of the next fit as plain data, where they depend on earlier fits. */
  snapshot?(): unknown;
  restore?(state: unknown): void;
}
