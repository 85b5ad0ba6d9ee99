/** The curves of a study: the loss of the best architecture so far against the number of queries. */
import { asLoss, summariseStudy, type TaskSummary } from "../../nas/study/summary.ts";
import { lossOf } from "../../nas/study/loss.ts";
import type { StudyRecords, TaskHead } from "../../nas/study/records.ts";
import { type Chart, chartWidth, drawChart, type Point, type Series } from "./chart.ts";
import { curveColours } from "./colours.ts";
import { document, faint, n, text } from "./svg.ts";

const margin = 24;
/** One SVG, a chart per table and data set. */
export function plotStudy(records: StudyRecords): string {
  const { study, at } = records.head;
  const parts = [
    text(margin, margin + 14, study.name, { size: 17, bold: true }),
    text(margin, margin + 34, caption(records), { fill: faint }),
  ];
  let y = margin + 56;
  for (const summary of summariseStudy(records)) {
    const { height, body } = drawChart(chartOf(summary), [0, at.at(-1)!]);
    parts.push(`<g class="chart" transform="translate(${margin} ${n(y)})">`, body, "</g>");
    y += height;
  }
  parts.push(text(margin + 68, y + 6, "queries", { size: 11, fill: faint }));
  return document({ width: chartWidth + 2 * margin, height: y + margin, body: parts.join("\n") });
}

/** How many trials there are, and what a band is. */
export function caption({ head, trials }: StudyRecords): string {
  const counts = summariseStudy({ head, trials })
    .flatMap(({ curves }) => curves.map(({ points }) => points[0].n));
  if (counts.length === 0) return "no trial is finished";
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const number = least === most ? `${most}` : `${least} to ${most}`;
  return `mean over ${number} trial${
    number === "1" ? "" : "s"
  }; band: where the mean lies with 95 %`;
}

/** What is on the y axis. */
export function lossName(task: TaskHead): string {
  const name = lossOf(task) ? `${task.label.replace(/\baccuracy\b/, "error")} (%)` : task.label;
  return `${name}, ${task.table}`;
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
  const best = lossOf(task)?.(task.best) ?? task.best;
  series.push({
    name: "best in the table",
    colour: "#9ca3af",
    dashed: true,
    points: [[0, best], [at.at(-1)!, best]],
  });
  const format = (value: number) => String(Number(value.toPrecision(4)));
  return { title: lossName(task), series, format, height: Math.max(260, 17 * series.length) };
}
