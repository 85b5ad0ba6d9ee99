/**
 * Measures how well predictors rank unseen architectures, by training-set size (White et al., "How Powerful
 * are Performance Predictors in Neural Architecture Search?", NeurIPS 2021; Schrodi et al., NeurIPS 2023).
 */
import { UsageError } from "../../common/errors.ts";
import { Rng, salted, Stream } from "../../common/random.ts";
import type { Encoding } from "../encodings/encoding.ts";
import {
  openPredictor,
  type Prediction,
  type PredictorName,
  predictorNames,
  type PredictorSettings,
} from "../predictors/mod.ts";
import { areAccuracies, logErrors } from "../predictors/targets.ts";
import type { SearchSpace } from "../space.ts";
import { negativeLogLikelihood } from "./regression.ts";
import { kendall, mean, pearson, spearman, variance } from "./statistics.ts";

/** Targets that predictors learn: the logarithm of the error, or the error in per cent. */
export const surrogateTargets = ["log", "error"] as const;
export type SurrogateTarget = typeof surrogateTargets[number];

/** A predictor with its encoding. */
export interface Subject {
  predictor: PredictorName;
  /** Absent for predictors that see graphs. */
  encoding?: Encoding<unknown>;
}

export interface SurrogateOptions {
  space: SearchSpace<unknown>;
  /** Architectures by index, and their scores: larger is better. */
  arch(index: number): unknown;
  scores: Float64Array;
  subjects: readonly Subject[];
  trainSizes: readonly number[];
  /** Number of held-out architectures. */
  testSize: number;
  seeds: readonly number[];
  target: SurrogateTarget;
  /** Settings that apply to every predictor. */
  settings?: PredictorSettings;
  /** Whether a point was measured earlier and is to be skipped. */
  skip?(point: Pick<SurrogatePoint, "predictor" | "encoding" | "trainSize" | "seed">): boolean;
}

/** Measurement of one predictor with one training set. */
export interface SurrogatePoint {
  predictor: PredictorName;
  /** Name of the encoding; "" for predictors that see graphs. */
  encoding: string;
  trainSize: number;
  seed: number;
  kendall: number;
  spearman: number;
  pearson: number;
  /** Root mean square error in the unit of the target. */
  rmse: number;
  /**
   * Mean negative log likelihood of the held-out targets under the predicted normals; null for predictors without
   * deviations.
   */
  nll: number | null;
  /**
   * Mean absolute error of the predicted error in percentage points, on held-out and on training
   * architectures. Scores that are not accuracies: in their own unit.
   */
  testError: number;
  trainError: number;
  seconds: number;
  /** Predicted and true targets for plotting, only for the first seed's largest training set. */
  pairs?: [predicted: number, truth: number][];
}

/**
 * Measures all subjects on the same training sets. A seed's smaller sets are prefixes of its larger ones.
 * @throws UsageError where the table has too few architectures.
 */
export function* surrogate(options: SurrogateOptions): Generator<SurrogatePoint> {
  const { scores, trainSizes, testSize, seeds, subjects, arch } = options;
  const largest = Math.max(...trainSizes);
  if (largest + testSize > scores.length || Math.min(...trainSizes) < 2) {
    throw new UsageError(
      `Cannot train on ${
        trainSizes.join(", ")
      } and test on ${testSize} architectures: the table has ` +
        `${scores.length}, and 2 are the least`,
    );
  }
  const { targets, toError } = learned(scores, options.target);
  for (const seed of seeds) {
    const order = [...new Rng(seed, salted(Stream.search, 2)).permutation(scores.length)];
    const held = order.slice(-testSize);
    const of = (indices: readonly number[]) => Float64Array.from(indices, (i) => targets[i]);
    const test = held.map(arch), truth = of(held);
    for (const subject of subjects) {
      for (const trainSize of trainSizes) {
        const encoding = subject.encoding?.name ?? "";
        const point = { predictor: subject.predictor, encoding, trainSize, seed };
        if (options.skip?.(point)) continue;
        const known = order.slice(0, trainSize);
        const train = known.map(arch), given = of(known);
        const begin = performance.now();
        const { space, settings } = options;
        const predictor = openPredictor(subject.predictor, { space, settings, ...subject });
        predictor.fit(train, given, new Rng(seed, salted(Stream.search, 3), trainSize));
        const prediction = predictor.predict(test);
        const { mean: predicted } = prediction;
        const seconds = (performance.now() - begin) / 1000;
        const missed = (p: Float64Array, t: Float64Array) =>
          mean(p.map((value, i) => Math.abs(toError(value) - toError(t[i]))));
        const errors = {
          testError: missed(predicted, truth),
          trainError: missed(predictor.predict(train).mean, given),
        };
        const shown = seed === seeds[0] && trainSize === largest;
        const pairs = shown && { pairs: pairsOf(predicted, truth) };
        const nll = likelihood(prediction, truth);
        yield { ...point, ...agreement(predicted, truth), nll, ...errors, seconds, ...pairs };
      }
    }
  }
}

/** Targets for the scores, and a function from a target to the error in per cent, at most 100. */
function learned(scores: Float64Array, target: SurrogateTarget) {
  const same = (value: number) => value;
  if (!areAccuracies(scores)) return { targets: scores.map((score) => -score), toError: same };
  return target === "log"
    ? { targets: logErrors(scores), toError: (value: number) => 100 * Math.exp(Math.min(0, value)) }
    : { targets: scores.map((score) => 100 * (1 - score)), toError: same };
}

/** Pairs rounded to six digits, enough for a plot. */
const pairsOf = (predicted: Float64Array, truth: Float64Array) =>
  Array.from(predicted, (p, i): [number, number] => [
    Number(p.toPrecision(6)),
    Number(truth[i].toPrecision(6)),
  ]);

const likelihood = ({ mean, deviation }: Prediction, truth: Float64Array): number | null =>
  deviation.every((s) => s > 0) ? negativeLogLikelihood(truth, mean, deviation) : null;

function agreement(predicted: Float64Array, truth: Float64Array) {
  const misses = predicted.map((p, i) => (p - truth[i]) ** 2);
  return {
    kendall: kendall(predicted, truth),
    spearman: spearman(predicted, truth),
    pearson: pearson(predicted, truth),
    rmse: Math.sqrt(mean(misses)),
  };
}

export interface SurrogateSummary {
  predictor: PredictorName;
  encoding: string;
  trainSize: number;
  seeds: number;
  /** Mean and sample standard deviation of Kendall's τ over the seeds. */
  kendall: number;
  deviation: number;
  spearman: number;
  pearson: number;
  rmse: number;
  /** Null where a predictor has no deviations. */
  nll: number | null;
  testError: number;
  trainError: number;
  seconds: number;
}

const averaged = [
  "kendall",
  "spearman",
  "pearson",
  "rmse",
  "testError",
  "trainError",
  "seconds",
] as const;

/** Means over the seeds, in the order of first appearance. */
export function summariseSurrogate(points: readonly SurrogatePoint[]): SurrogateSummary[] {
  const groups = Map.groupBy(
    points,
    ({ predictor, encoding, trainSize }) => `${predictor} ${encoding} ${trainSize}`,
  );
  return [...groups.values()].map((group) => {
    const of = (name: typeof averaged[number]) => group.map((point) => point[name]);
    const [{ predictor, encoding, trainSize }] = group;
    const means = Object.fromEntries(averaged.map((name) => [name, mean(of(name))])) as Record<
      typeof averaged[number],
      number
    >;
    const deviation = Math.sqrt(variance(of("kendall")));
    const likelihoods = group.flatMap(({ nll }) => nll ?? []);
    const nll = likelihoods.length === group.length ? mean(likelihoods) : null;
    return { predictor, encoding, trainSize, seeds: group.length, ...means, nll, deviation };
  });
}

/**
 * Pairs each predictor with each encoding that it can use.
 * @throws UsageError for a predictor that can use none of them.
 */
export function subjectsOf(
  predictors: readonly PredictorName[],
  encodings: readonly Encoding<unknown>[],
): Subject[] {
  return predictors.flatMap((predictor): Subject[] => {
    const { sees } = predictorNames[predictor];
    if (sees === "graph") return [{ predictor }];
    const usable = encodings.filter((encoding) => encoding[sees]);
    if (usable.length > 0) return usable.map((encoding) => ({ predictor, encoding }));
    throw new UsageError(
      `Cannot train predictor ${predictor}: it needs ${
        sees === "distance" ? "a distance" : "features"
      }, ` + `and ${encodings.map(({ name }) => name).join(", ") || "no encoding"} has none`,
    );
  });
}
