/**
 * The interface of predictors. No code here: predictors live beside this file. A predictor learns the
 * loss of architectures from those that were scored, and says how sure it is of the others.
 */
import type { Rng } from "../../common/random.ts";

/** One value per architecture, in the targets' own unit. */
export interface Prediction {
  mean: Float64Array;
  /** Standard deviation; 0 where a predictor has no notion of it. */
  deviation: Float64Array;
}

export interface Predictor<A> {
  /**
   * Learns anew: nothing of an earlier fit is left, and the same architectures, targets and random numbers
   * give the same predictions.
   * @param archs at least two.
   * @param targets finite losses: smaller is better.
   */
  fit(archs: readonly A[], targets: Float64Array, rng: Rng): void;
  predict(archs: readonly A[]): Prediction;
  /** Values of one function drawn from what the predictor believes: for Thompson sampling. */
  draw?(archs: readonly A[], rng: Rng): Float64Array;
  /** Predictions of each member of an ensemble. */
  members?(archs: readonly A[]): Float64Array[];
}
