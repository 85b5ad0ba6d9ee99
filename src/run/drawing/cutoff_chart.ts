/**
 * Chart of the loss at the end of searches against the length of the truncated encoding that they perturb by.
 */
import type { Algorithm, Study } from "../../nas/study/definition.ts";
import { asLoss, type TaskSummary } from "../../nas/study/summary.ts";
import type { Chart, Point, Series } from "./chart.ts";
import { curveColours } from "./colours.ts";
import { bestInTable, lossName, shortNumber } from "./study_axis.ts";

/** Length of a search's truncated encoding; null when it is not truncated. */
const cutoffOf = ({ encoding }: Algorithm): number | null =>
  encoding.pathCutoff ?? encoding.edgeCutoff ?? null;

/** Lengths of a study's truncated encodings, ascending, each once. */
export const cutoffsOf = ({ algorithms }: Study): number[] =>
  [...new Set(algorithms.map(cutoffOf).filter((cutoff) => cutoff !== null))].sort((a, b) => a - b);

/** One series per strategy and encoding. */
export function cutoffChart({ task, at, curves }: TaskSummary, study: Study): Chart {
  const ends = curves.flatMap(({ algorithm, points }) => {
    const one = study.algorithms.find(({ name }) => name === algorithm)!;
    const cutoff = cutoffOf(one);
    const loss = asLoss(task, points[points.length - 1]);
    return cutoff === null
      ? []
      : [{ name: `${one.strategy} ${one.encoding.perturb}`, cutoff, loss }];
  }).sort((a, b) => a.cutoff - b.cutoff);
  const series = [...Map.groupBy(ends, ({ name }) => name)].map(([name, own], i): Series => ({
    name,
    ...curveColours(i),
    points: own.map(({ cutoff, loss }): Point => [cutoff, loss.mean]),
    band: own.map(({ loss }) => loss.halfWidth),
  }));
  const all = cutoffsOf(study);
  return {
    title: `after ${at[at.length - 1]} queries: ${lossName(task)}`,
    series: [...series, bestInTable(task, [all[0], all[all.length - 1]])],
    format: shortNumber,
    height: 260,
  };
}
