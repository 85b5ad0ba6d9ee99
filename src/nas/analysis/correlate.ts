/**
 * Measures whether shared weights rank architectures as separate training does. Architectures sampled
 * uniformly from the space are scored with the shared weights of a search; then each is trained briefly by
 * itself, all for the same number of steps and on the same images. The test set is never read.
 */
import { sliceImages } from "../../data/dataset.ts";
import type { DataSet } from "../../data/dataset.ts";
import { UsageError } from "../../common/errors.ts";
import type { Gpu } from "../../gpu/device.ts";
import { Rng, Stream } from "../../common/random.ts";
import type { ArchFile } from "../arch_formats/arch_file.ts";
import { parametersOf } from "./baseline.ts";
import type { RetrainConfig, SearchConfig } from "../config/config.ts";
import { finalConfig } from "../config/final_config.ts";
import { retrain } from "../train/retrain.ts";
import { uniformArchitecture } from "../sampling.ts";
import { archFieldsOf, openSearch } from "../search/search.ts";
import { correlationInterval, correlationP, kendall, spearman } from "./statistics.ts";
import { memoryStore } from "../search/store.ts";
import { DivergedError } from "../search/progress.ts";
import type { EarlierWeights } from "../train/warm_start.ts";

/** One architecture. Both scores are accuracies on validation images, as fractions. */
export interface Correlated {
  choice: number[];
  /** Parameters of the separately trained network. */
  parameters: number;
  sharedScore: number;
  /** Absent until trained; 0 where the training diverged. */
  trainedAccuracy?: number;
  seconds?: number;
}

/** Results so far, enough to resume from. */
export interface CorrelationState {
  seed: number;
  /** Time limit of one training, in minutes. */
  minutes: number;
  /** Steps of each training. */
  steps: number;
  batch: number;
  architectures: Correlated[];
}

/** Parts of a brief training. */
export interface BriefParts {
  config: SearchConfig;
  gpu: Gpu;
  dataset: DataSet;
  signal: AbortSignal;
  seed: number;
}

export interface CorrelationOptions extends BriefParts {
  /** Shared weights of the search. */
  shared: EarlierWeights;
  architectures: number;
  minutes: number;
  /** State of an earlier process with the same settings, to resume from. */
  earlier?: CorrelationState;
  /** Trains elsewhere, in any order; default: here, one after the other. */
  train?(trainings: readonly BriefTraining[]): AsyncIterable<BrieflyTrained>;
}

/** An architecture to train, and for how many steps. */
export interface BriefTraining {
  choice: number[];
  steps: number;
}

/** The accuracy on all validation images after a brief training; 0 where it diverged. */
export interface BrieflyTrained {
  choice: number[];
  accuracy: number;
  seconds: number;
}

/** Yields the state after scoring, then after each training. */
export async function* correlate(options: CorrelationOptions): AsyncGenerator<CorrelationState> {
  const { signal } = options;
  const state = options.earlier ?? await begin(options);
  yield state;
  const { architectures, steps } = state;
  const left = architectures.filter((one) => one.trainedAccuracy === undefined)
    .map(({ choice }) => ({ choice, steps }));
  const { train = (trainings) => oneByOne(options, trainings) } = options;
  for await (const { choice, accuracy, seconds } of train(left)) {
    const one = architectures.find((one) => one.choice.join() === choice.join())!;
    one.trainedAccuracy = accuracy;
    one.seconds = seconds;
    signal.throwIfAborted();
    yield state;
  }
}

async function* oneByOne(parts: BriefParts, trainings: readonly BriefTraining[]) {
  for (const training of trainings) yield await trainBriefly(parts, training);
}

/** Samples and scores the architectures, and finds how many steps the slowest can do in the time. */
async function begin(options: CorrelationOptions): Promise<CorrelationState> {
  const { config, gpu, dataset, signal, seed, minutes } = options;
  if (config.evaluator.kind !== "shared") {
    throw new UsageError(
      `Cannot correlate a search by evaluator ${config.evaluator.kind}: it has no shared weights, ` +
        `expected one by evaluator shared`,
    );
  }
  const initial = () => ({ ...options.shared, statistics: true });
  const parts = await openSearch(
    { ...config, initFrom: options.shared.from },
    gpu,
    { signal, dataset, initial },
  );
  await parts.warmStart?.();
  const drawn = new Map<string, unknown>();
  const rng = new Rng(seed, Stream.search);
  for (let tries = 0; drawn.size < options.architectures; tries++) {
    if (tries === 1000 * options.architectures) {
      throw new UsageError(
        `Cannot draw ${options.architectures} different architectures: the space gave ${drawn.size}; ` +
          `ask for fewer with --architectures`,
      );
    }
    const arch = uniformArchitecture(parts.space, rng);
    if (parts.fits(arch)) drawn.set(parts.space.key(arch), arch);
  }
  const archs = [...drawn.values()];
  const scores = new Map<number, number>();
  const trials = archs.map((arch, id) => ({ id, arch }));
  for await (const result of parts.evaluator.evaluate(trials, "selection", signal)) {
    if (result.status !== "ok") throw new Error(`Cannot correlate: ${result.reason}`);
    scores.set(result.trial, result.score.value);
  }
  const architectures = archs.map((arch, i) => {
    const choice = parts.space.encode(arch);
    const file = fileOf(options, choice);
    const parameters = parametersOf(file, trainingConfig(options, file));
    return { choice, parameters, sharedScore: scores.get(i)! };
  });
  const largest = architectures.reduce((a, b) => b.parameters > a.parameters ? b : a);
  const steps = await stepsWithin(options, largest.choice);
  return { seed, minutes, steps, batch: trainingConfig(options).batch, architectures };
}

function fileOf({ config, dataset }: BriefParts, choice: number[]): ArchFile {
  const { image, classes, task } = dataset;
  const of = {
    input: [...image] as ArchFile["input"],
    classes: [...classes],
    task,
    data: config.data,
  };
  return { ...archFieldsOf(config, of), choice };
}

/** Default config of `retrain` for the search's preset, with a learning rate that decays to a small value. */
function trainingConfig(options: BriefParts, arch = fileOf(options, [])): RetrainConfig {
  const { config, seed } = options;
  return finalConfig(arch, {
    preset: config.preset,
    given: {
      seed,
      data: config.data,
      image: config.image,
      adapter: config.adapter,
      allTraining: false,
      "optimizer.schedule": "cosine",
      "optimizer.lrMin": 0,
    },
  });
}

/** Steps of the probe that measures training speed; its first steps include compiling. */
const probeSteps = 40;

/** Fewest steps per training that can rank architectures. */
const fewestSteps = 20;

async function stepsWithin(options: CorrelationOptions, choice: number[]): Promise<number> {
  const { minutes, dataset } = options;
  const arch = fileOf(options, choice);
  const config = { ...trainingConfig(options, arch), epochs: 1, logEvery: probeSteps / 4 };
  const probe = {
    ...dataset,
    train: sliceImages(dataset.train, 0, Math.min(dataset.train.n, probeSteps * config.batch)),
  };
  let stepSeconds = Infinity;
  let last = performance.now();
  let validation = 0;
  {
    using _arena = options.gpu.arena();
    const io = { signal: options.signal, store: memoryStore(), gpu: options.gpu, dataset: probe };
    for await (const event of retrain(arch, config, io)) {
      if (event.type === "step") {
        stepSeconds = Math.min(stepSeconds, config.batch / event.imagesPerSecond);
        last = performance.now();
      }
      if (event.type !== "epoch") continue;
      validation = (performance.now() - last) / 1000;
      break;
    }
  }
  // A tenth is reserved for costs that the probe does not measure.
  const steps = Math.floor((0.9 * 60 * minutes - validation) / stepSeconds);
  if (steps < fewestSteps) {
    throw new UsageError(
      `Cannot train in ${minutes} minutes: there is time for ${
        Math.max(0, steps)
      } steps, expected at ` +
        `least ${fewestSteps}; give more --minutes`,
    );
  }
  const { epochs, batch } = trainingConfig(options, arch);
  const perEpoch = Math.ceil(dataset.train.n / batch);
  return steps < perEpoch ? steps : perEpoch * Math.min(epochs, Math.floor(steps / perEpoch));
}

/** Trains one architecture and validates it; never reads the test images. */
export async function trainBriefly(
  parts: BriefParts,
  { choice, steps }: BriefTraining,
): Promise<BrieflyTrained> {
  const from = performance.now();
  const accuracy = await accuracyAfter(parts, choice, steps);
  return { choice, accuracy, seconds: (performance.now() - from) / 1000 };
}

async function accuracyAfter(
  options: BriefParts,
  choice: number[],
  steps: number,
): Promise<number> {
  const { gpu, signal, dataset } = options;
  const arch = fileOf(options, choice);
  const recipe = trainingConfig(options, arch);
  const perEpoch = Math.ceil(dataset.train.n / recipe.batch);
  const epochs = Math.max(1, Math.floor(steps / perEpoch));
  const images = steps < perEpoch ? steps * recipe.batch : dataset.train.n;
  const data = { ...dataset, train: sliceImages(dataset.train, 0, images) };
  const config = { ...recipe, epochs, evalEvery: epochs };
  try {
    using _arena = gpu.arena();
    const io = { signal, store: memoryStore(), gpu, dataset: data };
    for await (const event of retrain(arch, config, io)) {
      if (event.type === "epoch" && event.epoch === epochs) return event.validAccuracy!;
    }
    throw new Error("Cannot correlate: a training ended without its last epoch");
  } catch (error) {
    if (error instanceof DivergedError) return 0;
    throw error;
  }
}

export interface RankCorrelation {
  value: number;
  /** 95 % interval. */
  interval: [number, number];
  /** Two-sided p by permutation. */
  p: number;
}

export interface CorrelationSummary {
  n: number;
  kendall: RankCorrelation;
  spearman: RankCorrelation;
  /** Kendall's τ between the number of parameters and the trained accuracy, for comparison. */
  parametersKendall: number;
}

/** Correlations over the trained architectures; null for fewer than three. */
export function summariseCorrelation(
  { architectures }: CorrelationState,
): CorrelationSummary | null {
  const trained = architectures.filter((a) => a.trainedAccuracy !== undefined);
  const n = trained.length;
  if (n < 3) return null;
  const accuracy = trained.map((a) => a.trainedAccuracy!);
  const shared = trained.map((a) => a.sharedScore);
  const rank = (kind: "kendall" | "spearman"): RankCorrelation => {
    const correlation = { kendall, spearman }[kind];
    const value = correlation(shared, accuracy);
    return {
      value,
      interval: correlationInterval(value, n, kind),
      p: correlationP(shared, accuracy, correlation),
    };
  };
  return {
    n,
    kendall: rank("kendall"),
    spearman: rank("spearman"),
    parametersKendall: kendall(trained.map((a) => a.parameters), accuracy),
  };
}
