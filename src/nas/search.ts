/** From a config to the parts of a search: device, data, space, strategy, evaluator. */
import { Batches } from "../data/batches.ts";
import type { DataSet } from "../data/dataset.ts";
import type { FindOptions } from "../data/find.ts";
import { loadDataSet } from "../data/load.ts";
import { UsageError } from "../errors.ts";
import { Gpu } from "../gpu/device.ts";
import type { SearchConfig } from "./config.ts";
import { describe } from "./describe.ts";
import { SharedEvaluator } from "./evaluators/shared.ts";
import type { RunEvent } from "./events.ts";
import { searchLoop, type SearchParts } from "./loop.ts";
import type { BuildContext, ChildConfig, SearchSpace } from "./space.ts";
import { spaces } from "./spaces/mod.ts";
import type { Store } from "./store.ts";
import { EnasStrategy } from "./strategies/enas.ts";
import { NnablaStrategy } from "./strategies/enas_nnabla.ts";
import { evolutionStrategy } from "./strategies/evolution.ts";
import { randomStrategy } from "./strategies/random.ts";
import type { State, Strategy } from "./strategy.ts";
import { type EarlierWeights, earlierWeights } from "./warm_start.ts";

/** What a run needs from outside. */
export interface RunIO {
  signal: AbortSignal;
  store: Store;
  /** Where data sets are looked for; needed unless `dataset` is given. */
  find?: FindOptions;
  /** A device that is already open, or a data set that is already loaded. */
  gpu?: Gpu;
  dataset?: DataSet;
  /** Reads the weights of the run that the config wants to start from (`initFrom`). */
  initial?(): EarlierWeights;
  /** A retraining hands over its weights before its first step, every so many steps, and at its end. */
  snapshots?: { every: number; save(step: number, tensors: State["tensors"]): void };
}

/** Runs a search from its config: opens the device and the data, then yields the events of the loop. */
export async function* search(config: SearchConfig, io: RunIO): AsyncGenerator<RunEvent> {
  const opened = await openDevice(config.adapter, io.gpu);
  try {
    const parts = await openSearch(config, opened.gpu, io);
    yield* searchLoop(parts, io);
  } finally {
    opened.done();
  }
}

/** The device of the config, or the caller's; `done` closes the one that was opened here. */
export async function openDevice(
  adapter: SearchConfig["adapter"],
  given: Gpu | undefined,
): Promise<{ gpu: Gpu; done: () => void }> {
  if (given) return { gpu: given, done: () => {} };
  const gpu = await Gpu.open(adapter === "default" ? {} : { adapter });
  return { gpu, done: () => gpu.close() };
}

/** The caller's data set, or the one that the config names. */
export async function openData(
  config: Pick<
    SearchConfig,
    "data" | "seed" | "image" | "normalise" | "trainImages" | "validImages"
  >,
  splits: "search" | "final",
  { dataset, find }: Pick<RunIO, "dataset" | "find">,
): Promise<DataSet> {
  const data = dataset ?? await loadData(config, splits, find);
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
  return await loadDataSet(config.data, {
    ...find,
    splits,
    seed: config.seed,
    side: config.image || undefined,
    trainLimit: config.trainImages || undefined,
    validLimit: config.validImages || undefined,
  });
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
  const evaluator = new SharedEvaluator({ gpu, space, config, context, train, valid });
  const { description, driver, fallback } = gpu.adapter;
  return {
    config,
    space,
    evaluator,
    strategy: openStrategy(config, space, gpu),
    fits: limits(config, space, context),
    async warmStart() {
      const earlier = earlierWeights(config, io);
      return earlier && await evaluator.startFrom(earlier);
    },
    figures: () => evaluator.figures(),
    archFields: archFieldsOf(config, data),
    start: {
      space: space.name,
      strategy: config.strategy,
      evaluator: "shared",
      adapter: { description, driver, fallback },
      data: describeData(data),
      epochs: config.epochs,
      stepsPerEpoch: evaluator.stepsPerEpoch,
      parameters: evaluator.parameters,
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

/** A space by its name; throws UsageError naming the known ones. */
export function openSpace(name: string, config: ChildConfig): SearchSpace<unknown> {
  const make = spaces[name];
  if (!make) {
    throw new UsageError(
      `Cannot open space ${name}: expected one of ${Object.keys(spaces).join(", ")}`,
    );
  }
  return make(config) as SearchSpace<unknown>;
}

function openStrategy(
  config: SearchConfig,
  space: SearchSpace<unknown>,
  gpu: Gpu,
): Strategy<unknown> {
  if (config.strategy === "random") return randomStrategy(space, config.seed);
  if (config.strategy === "evolution") {
    return evolutionStrategy(space, config.seed, config.evolution);
  }
  const enas = new EnasStrategy(gpu, space, config);
  return config.strategy === "enas-nnabla" ? new NnablaStrategy(enas, space) : enas;
}

/** Limits on the search child's parameters and multiply-adds per image. */
function limits(
  { maxParams, maxMacs }: SearchConfig,
  space: SearchSpace<unknown>,
  context: Omit<BuildContext, "weights">,
): (arch: unknown) => boolean {
  if (!maxParams && !maxMacs) return () => true;
  const known = new Map<string, boolean>();
  return (arch) => {
    const key = space.key(arch);
    let fits = known.get(key);
    if (fits === undefined) {
      const { parameters, macs } = describe({ space, choice: space.encode(arch), ...context });
      fits = (!maxParams || parameters <= maxParams) && (!maxMacs || macs! <= maxMacs);
      // A long search draws hundreds of thousands.
      if (known.size === 10_000) known.clear();
      known.set(key, fits);
    }
    return fits;
  };
}
