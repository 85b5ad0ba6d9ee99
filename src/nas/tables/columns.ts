/** The columns of a table that a search is about, opened. */
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

/** What searches on one data set of a table maximise, and what is noted of them. */
export interface TableColumns {
  table: Table;
  dataset: string;
  /** With a minus where it is minimised. */
  objective: string;
  report: Metric;
  /** Score of each architecture by index; one column per training that a query may get. */
  mean: Float64Array;
  runs: Float64Array[];
  /** Scores after shorter trainings by their epochs, and all epochs that can be asked for, ascending. */
  shorter: ReadonlyMap<number, Float64Array>;
  fidelities: readonly number[];
  input: readonly [number, number, number];
  classes: number;
  /** The report column, in its own unit. */
  reports: Float64Array;
  /** Numbers of parameters, where the table has them. */
  parameters: Float64Array | null;
  /** Factor from a value of the objective in its own unit to a score. */
  factor: number;
}

/** @throws UsageError naming the columns or data sets that the table has. */
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
