/** One search of a study: scores trials from a table like any search, but without events and files. */
import { UsageError } from "../../common/errors.ts";
import { resolveSearchConfig, type SearchConfig } from "../config/config.ts";
import type { Encodings } from "../encodings/mod.ts";
import { furtherObjectives, openEncodings, openStrategy, sizesIn } from "../search/parts.ts";
import { TableEvaluator } from "../evaluators/table_evaluator.ts";
import { openSpace, spaces, strategies } from "../registry.ts";
import { round } from "../search/round.ts";
import { Scoring } from "../search/scoring.ts";
import type { SearchSpace } from "../space.ts";
import type { TableColumns } from "../tables/columns.ts";
import { indexIn, objectiveOf, scoresOf } from "../tables/table.ts";
import type { Algorithm } from "./definition.ts";

/** An algorithm ready to run, with the parts that its trials share. */
export interface OpenAlgorithm {
  name: string;
  config: SearchConfig;
  space: SearchSpace<unknown>;
  encodings: Encodings<unknown>;
}

/**
 * Opens an algorithm. In a space without encodings, `adj` and `path` stand for its own decisions, mutations
 * and neighbourhoods.
 * @param queries of each search.
 * @throws UsageError naming an unknown strategy, encoding or setting.
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
  // The predictor's encoding is not named: encoding an architecture looks up no cells.
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
      // Some strategies plan for the number of rounds.
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

/**
 * Opens the strategy once to check it.
 * @throws UsageError where space or table lack what the algorithm needs.
 */
export async function checkAlgorithm(algorithm: OpenAlgorithm, task: TableColumns): Promise<void> {
  const { config: { seed } } = algorithm;
  await openOn(algorithm, task, seed);
}

/** Opens the strategy of a search on a task, and its objectives beside the score. */
async function openOn(
  { config, space, encodings }: OpenAlgorithm,
  task: TableColumns,
  seed: number,
) {
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

/** Result of one search. */
export interface TrialResult {
  /** Report of the best architecture by the objective, after each recorded number of queries. */
  values: number[];
  /** Key of the final best architecture. */
  best: string;
  seconds: number;
  /** Queries in the order of asking. */
  queries: Query[];
}

/** One architecture that a search asked for. */
export interface Query {
  /** Key of the architecture in the space. */
  arch: string;
  /** Objective, which the strategy gets, and report, which it does not, each in its column's unit. */
  objective: number;
  report: number;
  /** Number of parameters; null where the table has none. */
  parameters: number | null;
  /** Training epochs of the objective, where there is a choice. */
  epochs?: number;
}

/**
 * Runs one search. Every query counts, even of an architecture seen before, unless the strategy keeps scores
 * itself. A query with a shorter training counts by its share of epochs. The best is taken among the longest
 * trainings so far.
 * @param at numbers of queries at which to record, ascending; the search ends at the last.
 * @throws UsageError naming an architecture that the table lacks.
 */
export async function runTrial(
  algorithm: OpenAlgorithm,
  task: TableColumns,
  seed: number,
  at: readonly number[],
): Promise<TrialResult> {
  const from = performance.now();
  const { config, space } = algorithm;
  const { table, reports } = task;
  const { strategy, objectives } = await openOn(algorithm, task, seed);
  const evaluator = new TableEvaluator(space, task, config.evaluator.runs, seed);
  const tally = { queries: 0, lowest: 0 };
  const parts = { config, strategy, evaluator, objectives, fits: () => true };
  const scoring = new Scoring(parts, new AbortController().signal, () => tally);
  // Budget in epochs: sums of whole numbers are exact.
  const full = task.fidelities.at(-1) ?? 1;
  const all = at[at.length - 1] * full;
  const values: number[] = [];
  const queries: Query[] = [];
  let spent = 0;
  let best = -1, bestScore = -Infinity, longest = 0;
  while (spent < all) {
    const left = Math.ceil((all - spent) / full);
    const done = await lastOf(round(strategy, scoring, Math.min(config.perRound, left)));
    if (done === null) break;
    for (const { arch, epochs = full, score: { value } } of done.scored) {
      const index = indexIn(table, space.key(arch));
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
    }
  }
  // A strategy that has no more architectures keeps the best it found.
  while (values.length < at.length) values.push(reports[best]);
  const seconds = (performance.now() - from) / 1000;
  return { values, best: table.key(best), seconds, queries };
}

/** Converts a score back to its unit; rounding removes the error of multiplying and dividing. */
const inUnit = (score: number, factor: number): number =>
  factor === 1 ? score : Number((score / factor).toPrecision(12));

/** Runs a generator to its end and returns its result. */
async function lastOf<T>(generator: AsyncGenerator<unknown, T>): Promise<T> {
  let next = await generator.next();
  while (!next.done) next = await generator.next();
  return next.value;
}
