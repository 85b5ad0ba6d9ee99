/** From accuracies to errors, which figures show: they come closer to zero. */
import type { Metric } from "../tables/table.ts";

/** In per cent; null where a metric is no accuracy. */
export function lossOf({ unit }: Pick<Metric, "unit">): ((value: number) => number) | null {
  if (unit === "%") return (value) => 100 - value;
  if (unit === "fraction") return (value) => 100 * (1 - value);
  return null;
}
