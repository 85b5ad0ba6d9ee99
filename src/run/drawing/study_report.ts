/** A study as one self-contained HTML file: figures, tables, and the algorithms run. */
import { lossOf } from "../../nas/study/loss.ts";
import type { StudyRecords } from "../../nas/study/records.ts";
import {
  asLoss,
  someOf,
  summariseStudy,
  type TaskSummary,
  trialsText,
} from "../../nas/study/summary.ts";
import { lossName } from "./study_axis.ts";
import { plotStudy } from "./study_plot.ts";
import { escape } from "./svg.ts";

export function reportStudy(records: StudyRecords): string {
  const { study } = records.head;
  // An XML declaration is not allowed inside HTML.
  const figure = plotStudy(records).replace(/^<\?xml[^>]*\?>\n/, "");
  return page(
    study.name,
    [
      `<h1>${escape(study.name)}</h1>`,
      `<figure>${figure}</figure>`,
      ...summariseStudy(records).map(resultTable),
      "<h2>What was run</h2>",
      `<p>${study.queries} queries per search, seeds from ${study.seed}; trial <i>i</i> of each ` +
      "algorithm has the same seed. A query is one architecture looked up in the table.</p>",
      tasksTable(records),
      algorithmsTable(records),
      ...failedTable(records),
    ].join("\n"),
  );
}

const page = (title: string, body: string) =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>
body { font: 15px/1.5 Arimo, Arial, Helvetica, sans-serif; color: #1f2937; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
figure { margin: 0; overflow-x: auto } svg { max-width: 100%; height: auto }
table { border-collapse: collapse; margin: 1rem 0 } caption { text-align: left; font-weight: bold; padding: .3rem 0 }
th, td { padding: .25rem .8rem; border-bottom: 1px solid #d1d5db; text-align: left; vertical-align: top }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
code { font-size: .9em; overflow-wrap: anywhere }
</style>
</head>
<body>
${body}
</body>
</html>
`;

const row = (cells: readonly string[], numbersFrom: number, cell: "td" | "th" = "td") =>
  `<tr>${
    cells.map((text, i) => `<${cell}${i >= numbersFrom ? ' class="number"' : ""}>${text}</${cell}>`)
      .join("")
  }</tr>`;

const tableOf = (caption: string, head: string[], rows: string[][], numbersFrom = Infinity) =>
  `<table><caption>${escape(caption)}</caption><thead>${row(head, numbersFrom, "th")}</thead><tbody>
${rows.map((cells) => row(cells, numbersFrom)).join("\n")}
</tbody></table>`;

function resultTable({ task, at, curves }: TaskSummary): string {
  const shown = someOf(at);
  const best = lossOf(task)?.(task.best) ?? task.best;
  return tableOf(
    `${lossName(task)}: mean ± deviation; the best in the table has ${short(best)}`,
    ["algorithm", "trials", ...shown.map((i) => `${at[i]} queries`), "seconds per search"],
    curves.map(({ algorithm, points, seconds, failed }) => [
      escape(algorithm),
      trialsText(points[0].n, failed),
      ...shown.map((i) => {
        const { n, mean, deviation } = asLoss(task, points[i]);
        return n < 2 ? short(mean) : `${short(mean)} ± ${short(deviation)}`;
      }),
      String(Number(seconds.toPrecision(2))),
    ]),
    1,
  );
}

const short = (value: number) => value.toFixed(3);

const tasksTable = ({ head }: StudyRecords) =>
  tableOf(
    "Tables",
    ["file", "space", "data set", "architectures", "maximised", "reported"],
    head.tasks.map(({ table, space, dataset, size, objective, report, label }) =>
      [table, space, dataset, String(size), objective, `${report}: ${label}`].map(escape)
    ),
  );

const algorithmsTable = ({ head }: StudyRecords) =>
  tableOf(
    "Algorithms",
    ["name", "strategy", "encodings", "settings"],
    head.study.algorithms.map(({ name, strategy, encoding, settings }) => [
      escape(name),
      escape(strategy),
      `<code>${escape(words(encoding))}</code>`,
      `<code>${escape(words(settings))}</code>`,
    ]),
  );

const failedTable = ({ head, failed }: StudyRecords) =>
  failed.length === 0 ? [] : [tableOf(
    "Trials that failed",
    ["algorithm", "table", "seed", "reason"],
    failed.map(({ algorithm, task, seed, reason }) =>
      [
        head.study.algorithms[algorithm].name,
        `${head.tasks[task].table} ${head.tasks[task].dataset}`,
        String(seed),
        reason,
      ].map(escape)
    ),
  )];

const words = (values: Record<string, unknown>) =>
  Object.entries(values).filter(([, value]) => value !== "" && value !== false)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
