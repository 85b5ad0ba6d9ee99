/** Curves of a study: the loss of the best architecture so far against the number of queries. */
import { asLoss, summariseStudy, type TaskSummary } from "../../nas/study/summary.ts";
import type { StudyRecords } from "../../nas/study/records.ts";
import { cutoffChart, cutoffsOf } from "./cutoff_chart.ts";
import { type Chart, chartWidth, drawChart, type Point, type Series } from "./chart.ts";
import { curveColours } from "./colours.ts";
import { bestInTable, lossName, shortNumber } from "./study_axis.ts";
import { document, faint, n, text } from "./svg.ts";

const margin = 24;
/** Draws one SVG with a chart per table and data set. */
export function plotStudy(records: StudyRecords): string {
  const { study, at } = records.head;
  const summaries = summariseStudy(records);
  const parts = [
    text(margin, margin + 14, study.name, { size: 17, bold: true }),
    text(margin, margin + 34, caption(records), { fill: faint }),
  ];
  let y = margin + 56;
  const add = (charts: readonly Chart[], x: readonly [number, number], name: string) => {
    for (const chart of charts) {
      const { height, body } = drawChart(chart, x);
      parts.push(`<g class="chart" transform="translate(${margin} ${n(y)})">`, body, "</g>");
      y += height;
    }
    parts.push(text(margin + 68, y + 6, name, { size: 11, fill: faint }));
  };
  add(summaries.map(chartOf), [0, at.at(-1)!], "queries");
  const cutoffs = cutoffsOf(study);
  if (cutoffs.length > 1) {
    y += margin;
    const charts = summaries.map((summary) => cutoffChart(summary, study));
    add(charts, [cutoffs[0], cutoffs.at(-1)!], "length of the truncated encoding");
  }
  return document({ width: chartWidth + 2 * margin, height: y + margin, body: parts.join("\n") });
}

/** Number of trials, and meaning of a band. */
export function caption(records: StudyRecords): string {
  const counts = summariseStudy(records)
    .flatMap(({ curves }) => curves.map(({ points }) => points[0].n));
  if (counts.length === 0) return "no trial is finished";
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const number = least === most ? `${most}` : `${least} to ${most}`;
  return `mean over ${number} trial${
    number === "1" ? "" : "s"
  }; band: where the mean lies with 95 %`;
}

function chartOf({ task, at, curves }: TaskSummary): Chart {
  const series = curves.map(({ algorithm, points }, i): Series => {
    const losses = points.map((point) => asLoss(task, point));
    return {
      name: algorithm,
      ...curveColours(i),
      points: losses.map(({ mean }, k): Point => [at[k], mean]),
      band: losses.map(({ halfWidth }) => halfWidth),
    };
  });
  series.push(bestInTable(task, [0, at.at(-1)!]));
  const height = Math.max(260, 17 * series.length);
  return { title: lossName(task), series, format: shortNumber, height };
}
