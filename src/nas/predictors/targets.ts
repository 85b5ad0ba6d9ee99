/**
 * Standardised targets, with mean 0 and deviation 1: predictors learn these whatever the unit of a loss is.
 */
import { mean, variance } from "../analysis/statistics.ts";

export interface Standard {
  mean: number;
  deviation: number;
}

/** Standardises targets. @param targets at least one; equal targets keep their unit. */
export function standardise(targets: Float64Array): { values: Float64Array; by: Standard } {
  const by = { mean: mean(targets), deviation: Math.sqrt(variance(targets)) || 1 };
  return { values: targets.map((t) => (t - by.mean) / by.deviation), by };
}

/** Lower bound of errors, so that an accuracy of 1 has a logarithm too. */
const LEAST = 1e-4;

/** Whether scores are accuracies, as fractions. */
export const areAccuracies = (scores: Float64Array): boolean =>
  scores.every((score) => score >= 0 && score <= 1);

/** Errors in per cent. Scores that are not accuracies become losses with mean 0 and deviation 1. */
export const percentErrors = (scores: Float64Array): Float64Array =>
  areAccuracies(scores)
    ? scores.map((score) => 100 * (1 - score))
    : standardise(scores.map((score) => -score)).values;

/**
 * Logarithms of errors 1 − score, so that differences among the best count as much as those among the worst.
 * Scores outside 0 … 1 are not accuracies and are only negated.
 */
export function logErrors(scores: Float64Array): Float64Array {
  const accuracies = areAccuracies(scores);
  return scores.map((score) => accuracies ? Math.log(Math.max(LEAST, 1 - score)) : -score);
}

/** Clipping bound: this many times the distance from the best loss to the median, above the median. */
const FAR = 2;

/**
 * Clips losses far above the median to one bound. How bad a broken network is says nothing about good ones,
 * but would dominate what a predictor has to explain.
 */
export function clipLosses(losses: Float64Array): Float64Array {
  const best = losses.reduce((a, b) => Math.min(a, b));
  const middle = losses.toSorted()[losses.length >> 1];
  const bound = middle > best ? middle + FAR * (middle - best) : Infinity;
  return losses.map((loss) => Math.min(loss, bound));
}
