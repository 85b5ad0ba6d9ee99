/** Evaluation by a table of results: its settings, and what a search says of it. */
import { z } from "zod";
import { UsageError } from "../../common/errors.ts";
import { defineEvaluator } from "../definition.ts";
import { nameText, pathText } from "../config/limits.ts";
import type { Metric } from "../tables/table.ts";

const settings = z.strictObject({
  /** File of the table. */
  table: pathText.default(""),
  /** Data set of the table, the column that is maximised (`-name`: minimised), the one reported; "" = the table's. */
  dataset: nameText.default(""),
  objective: nameText.default(""),
  report: nameText.default(""),
  /** Where a table has several trainings of an architecture: their mean, or one of them at random. */
  runs: z.enum(["mean", "one"]).default("mean"),
});
export type TableSettings = z.output<typeof settings>;

/** Unit of the scores that a column gives. */
const unitOf = ({ unit }: Metric): string => unit === "%" ? "fraction" : unit;

/** Data sets of tables that can be had here. */
const available = ["cifar10", "cifar100"];

export const tableDefinition = defineEvaluator({
  name: "table",
  summary: "a table of results that others measured, without any training",
  settings,
  cost: "lookup",
  needsDevice: false,
  // A table is asked as often as its literature does; scores do not change, so that nothing is drawn at the end.
  loop: { epochs: 1, rounds: 150, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  async open(given, { config, space, gpu, io: { cacheDir, signal } }) {
    if (given.table === "") {
      throw new UsageError("Cannot search on a table: none is named; name its file with --table");
    }
    // Tables are read from files: only a host that asks for one loads their readers.
    const [{ TableEvaluator }, tables] = await Promise.all([
      import("./table_evaluator.ts"),
      import("../tables/mod.ts"),
    ]);
    const { indexIn, metricOf, objectiveOf, openTable, requireSpace, scoresOf } = tables;
    const table = await openTable(given.table, { space, cacheDir, signal });
    requireSpace(table, space.name);
    const evaluator = new TableEvaluator(space, table, given, config.seed);
    const { task, objective, report } = evaluator.roles;
    const maximised = `${metricOf(table, objective.replace(/^-/, "")).label} (${objective})`;
    const reported = `${report.label} (${report.name})`;
    return {
      evaluator,
      target: task,
      arch: {
        input: [...task.input],
        classes: task.classes,
        ...available.includes(task.dataset) && { data: task.dataset },
      },
      scoreKind: "table",
      score: {
        label: maximised,
        unit: unitOf(metricOf(table, objective.replace(/^-/, ""))),
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
