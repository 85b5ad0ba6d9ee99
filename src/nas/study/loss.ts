/** Converts accuracies to errors for figures. */
import type { Metric } from "../tables/table.ts";

/** Function from a value to the error in per cent; null for a metric that is not an accuracy. */
export function lossOf({ unit }: Pick<Metric, "unit">): ((value: number) => number) | null {
  if (unit === "%") return (value) => 100 - value;
  if (unit === "fraction") return (value) => 100 * (1 - value);
  return null;
}
