/**
 * Surrogate regression of Schrodi et al. (NeurIPS 2023): how well a Gaussian process fitted to n architectures
 * predicts the last ones of the same shuffled pool.
 */
import { UsageError } from "../../common/errors.ts";
import { Rng, salted, Stream } from "../../common/random.ts";
import { openPredictor, type PredictorName } from "../predictors/mod.ts";
import type { SearchSpace } from "../space.ts";
import { kendall, mean, pearson, spearman } from "./statistics.ts";

/** Results of one seed, under the names of the published files. */
export interface Regression {
  pearson: number;
  spearman: number;
  kendalltau: number;
  /** Mean negative log likelihood of a test value under its own Gaussian, noise included. */
  nll: number;
  y_pred: number[];
  y_test: number[];
}

export interface RegressionOptions {
  space: SearchSpace<unknown>;
  archs: readonly unknown[];
  /** Losses in the order of `archs`. */
  targets: Float64Array;
  predictor: PredictorName;
  trainSize: number;
  testSize: number;
}

/**
 * Fits one training set and predicts its test set. They overlap where the pool is too small, as published.
 * @throws UsageError where the pool has fewer architectures than the training set.
 */
export function regression(options: RegressionOptions, seed: number): Regression {
  const { space, archs, targets, trainSize, testSize } = options;
  if (trainSize > archs.length || archs.length < 3) {
    throw new UsageError(
      `Cannot fit ${trainSize} architectures: the searches have ${archs.length} with a result, ` +
        `expected at least as many; run longer searches or give a smaller --n_train`,
    );
  }
  const order = [...new Rng(seed, salted(Stream.search, 4)).permutation(archs.length)];
  const trained = order.slice(0, trainSize), held = order.slice(-testSize);
  const of = (indices: readonly number[]) => Float64Array.from(indices, (i) => targets[i]);
  const predictor = openPredictor(options.predictor, { space });
  predictor.fit(
    trained.map((i) => archs[i]),
    of(trained),
    new Rng(seed, salted(Stream.search, 5), trainSize),
  );
  const predicted = predictor.predict(held.map((i) => archs[i]));
  const truth = of(held);
  return {
    pearson: pearson(predicted.mean, truth),
    spearman: spearman(predicted.mean, truth),
    kendalltau: kendall(predicted.mean, truth),
    nll: negativeLogLikelihood(truth, predicted.mean, predicted.deviation),
    y_pred: [...predicted.mean],
    y_test: [...truth],
  };
}

/** Mean over all values of −log N(y; μ, s²). */
export const negativeLogLikelihood = (
  y: Float64Array,
  mu: Float64Array,
  s: Float64Array,
): number =>
  mean(
    y.map((value, i) =>
      0.5 * Math.log(2 * Math.PI * s[i] ** 2) + (value - mu[i]) ** 2 / (2 * s[i] ** 2)
    ),
  );
