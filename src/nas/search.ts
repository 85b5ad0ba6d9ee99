/** From a config to the parts of a search: device, data, space, strategy, evaluator. */
import { Batches } from "../data/batches.ts";
import type { DataSet } from "../data/dataset.ts";
import type { FindOptions } from "../data/find.ts";
import type { PictureReading } from "../data/picture_reader.ts";
import { UsageError } from "../errors.ts";
import { Gpu } from "../gpu/device.ts";
import { compileAhead } from "./compiling.ts";
import type { SearchConfig } from "./config.ts";
import { SharedEvaluator } from "./evaluators/shared.ts";
import { TrainEvaluator } from "./evaluators/train.ts";
import type { RunEvent } from "./events.ts";
import { searchLoop, type SearchParts } from "./loop.ts";
import { furtherObjectives, limits, openSpace, sizesIn } from "./parts.ts";
import type { Store } from "./store.ts";
import { learnsOnDevice, openStrategy } from "./strategies/mod.ts";
import type { State } from "./strategy.ts";
import { type EarlierWeights, earlierWeights } from "./warm_start.ts";

export { openSpace } from "./parts.ts";

/** What a run needs from outside. */
export interface RunIO {
  signal: AbortSignal;
  store: Store;
  /** Where data sets are looked for, how their reading is told; needed unless `dataset` is given. */
  find?: FindOptions & PictureReading;
  /** A device that is already open, or a data set that is already loaded. */
  gpu?: Gpu;
  dataset?: DataSet;
  /** Where what is read of a large table is kept. */
  cacheDir?: string;
  /** Reads the weights of the run that the config wants to start from (`initFrom`). */
  initial?(): EarlierWeights;
  /** A retraining hands over its weights before its first step, every so many steps, and at its end. */
  snapshots?: { every: number; save(step: number, tensors: State["tensors"]): void };
}

/** Runs a search from its config: opens the device and the data, then yields the events of the loop. */
export async function* search(config: SearchConfig, io: RunIO): AsyncGenerator<RunEvent> {
  if (!needsDevice(config)) {
    const { openTableSearch } = await import("./table_search.ts");
    yield* searchLoop(await openTableSearch(config, null, io), io);
    return;
  }
  const opened = await openDevice(config.adapter, io.gpu);
  try {
    const open = config.evaluator.kind === "table"
      ? (await import("./table_search.ts")).openTableSearch
      : openSearch;
    yield* searchLoop(await open(config, opened.gpu, io), io);
  } finally {
    opened.done();
  }
}

/** Whether a search trains anything: a network, or a policy. */
export const needsDevice = (config: SearchConfig): boolean =>
  config.evaluator.kind !== "table" || learnsOnDevice(config);

/**
 * The device of the config, or the caller's; `done` closes the one that was opened here.
 * @param timestamps whether it is to be profiled.
 */
export async function openDevice(
  adapter: SearchConfig["adapter"],
  given: Gpu | undefined,
  timestamps = false,
): Promise<{ gpu: Gpu; done: () => void }> {
  if (given) return { gpu: given, done: () => {} };
  const gpu = await Gpu.open(
    adapter === "default" ? { timestamps } : { adapter, timestamps },
  );
  return { gpu, done: () => gpu.close() };
}

/** The caller's data set, or the one that the config names. */
export async function openData(
  config: Pick<
    SearchConfig,
    | "data"
    | "seed"
    | "image"
    | "resize"
    | "decoder"
    | "augment"
    | "normalise"
    | "trainImages"
    | "validImages"
  >,
  splits: "search" | "final",
  { dataset, find }: Pick<RunIO, "dataset" | "find">,
): Promise<DataSet> {
  const data = dataset ?? await loadData(config, splits, find);
  if (splits === "search" && data.valid.n === 0) {
    throw new UsageError(
      `Cannot train on ${config.data}: of ${data.train.n} images a tenth for validation is none, ` +
        `expected at least 10; add pictures, or a folder valid with some of each class`,
    );
  }
  if (config.normalise) return data;
  return { ...data, mean: data.mean.map(() => 0), deviation: data.mean.map(() => 1 / 255) };
}

async function loadData(
  config: Parameters<typeof openData>[0],
  splits: "search" | "final",
  find: RunIO["find"],
): Promise<DataSet> {
  if (!find) {
    throw new UsageError(
      `Cannot load ${config.data}: got neither a data set nor places to look for it`,
    );
  }
  const { loadDataSet } = await import("../data/load.ts");
  const data = await loadDataSet(config.data, {
    ...find,
    splits,
    seed: config.seed,
    side: config.image || undefined,
    resize: config.resize || undefined,
    wholeTraining: config.augment.crop,
    trainLimit: config.trainImages || undefined,
    validLimit: config.validImages || undefined,
  });
  const { decoder = "", notes } = data;
  if (config.decoder !== "" && config.decoder !== decoder) {
    notes.push(
      `The run began with pictures decoded by ${config.decoder}; now it is ${
        decoder || "no decoder"
      }: ` +
        `figures may differ slightly.`,
    );
  }
  return data;
}

/** The part of the first event that is about data. */
export function describeData(data: DataSet): Extract<RunEvent, { type: "start" }>["data"] {
  const { name, task, train, valid, testCount, classes, image } = data;
  return {
    name,
    task,
    train: train.n,
    valid: valid.n,
    test: testCount,
    classes,
    image: [...image],
  };
}

/** Puts a search together; `searchLoop` runs it. */
export async function openSearch(
  config: SearchConfig,
  gpu: Gpu,
  io: RunIO,
): Promise<SearchParts<unknown>> {
  const data = await openData(config, "search", io);
  const space = openSpace(config.mode, config.child);
  const { task, image, mean, deviation } = data;
  const context = { input: image, classes: data.classes.length, config: config.child };
  const augment = { ...config.augment, flip: config.augment.flip && data.flip };
  const common = { task, image, mean, deviation, augment, seed: config.seed };
  const train = new Batches(gpu, data.train, { ...common, batch: config.batch });
  const batch = Math.max(config.rewardBatch, config.evalBatch);
  const valid = new Batches(gpu, data.valid, { ...common, batch });
  const shared = { gpu, space, config, context, train, valid };
  const { description, driver, fallback } = gpu.adapter;
  const trains = config.evaluator.kind === "train";
  const sizes = sizesIn(space, context);
  const evaluator: SharedEvaluator<unknown> | TrainEvaluator<unknown> = trains
    ? new TrainEvaluator(shared)
    : new SharedEvaluator(shared);
  const strategy = await openStrategy(config, space, {
    gpu,
    fidelities: evaluator instanceof TrainEvaluator ? evaluator.fidelities : [],
    cacheDir: io.cacheDir,
    signal: io.signal,
  });
  return {
    config,
    space,
    evaluator,
    strategy,
    fits: limits(config, sizes),
    objectives: furtherObjectives(config, sizes),
    scoreKind: trains ? "trained-briefly" : "shared-weights",
    async warmStart() {
      const earlier = earlierWeights(config, io);
      if (!earlier) return null;
      if (evaluator instanceof SharedEvaluator) return await evaluator.startFrom(earlier);
      throw new UsageError(
        "Cannot start from earlier weights: evaluator train begins each network anew; leave out --init-from",
      );
    },
    async *compile() {
      const policy = gpu.dryRun(() => strategy.dryRun?.(config.perRound));
      yield* compileAhead(gpu, [...policy, ...await evaluator.dryRun()], io.signal);
    },
    figures: () => evaluator.figures(),
    archFields: archFieldsOf(config, data),
    start: {
      space: space.name,
      strategy: config.strategy,
      evaluator: config.evaluator.kind,
      adapter: { description, driver, fallback },
      data: describeData(data),
      epochs: config.epochs,
      stepsPerEpoch: evaluator instanceof SharedEvaluator ? evaluator.stepsPerEpoch : 0,
      parameters: evaluator instanceof SharedEvaluator ? evaluator.parameters : 0,
    },
  };
}

/** What the architecture file of a search records beside the choice. */
export function archFieldsOf(
  config: SearchConfig,
  { image, classes, task }: Pick<DataSet, "image" | "classes" | "task">,
): SearchParts<unknown>["archFields"] {
  const { stem, layers, filters, branches, blocks } = config.child;
  return {
    format: "denas-arch",
    version: 1,
    space: config.mode,
    input: [...image],
    classes: [...classes],
    task,
    stem,
    layers,
    filters,
    branches,
    blocks,
    data: config.data,
    seed: config.seed,
    strategy: config.strategy,
  };
}
