/**
 * How well predictors rank architectures that they did not see, by the size of their training set (White et al.,
 * "How Powerful are Performance Predictors in Neural Architecture Search?", NeurIPS 2021; Schrodi et al., NeurIPS 2023).
 */
import { UsageError } from "../errors.ts";
import { Rng, salted, Stream } from "../random.ts";
import type { Encoding } from "./encodings/encoding.ts";
import { openPredictor, type PredictorName, predictorNames } from "./predictors/mod.ts";
import { logErrors } from "./predictors/targets.ts";
import type { SearchSpace } from "./space.ts";
import { kendall, mean, pearson, spearman, variance } from "./statistics.ts";

/** A predictor and what it sees. */
export interface Subject {
  predictor: PredictorName;
  /** Absent for predictors that see graphs. */
  encoding?: Encoding<unknown>;
}

export interface SurrogateOptions {
  space: SearchSpace<unknown>;
  /** Architectures by number, and their scores: larger is better. */
  arch(index: number): unknown;
  scores: Float64Array;
  subjects: readonly Subject[];
  trainSizes: readonly number[];
  /** Architectures that are held out. */
  testSize: number;
  seeds: readonly number[];
  /** Measured earlier: left out. */
  skip?(point: Pick<SurrogatePoint, "predictor" | "encoding" | "trainSize" | "seed">): boolean;
}

/** One predictor after one training set, on the logarithm of the error. */
export interface SurrogatePoint {
  predictor: PredictorName;
  /** Name of the encoding; "" for predictors that see graphs. */
  encoding: string;
  trainSize: number;
  seed: number;
  kendall: number;
  spearman: number;
  pearson: number;
  rmse: number;
  seconds: number;
  /** Predicted and true, of the first seed's largest training set: for a picture. */
  pairs?: [predicted: number, truth: number][];
}

/**
 * Every subject on the same training sets: a seed's smaller sets are the beginnings of its larger ones.
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
  const targets = logErrors(scores);
  for (const seed of seeds) {
    const order = [...new Rng(seed, salted(Stream.search, 2)).permutation(scores.length)];
    const held = order.slice(-testSize);
    const test = held.map(arch), truth = Float64Array.from(held, (i) => targets[i]);
    for (const subject of subjects) {
      for (const trainSize of trainSizes) {
        const encoding = subject.encoding?.name ?? "";
        const point = { predictor: subject.predictor, encoding, trainSize, seed };
        if (options.skip?.(point)) continue;
        const known = order.slice(0, trainSize);
        const begin = performance.now();
        const predictor = openPredictor(subject.predictor, { space: options.space, ...subject });
        const rng = new Rng(seed, salted(Stream.search, 3), trainSize);
        predictor.fit(known.map(arch), Float64Array.from(known, (i) => targets[i]), rng);
        const { mean: predicted } = predictor.predict(test);
        const seconds = (performance.now() - begin) / 1000;
        const shown = seed === seeds[0] && trainSize === largest;
        const pairs = shown && { pairs: pairsOf(predicted, truth) };
        yield { ...point, ...agreement(predicted, truth), seconds, ...pairs };
      }
    }
  }
}

/** To six digits: a picture shows no more. */
const pairsOf = (predicted: Float64Array, truth: Float64Array) =>
  Array.from(predicted, (p, i): [number, number] => [
    Number(p.toPrecision(6)),
    Number(truth[i].toPrecision(6)),
  ]);

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
  /** Means over the seeds, and the sample deviation of Kendall's τ. */
  kendall: number;
  deviation: number;
  spearman: number;
  pearson: number;
  rmse: number;
  seconds: number;
}

/** In the order of first appearance. */
export function summariseSurrogate(points: readonly SurrogatePoint[]): SurrogateSummary[] {
  const groups = Map.groupBy(
    points,
    ({ predictor, encoding, trainSize }) => `${predictor} ${encoding} ${trainSize}`,
  );
  return [...groups.values()].map((group) => {
    const of = (name: "kendall" | "spearman" | "pearson" | "rmse" | "seconds") =>
      group.map((point) => point[name]);
    const [{ predictor, encoding, trainSize }] = group;
    return {
      predictor,
      encoding,
      trainSize,
      seeds: group.length,
      kendall: mean(of("kendall")),
      deviation: Math.sqrt(variance(of("kendall"))),
      spearman: mean(of("spearman")),
      pearson: mean(of("pearson")),
      rmse: mean(of("rmse")),
      seconds: mean(of("seconds")),
    };
  });
}

/**
 * Each predictor with each encoding that it can use.
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
