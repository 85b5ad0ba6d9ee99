/**
 * Comparison of runs: groups that differ only in their seeds, mean and deviation of each, and their
 * differences.
 */
import {
  type Difference,
  mean,
  permutationTest,
  summarise,
  type Summary,
  welch,
} from "../nas/analysis/statistics.ts";
import type { ReadRun } from "./read_run.ts";

/** Meaning of a figure; see the texts in `metricMeaning`. */
export type Metric = "sharedWeights" | "shortTraining" | "score" | "table" | "validation" | "test";

export const metricMeaning: Record<Metric, string> = {
  sharedWeights:
    "accuracy of the winner on validation images with the shared weights of its search: " +
    "it ranks architectures within one search and is no network's own accuracy",
  shortTraining: "accuracy of the winner on validation images after a short training",
  score: "the winner's score by the search's evaluator",
  table: "what the table says of the winner in the column that no strategy saw",
  validation: "accuracy on validation images, which may have been looked at on the way",
  test: "accuracy on the test images, which are read once, at the end",
};

export interface Group {
  label: string;
  command: "search" | "retrain";
  space: string;
  /** Origin of the architecture: a strategy, `baseline` for a hand-made one, `given` when unknown. */
  strategy: string;
  runs: ReadRun[];
  seeds: number[];
  metrics: Partial<Record<Metric, { values: number[]; summary: Summary }>>;
  /** Unit of the metrics: `fraction` is shown as per cent. */
  unit: string;
  /** Means over the runs. */
  parameters: number;
  trainedImages: number;
  queries: number;
}

/** Two groups, compared by the most informative metric that both have. */
export interface Pair {
  a: Group;
  b: Group;
  metric: Metric;
  /** Significance level: 0.05 over the number of its kind's pairs (Bonferroni). */
  level: number;
  /** Welch's test, with the confidence interval of that level. */
  welch: Difference;
  /** p of a permutation test: two-sided, without assumptions on the distribution. */
  permutationP: number;
  outcome: "too few" | "not shown" | "a" | "b";
}

export interface Comparison {
  groups: Group[];
  pairs: Pair[];
  /** Runs that were left out, and why. */
  notes: string[];
}

/** Groups with fewer seeds than this are not tested. */
export const FEWEST_SEEDS = 3;

export function compareRuns(runs: readonly ReadRun[]): Comparison {
  const notes: string[] = [];
  const groups: Group[] = [];
  for (const kind of Map.groupBy(usable(runs, notes), kindOf).values()) {
    const differing = differingSettings(kind);
    const labelled = Map.groupBy(kind, (run) => label(run, differing));
    for (const [name, members] of labelled) groups.push(makeGroup(name, distinct(members, notes)));
  }
  const kinds = [...Map.groupBy(groups, (group) => kindOf(group.runs[0])).values()];
  return { groups, pairs: kinds.flatMap(pairsOf), notes };
}

function usable(runs: readonly ReadRun[], notes: string[]): ReadRun[] {
  return runs.filter((run) => {
    if (run.done) return true;
    notes.push(`${run.name} is ${run.state.status}, not done: left out`);
    return false;
  });
}

/**
 * Drops repeated runs. The same settings, seed and architecture give the same figures, so a repeat is no
 * second observation.
 */
function distinct(runs: ReadRun[], notes: string[]): ReadRun[] {
  const first = new Map<string, ReadRun>();
  return runs.filter((run) => {
    const key = `${run.config.seed} ${run.arch?.choice ?? ""}`;
    const same = first.get(key);
    if (same) notes.push(`${run.name} repeats ${same.name} (seed ${run.config.seed}): left out`);
    else first.set(key, run);
    return !same;
  });
}

function makeGroup(label: string, runs: ReadRun[]): Group {
  const [{ command }] = runs;
  const metrics: Group["metrics"] = {};
  for (const [metric, valueOf] of measured(runs[0])) {
    const values = runs.map(valueOf).filter((v) => v !== undefined);
    if (values.length === runs.length) metrics[metric] = { values, summary: summarise(values) };
  }
  return {
    label,
    command,
    space: spaceOf(runs[0]),
    strategy: strategyOf(runs[0]),
    runs,
    seeds: runs.map((r) => r.config.seed),
    metrics,
    unit: unitOf(runs[0]),
    parameters: mean(runs.map((r) => r.start?.parameters ?? NaN)),
    trainedImages: mean(runs.map((r) => r.done!.trainedImages)),
    queries: mean(runs.map((r) => r.done!.queries)),
  };
}

/** Unit of a run's scores. Older runs name none; all of them measured fractions. */
function unitOf({ command, start, done }: ReadRun): string {
  if (command === "retrain") return "fraction";
  return (done!.report ? done!.report.unit : start?.score?.unit) ?? "fraction";
}

/** Metrics of a run, with their values. */
function measured(run: ReadRun): [Metric, (run: ReadRun) => number | undefined][] {
  if (run.command === "retrain") {
    return [["validation", (r) => r.done!.validAccuracy], ["test", (r) => r.done!.testAccuracy]];
  }
  const kind = run.start?.evaluator ?? "shared";
  if (run.done!.report) return [["table", (r) => r.done!.report?.value]];
  const known = { shared: "sharedWeights", train: "shortTraining" } as const;
  return [[known[kind as keyof typeof known] ?? "score", (r) => r.done!.score]];
}

/**
 * Kind of a run. Only runs of one kind are compared: scores with shared weights, table values and seconds do
 * not compare.
 */
const kindOf = (run: ReadRun) =>
  `${run.command} ${spaceOf(run)} ${run.start?.evaluator ?? ""} ${unitOf(run)}`;

const metricOf = ({ metrics }: Group) =>
  (["test", "validation", "sharedWeights", "shortTraining", "score", "table"] as const)
    .filter((metric) => metrics[metric]);

/**
 * All pairs of groups of one kind. Pairs with too few seeds do not count as tests in the Bonferroni
 * correction.
 */
function pairsOf(groups: Group[]): Pair[] {
  const couples = groups.flatMap((a, i) => groups.slice(i + 1).map((b) => [a, b] as const));
  const tests = couples.filter(([a, b]) => enough(a) && enough(b)).length;
  return couples.flatMap(([a, b]) => pairOf(a, b, 0.05 / Math.max(1, tests)));
}

const enough = (group: Group) => group.runs.length >= FEWEST_SEEDS;

function pairOf(a: Group, b: Group, level: number): Pair[] {
  const metric = metricOf(a).find((m) => b.metrics[m]);
  if (!metric) return [];
  const { values: u } = a.metrics[metric]!, { values: v } = b.metrics[metric]!;
  const test = welch(u, v, level);
  const shown = test.p < level ? test.difference > 0 ? "a" : "b" : "not shown";
  return [{
    a,
    b,
    metric,
    level,
    welch: test,
    permutationP: permutationTest(u, v),
    outcome: enough(a) && enough(b) ? shown : "too few",
  }];
}

const spaceOf = ({ config }: ReadRun) => config.space?.kind ?? "unknown";

export function strategyOf(run: ReadRun): string {
  return run.config.strategy?.kind ?? run.arch?.strategy ?? "given";
}

/** Settings that are shown elsewhere, or that do not change what is compared. */
const notSettings = new Set(["seed", "strategy.kind", "space.kind", "version"]);

function flatten(config: object, prefix = ""): [string, string][] {
  return Object.entries(config).flatMap(([key, value]) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? flatten(value, `${prefix}${key}.`)
      : notSettings.has(prefix + key)
      ? []
      : [[prefix + key, JSON.stringify(value)] as [string, string]]
  );
}

/**
 * Names of the settings that all of these runs have with different values. Runs of other versions may lack
 * some.
 */
function differingSettings(runs: readonly ReadRun[]): string[] {
  const all = runs.map((run) => ({ run, settings: new Map(flatten(run.config)) }));
  return [...all[0].settings.keys()].filter((key) => {
    const values = all.filter(({ run }) => isSetting(run, key))
      .map(({ settings }) => settings.get(key));
    return all.every(({ settings }) => settings.has(key)) && new Set(values).size > 1;
  });
}

/**
 * Whether a setting may name a group. The width of a hand-made network may not: it follows from the compared
 * networks.
 */
const isSetting = (run: ReadRun, key: string) =>
  key !== "space.filters" || strategyOf(run) !== "baseline";

function label(run: ReadRun, differing: readonly string[]): string {
  const settings = new Map(flatten(run.config));
  const parts = differing.filter((key) => isSetting(run, key))
    .map((key) => `${key}=${settings.get(key)}`);
  return [strategyOf(run), ...parts].join(" ");
}
