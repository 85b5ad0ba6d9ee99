/** Targets with mean 0 and deviation 1: what predictors learn, whatever the unit of a loss is. */
import { mean, variance } from "../statistics.ts";

export interface Standard {
  mean: number;
  deviation: number;
}

/** @param targets at least one; equal targets keep their unit. */
export function standardise(targets: Float64Array): { values: Float64Array; by: Standard } {
  const by = { mean: mean(targets), deviation: Math.sqrt(variance(targets)) || 1 };
  return { values: targets.map((t) => (t - by.mean) / by.deviation), by };
}
