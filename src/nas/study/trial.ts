/** One search of a study: ask and tell straight against the columns of a table, many thousands of times. */
import { Rng, Stream } from "../../common/random.ts";
import { UsageError } from "../../common/errors.ts";
import { resolveSearchConfig, type SearchConfig } from "../config/config.ts";
import type { Encodings } from "../encodings/mod.ts";
import { furtherObjectives, openEncodings, openStrategy, sizesIn } from "../search/parts.ts";
import { openSpace, spaces, strategies } from "../registry.ts";
import type { SearchSpace } from "../space.ts";
import {
  fidelitiesOf,
  indexIn,
  type Metric,
  metricOf,
  objectiveOf,
  parametersOf,
  scoreFactor,
  scoresOf,
  shorterScores,
  type Table,
  taskOf,
} from "../tables/table.ts";
import type { Algorithm, TableChoice } from "./definition.ts";

/** What searches on one data set of a table maximise, and what is noted of them. */
export interface StudyTask {
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
export function openTask(table: Table, choice: Omit<TableChoice, "file">): StudyTask {
  const task = taskOf(table, choice.dataset);
  const objective = objectiveOf(table, choice.objective || task.objective);
  const { metric, minimise } = objective;
  const shorter = shorterScores(table, objective);
  const report = metricOf(table, choice.report || task.report);
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

/** An algorithm that is ready for its trials: what they share is opened once. */
export interface OpenAlgorithm {
  name: string;
  config: SearchConfig;
  space: SearchSpace<unknown>;
  encodings: Encodings<unknown>;
}

/**
 * Encodings `adj` and `path` are the space's own decisions, mutations and neighbourhoods where it has no encodings.
 * @param queries of each search.
 * @throws UsageError naming a strategy, encoding or setting that there is not.
 */
export async function openAlgorithm(
  algorithm: Algorithm,
  space: string,
  { queries, ...places }: { queries: number; cacheDir?: string },
): Promise<OpenAlgorithm> {
  const { name, strategy, settings } = algorithm;
  const { strict, ...encoding } = algorithm.encoding;
  const definition = strategies.find(strategy);
  if (!definition) {
    throw cannot(
      name,
      `there is no strategy ${strategy}, expected one of ${
        usable().join(", ")
      }; --only runs the others`,
    );
  }
  if (definition.needsDevice) {
    throw cannot(name, `${strategy} learns on a device, expected one of ${usable().join(", ")}`);
  }
  // What a predictor sees is looked up nowhere.
  const names = [encoding.sample, encoding.perturb].filter((one) => one !== "");
  const options = { ...places, ...encoding, names, strict };
  const encodings = await openEncodings(spaces.get(space), options);
  const own = Object.keys(encodings).length === 0;
  const used = (one: string) => own && (one === "adj" || one === "path") ? "" : one;
  const config = resolveSearchConfig({
    mode: space,
    preset: "quick",
    overrides: {
      "evaluator.kind": "table",
      // Some strategies plan ahead.
      rounds: queries,
      perRound: 1,
      "strategy.kind": strategy,
      ...Object.hasOwn(definition.settings.shape, "encoding") && {
        "strategy.encoding": {
          sample: used(encoding.sample),
          perturb: used(encoding.perturb),
          predictor: used(encoding.predictor),
          strict,
        },
      },
      ...settings,
    },
  });
  return { name, config, space: openSpace(config.space), encodings };
}

/** Throws a UsageError where space or table lack what the algorithm needs. */
export async function checkAlgorithm(algorithm: OpenAlgorithm, task: StudyTask): Promise<void> {
  const { config: { seed } } = algorithm;
  await openOn(algorithm, task, seed);
}

/** The strategy of a search on a task, and its objectives beside the score. */
async function openOn({ config, space, encodings }: OpenAlgorithm, task: StudyTask, seed: number) {
  const { table, fidelities, input, classes } = task;
  const options = { gpu: null, encodings, fidelities };
  const strategy = await openStrategy({ ...config, seed }, space, options);
  const sizes = sizesIn(space, { input, classes, form: "search" });
  const objectives = furtherObjectives(config, sizes, (name) => {
    const scores = scoresOf(table, objectiveOf(table, name));
    return (arch) => scores[indexIn(table, space.key(arch))];
  });
  return { strategy, objectives };
}

const usable = () => strategies.all().flatMap(({ name, needsDevice }) => needsDevice ? [] : [name]);

const cannot = (name: string, why: string) =>
  new UsageError(`Cannot run algorithm ${JSON.stringify(name)}: ${why}`);

/** How a search went. */
export interface TrialResult {
  /** The report of the best architecture by the objective, after each noted number of queries. */
  values: number[];
  /** Key of the last best. */
  best: string;
  seconds: number;
  /** In the order of asking. */
  queries: Query[];
}

/** An architecture that a search asked for. */
export interface Query {
  /** The space's key. */
  arch: string;
  /** What the strategy was told, and what it was not, each in the unit of its column. */
  objective: number;
  report: number;
  /** Number of parameters; null where the table has none. */
  parameters: number | null;
  /** Epochs of training behind the objective, where there is a choice. */
  epochs?: number;
}

/**
 * Every query counts, also of an architecture seen before, unless the strategy keeps scores itself. One after
 * a shorter training is that share of a query. The best is among those of the longest training so far.
 * @param at numbers of queries, ascending; the last is when the search ends.
 * @throws UsageError naming an architecture that the table has not.
 */
export async function runTrial(
  algorithm: OpenAlgorithm,
  task: StudyTask,
  seed: number,
  at: readonly number[],
): Promise<TrialResult> {
  const from = performance.now();
  const { config, space } = algorithm;
  const { table, mean, runs, reports, shorter } = task;
  const { strategy, objectives } = await openOn(algorithm, task, seed);
  const rng = new Rng(seed, Stream.search, 1);
  const drawn = config.evaluator.runs === "one" && runs.length > 1;
  // Epochs are whole numbers, of which sums are exact.
  const full = task.fidelities.at(-1) ?? 1;
  const all = at[at.length - 1] * full;
  const values: number[] = [];
  const queries: Query[] = [];
  let spent = 0;
  let best = -1, bestScore = -Infinity, longest = 0;
  while (spent < all) {
    const left = Math.ceil((all - spent) / full);
    const trials = await strategy.ask(Math.min(config.perRound, left));
    const done = trials.map((trial) => {
      const { arch, epochs = full } = trial;
      const index = indexIn(table, space.key(arch));
      const value = (shorter.get(epochs) ?? (drawn ? rng.pick(runs) : mean))[index];
      if (epochs > longest || (epochs === longest && value > bestScore)) {
        [best, bestScore, longest] = [index, value, epochs];
      }
      queries.push({
        arch: table.key(index),
        objective: inUnit(value, task.factor),
        report: reports[index],
        parameters: task.parameters?.[index] ?? null,
        ...task.fidelities.length > 1 && { epochs },
      });
      spent += epochs;
      while (spent >= at[values.length] * full) values.push(reports[best]);
      const score = objectives ? { value, objectives: [value, ...objectives(arch)] } : { value };
      return { ...trial, score };
    });
    if (spent < all) await strategy.tell(done);
  }
  const seconds = (performance.now() - from) / 1000;
  return { values, best: table.key(best), seconds, queries };
}

/** Without the last digits, where a score that was multiplied is divided again. */
const inUnit = (score: number, factor: number): number =>
  factor === 1 ? score : Number((score / factor).toPrecision(12));
