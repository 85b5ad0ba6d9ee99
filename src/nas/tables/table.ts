/**
 * Tabular benchmarks: published results of trained architectures. A search on a table trains nothing. A query
 * is a look-up by key and an array access, so that thousands of searches take seconds.
 */
import { UsageError } from "../../common/errors.ts";

/** Metadata of a column. */
export interface Metric {
  /** Name of the column. */
  name: string;
  /** Description: quantity measured, data set, amount of training. */
  label: string;
  unit: "%" | "fraction" | "s" | "M" | "";
  /** Name of the data set, for metrics of one. */
  dataset?: string;
  split?: "train" | "valid" | "test";
  /** Epochs of training behind the value (the fidelity). */
  epochs?: number;
  /** Columns of the single trainings averaged in this value. */
  runs?: readonly string[];
  /** Set where the column counts trainable parameters. */
  counts?: "parameters";
}

/** Task of a table: one data set, with the columns that a search uses by default. */
export interface TableTask {
  dataset: string;
  /** Height, width, channels of an image. */
  input: readonly [number, number, number];
  classes: number;
  /** Column that a search maximises. */
  objective: string;
  /** Column that measures the winner; no search sees it. */
  report: string;
}

/** An open table: architectures by index, with one column of values per metric. `close` it after use. */
export interface Table {
  /** Name of the file. */
  readonly name: string;
  /** Name of the search space. */
  readonly space: string;
  /** Number of architectures; indices are 0 … size − 1. */
  readonly size: number;
  readonly metrics: readonly Metric[];
  /** Tasks, one per data set, the default first. */
  readonly tasks: readonly TableTask[];
  /**
   * Index of the architecture with this key of the space (`SearchSpace.key`); −1 when it is not in the table.
   */
  indexOf(key: string): number;
  /** The key of an architecture. */
  key(index: number): string;
  /** The choices of an architecture, as its space encodes it. */
  choice(index: number): number[];
  /** All values of a metric by index. @throws UsageError naming the known metrics. */
  column(metric: string): Float64Array;
  close(): void;
}

/** A column and its direction. As text, `name` is maximised, `-name` minimised. */
export interface Objective {
  metric: Metric;
  minimise: boolean;
}

/** Finds a metric by name. @throws UsageError naming the known metrics. */
export function metricOf(table: Table, name: string): Metric {
  const metric = table.metrics.find((m) => m.name === name) ??
    table.metrics.flatMap((m) => m.runs?.includes(name) ? [runMetric(m, name)] : [])[0];
  if (metric) return metric;
  throw new UsageError(
    `Cannot use metric ${JSON.stringify(name)} of table ${table.name}: expected one of ${
      table.metrics.map((m) => m.name).join(", ")
    }`,
  );
}

function runMetric(mean: Metric, name: string): Metric {
  const run = mean.runs!.indexOf(name) + 1;
  return { ...mean, name, label: `${mean.label}, training ${run}`, runs: undefined };
}

/** Parses `name` or `-name`. @throws UsageError naming the known metrics. */
export function objectiveOf(table: Table, text: string): Objective {
  const minimise = text.startsWith("-");
  return { metric: metricOf(table, minimise ? text.slice(1) : text), minimise };
}

/** Factor that converts a value to the fraction that scores use. */
export const toFraction = ({ unit }: Metric): number => unit === "%" ? 0.01 : 1;

/** Factor that converts a value in its own unit to a score. */
export const scoreFactor = ({ metric, minimise }: Objective): number =>
  toFraction(metric) * (minimise ? -1 : 1);

/** Number of trainable parameters by index; null when no column has it. */
export function parametersOf(table: Table): Float64Array | null {
  const metric = table.metrics.find(({ counts }) => counts === "parameters");
  if (!metric) return null;
  const column = table.column(metric.name);
  return metric.unit === "M" ? column.map((millions) => Math.round(1e6 * millions)) : column;
}

/** Scores by index, larger is better; accuracies as fractions. */
export function scoresOf(table: Table, objective: Objective): Float64Array {
  const factor = scoreFactor(objective);
  const column = table.column(objective.metric.name);
  return factor === 1 ? column : column.map((v) => v * factor);
}

/** Scores of the same objective after shorter trainings, keyed by epochs, ascending. */
export function shorterScores(
  table: Table,
  { metric, minimise }: Objective,
): Map<number, Float64Array> {
  const shorter = table.metrics.filter((m) =>
    m.dataset === metric.dataset && m.split === metric.split && m.unit === metric.unit &&
    m.epochs !== undefined && m.epochs < (metric.epochs ?? 0)
  ).sort((a, b) => a.epochs! - b.epochs!);
  return new Map(shorter.map((m) => [m.epochs!, scoresOf(table, { metric: m, minimise })]));
}

/**
 * Training lengths, in epochs, for which the table has the objective; ascending. Empty when it gives none.
 */
export const fidelitiesOf = (
  { metric }: Objective,
  shorter: ReadonlyMap<number, Float64Array>,
): number[] => [...shorter.keys(), ...metric.epochs === undefined ? [] : [metric.epochs]];

/** The task of a data set, by default the table's first. @throws UsageError naming the known data sets. */
export function taskOf(table: Table, dataset?: string): TableTask {
  const task = dataset === undefined || dataset === ""
    ? table.tasks[0]
    : table.tasks.find((t) => t.dataset === dataset);
  if (task) return task;
  throw new UsageError(
    `Cannot use data set ${JSON.stringify(dataset)} of table ${table.name}: expected one of ${
      table.tasks.map((t) => t.dataset).join(", ")
    }`,
  );
}

/** Throws a UsageError unless the table belongs to this space. */
export function requireSpace(table: Table, space: string): void {
  if (table.space !== space) {
    throw new UsageError(
      `Cannot use table ${table.name} in space ${space}: it is of space ${table.space}; ` +
        `try --mode ${table.space}`,
    );
  }
}

/** Index of an architecture that must be in the table. @throws UsageError naming it. */
export function indexIn(table: Table, key: string): number {
  const index = table.indexOf(key);
  if (index < 0) {
    throw new UsageError(
      `Cannot find ${key} in table ${table.name}: it is not one of its ${table.size} architectures`,
    );
  }
  return index;
}
