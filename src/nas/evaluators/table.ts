/** Evaluation by a table of results: its definition and settings. */
import * as z from "zod";
import { UsageError } from "../../common/errors.ts";
import { defineEvaluator } from "../definition.ts";
import { asOption } from "../config/as_option.ts";
import { nameText, pathText } from "../config/limits.ts";
import type { Metric } from "../tables/table.ts";

const settings = z.strictObject({
  table: pathText.default("").meta(
    asOption("search on this table of results, see denas table", { isFile: true }),
  ),
  // Empty names stand for the table's defaults.
  dataset: nameText.default("").meta(
    asOption("data set of the table, where it has several", { option: "tableDataset" }),
  ),
  objective: nameText.default("").meta(
    asOption("column of the table to maximise; -metric: to minimise"),
  ),
  report: nameText.default("").meta(
    asOption("column of the table that says how good the winner is"),
  ),
  /** Score of an architecture trained several times: the mean, or one training at random. */
  runs: z.enum(["mean", "one"]).default("mean"),
});
export type TableSettings = z.output<typeof settings>;

/** Unit of the scores from a column. */
const unitOf = ({ unit }: Metric): string => unit === "%" ? "fraction" : unit;

/** Data sets of the tables that denas can load too. */
const available = ["cifar10", "cifar100"];

export const tableDefinition = defineEvaluator({
  name: "table",
  summary: "a table of results that others measured, without any training",
  settings,
  cost: "lookup",
  needsDevice: false,
  // 150 queries as in the literature. Scores do not change, so that nothing is sampled at the end.
  loop: { epochs: 1, rounds: 150, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  async open(given, { config, space, gpu, io: { cacheDir, signal } }) {
    if (given.table === "") {
      throw new UsageError("Cannot search on a table: none is named; name its file with --table");
    }
    // Imported here, so that only searches on tables load the readers of table files.
    const [{ TableEvaluator }, tables] = await Promise.all([
      import("./table_evaluator.ts"),
      import("../tables/mod.ts"),
    ]);
    const { indexIn, objectiveOf, openColumns, openTable, requireSpace, scoresOf } = tables;
    const table = await openTable(given.table, { space, cacheDir, signal });
    requireSpace(table, space.name);
    const columns = openColumns(table, given);
    const evaluator = new TableEvaluator(space, columns, given.runs, config.seed);
    const { dataset, input, classes, objective, report } = columns;
    const { metric } = objectiveOf(table, objective);
    const maximised = `${metric.label} (${objective})`;
    const reported = `${report.label} (${report.name})`;
    return {
      evaluator,
      target: { input, classes },
      arch: {
        input: [...input],
        classes,
        ...available.includes(dataset) && { data: dataset },
      },
      scoreKind: "table",
      score: {
        label: maximised,
        unit: unitOf(metric),
        comparable: true,
      },
      unfit: evaluator.worst,
      column(name) {
        const scores = scoresOf(table, objectiveOf(table, name));
        return (arch) => scores[indexIn(table, space.key(arch))];
      },
      report: (arch) => ({
        objective: maximised,
        metric: reported,
        value: evaluator.report(arch),
        unit: unitOf(report),
      }),
      figures: () => ({ step: 0, trainedImages: 0, peakBytes: gpu?.counters.bufferBytes ?? 0 }),
      start: {
        table: { name: table.name, size: table.size, objective: maximised, report: reported },
      },
    };
  },
});
