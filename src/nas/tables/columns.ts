/** Opens the columns of a table that a search uses. */
import {
  fidelitiesOf,
  type Metric,
  metricOf,
  objectiveOf,
  parametersOf,
  scoreFactor,
  scoresOf,
  shorterScores,
  type Table,
  taskOf,
} from "./table.ts";

/** Columns that the searches on one data set of a table maximise and report. */
export interface TableColumns {
  table: Table;
  dataset: string;
  /** Name of the column, with a minus if it is minimised. */
  objective: string;
  report: Metric;
  /** Scores of the architectures by index: the mean, and one column per training that a query may get. */
  mean: Float64Array;
  runs: Float64Array[];
  /** Scores after shorter trainings, by epochs; then all available training lengths in epochs, ascending. */
  shorter: ReadonlyMap<number, Float64Array>;
  fidelities: readonly number[];
  input: readonly [number, number, number];
  classes: number;
  /** Values of the report column in its own unit. */
  reports: Float64Array;
  /** Parameters of the architectures, if the table has them. */
  parameters: Float64Array | null;
  /** Factor that converts the objective's own unit to a score. */
  factor: number;
}

/**
 * Opens the columns of one data set of a table.
 * @throws UsageError listing the columns or data sets that the table has.
 */
export function openColumns(
  table: Table,
  names: { dataset: string; objective: string; report: string },
): TableColumns {
  const task = taskOf(table, names.dataset);
  const objective = objectiveOf(table, names.objective || task.objective);
  const { metric, minimise } = objective;
  const shorter = shorterScores(table, objective);
  const report = metricOf(table, names.report || task.report);
  const mean = scoresOf(table, { metric, minimise });
  return {
    table,
    dataset: task.dataset,
    objective: `${minimise ? "-" : ""}${metric.name}`,
    report,
    mean,
    runs:
      metric.runs?.map((name) => scoresOf(table, { metric: metricOf(table, name), minimise })) ??
        [mean],
    shorter,
    fidelities: fidelitiesOf(objective, shorter),
    input: task.input,
    classes: task.classes,
    reports: table.column(report.name),
    parameters: parametersOf(table),
    factor: scoreFactor(objective),
  };
}
