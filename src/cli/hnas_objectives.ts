/** Objectives of hnas: data, training, and what their results are called in result.yaml. */
import type { Overrides } from "../nas/config/config.ts";
import type { LossScale } from "../run/working_directory/shared_state.ts";
import type { HnasSpace } from "./hnas_options.ts";

/** An objective whose networks are trained. */
interface TrainedObjective {
  data: string;
  classes: number;
  /** Preset of the published training. */
  preset: string;
  settings?: Overrides;
  spaces: readonly HnasSpace[];
  /** Names of the figures of a result. */
  figures(about: Figures): Record<string, unknown>;
}

interface Figures {
  accuracy: number;
  seconds: number;
  parameters: number;
  /** Validation error above which a training ended early; 1 = none did. */
  giveUpError: number;
}

const nb201: readonly HnasSpace[] = ["nb201_variable_multi_multi", "nb201_fixed_1_none"];
const now = () => Date.now() / 1000;

const benchmarkFigures: TrainedObjective["figures"] = ({ accuracy, seconds, parameters }) => ({
  "x-valid_1": 100 * accuracy,
  number_of_parameters: parameters,
  train_time: seconds,
  timestamp: now(),
});

const composedFigures: TrainedObjective["figures"] = ({ accuracy, seconds }) => ({
  val_score: 1 - accuracy,
  val_scores: [accuracy],
  train_time: seconds,
  timestamp: now(),
});

const trained: Readonly<Record<string, TrainedObjective>> = {
  nb201_cifar10: {
    data: "nb201_cifar10",
    classes: 10,
    preset: "hnas",
    spaces: nb201,
    figures: benchmarkFigures,
  },
  nb201_cifar100: {
    data: "nb201_cifar100",
    classes: 100,
    preset: "hnas",
    spaces: nb201,
    figures: benchmarkFigures,
  },
  "nb201_ImageNet16-120": {
    data: "imagenet16-120",
    classes: 120,
    preset: "hnas",
    settings: { "augment.pad": 2 },
    spaces: nb201,
    figures: benchmarkFigures,
  },
  nb201_cifarTile: {
    data: "cifartile",
    classes: 4,
    preset: "hnas-synthetic",
    spaces: nb201,
    figures: composedFigures,
  },
  nb201_addNIST: {
    data: "addnist",
    classes: 20,
    preset: "hnas-synthetic",
    spaces: nb201,
    figures: composedFigures,
  },
  act_cifar10: {
    data: "act_cifar10",
    classes: 10,
    preset: "hnas-activations",
    spaces: ["act_cifar10"],
    figures: ({ accuracy, seconds, giveUpError }) => ({
      val_error: 1 - accuracy,
      early_stop: 1 - accuracy > giveUpError,
      train_time: seconds,
      timestamp: now(),
    }),
  },
  darts: {
    data: "darts_cifar10",
    classes: 10,
    preset: "hnas-darts",
    spaces: ["darts"],
    figures: ({ accuracy, seconds }) => ({
      accs: [100 * accuracy],
      best_acc: 100 * accuracy,
      last_acc: 100 * accuracy,
      time: seconds,
      timestamp: now(),
    }),
  },
};

/** Names of all objectives. */
export const hnasObjectives: readonly string[] = [...Object.keys(trained), "debug"];

/** A trained objective; undefined for `debug`, which trains nothing. */
export const trainedObjective = (name: string): TrainedObjective | undefined =>
  Object.hasOwn(trained, name) ? trained[name] : undefined;

/** Spaces of an objective. */
export const spacesOf = (name: string): readonly HnasSpace[] =>
  trainedObjective(name)?.spaces ?? nb201;

/** Added to an error before its logarithm is taken. */
const LEAST = 1e-8;

/** Images of the batch that untrained networks are scored on: that of the published trainings. */
export const scoreBatchOf = (name: string): number =>
  trainedObjective(name)?.preset === "hnas-synthetic" ? 64 : 256;

/**
 * Losses of an objective: the error, its logarithm, or for `debug` the number of parameters off.
 * @param giveUpError validation error above which trainings end early; 1 = none.
 */
export function lossScale(name: string, log: boolean, giveUpError: number): LossScale {
  const objective = trainedObjective(name);
  if (!objective) {
    return {
      lossOf: (score) => -score,
      scoreOf: (loss) => -loss,
      infoOf: (score, { seconds }) => ({ test_score: -score, train_time: seconds }),
    };
  }
  return {
    lossOf: (score) => log ? Math.log(1 - score + LEAST) : 1 - score,
    scoreOf: (loss) => 1 - (log ? Math.exp(loss) - LEAST : loss),
    infoOf: (accuracy, about) => objective.figures({ accuracy, giveUpError, ...about }),
  };
}
