/** Targets with mean 0 and deviation 1: what predictors learn, whatever the unit of a loss is. */
import { mean, variance } from "../analysis/statistics.ts";

export interface Standard {
  mean: number;
  deviation: number;
}

/** @param targets at least one; equal targets keep their unit. */
export function standardise(targets: Float64Array): { values: Float64Array; by: Standard } {
  const by = { mean: mean(targets), deviation: Math.sqrt(variance(targets)) || 1 };
  return { values: targets.map((t) => (t - by.mean) / by.deviation), by };
}

/** Errors below this count as this: an accuracy of 1 has a logarithm too. */
const LEAST = 1e-4;

/** Whether scores are accuracies, as fractions. */
export const areAccuracies = (scores: Float64Array): boolean =>
  scores.every((score) => score >= 0 && score <= 1);

/** Errors in per cent; scores that are no accuracies as losses with mean 0 and deviation 1. */
export const percentErrors = (scores: Float64Array): Float64Array =>
  areAccuracies(scores)
    ? scores.map((score) => 100 * (1 - score))
    : standardise(scores.map((score) => -score)).values;

/**
 * Logarithms of errors 1 − score, so that differences among the best count as much as those among the worst;
 * scores beyond 0 … 1 are no accuracies: their negatives as they are.
 */
export function logErrors(scores: Float64Array): Float64Array {
  const accuracies = areAccuracies(scores);
  return scores.map((score) => accuracies ? Math.log(Math.max(LEAST, 1 - score)) : -score);
}

/** Distances from the best to the median, beyond the median, from which on losses are clipped. */
const FAR = 2;

/**
 * Losses far above the median, each as the same bound: how bad a broken network is says nothing about good ones,
 * and would be most of what a predictor explains.
 */
export function clipLosses(losses: Float64Array): Float64Array {
  const best = losses.reduce((a, b) => Math.min(a, b));
  const middle = losses.toSorted()[losses.length >> 1];
  const bound = middle > best ? middle + FAR * (middle - best) : Infinity;
  return losses.map((loss) => Math.min(loss, bound));
}
