/** Running statistics of a batch norm as it applies them. */
import type { BatchNormOptions } from "../ops/batch_norm.ts";

/**
 * Mean and variance from a norm's state [means, variances, updates]. Averages that started at 0 (`debias`)
 * are divided by 1 − decay^updates. Before their first update they are 0 and 1.
 */
export function settledStatistics(
  running: Float32Array,
  { debias, decay }: Pick<BatchNormOptions, "debias" | "decay">,
): { mean: Float32Array; variance: Float32Array } {
  const c = (running.length - 1) / 2;
  const updates = running[2 * c];
  const mean = running.slice(0, c), variance = running.slice(c, 2 * c);
  if (!debias) return { mean, variance };
  if (updates === 0) return { mean: mean.fill(0), variance: variance.fill(1) };
  const seen = 1 - decay ** updates;
  return { mean: mean.map((v) => v / seen), variance: variance.map((v) => v / seen) };
}
