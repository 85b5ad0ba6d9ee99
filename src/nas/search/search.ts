/** Opens the parts of a search from its config: device, space, strategy, evaluator. */
import type { DataSet } from "../../data/dataset.ts";
import type { FindOptions } from "../../data/find.ts";
import type { PictureReading } from "../../data/picture_reader.ts";
import { Gpu } from "../../gpu/device.ts";
import type { ArchFile } from "../arch_formats/arch_file.ts";
import type { Evaluator, TrialCheckpoints } from "../evaluator.ts";
import { withUntrained } from "../zero_cost/untrained_trials.ts";
import { compileAhead } from "./compiling.ts";
import type { SearchConfig } from "../config/config.ts";
import type { RunEvent } from "../events.ts";
import { searchLoop, type SearchParts } from "./loop.ts";
import { furtherObjectives, limits, openStrategy, sizesIn } from "./parts.ts";
import type { EvaluatorContext, OpenEvaluator } from "../definition.ts";
import { openedEvaluator } from "../plugin_open.ts";
import { evaluators, openSpace, strategies } from "../registry.ts";
import type { Store } from "./store.ts";
import type { State } from "../strategy.ts";
import type { EarlierWeights } from "../train/warm_start.ts";

/** Inputs of a run from its caller. */
export interface RunIO {
  signal: AbortSignal;
  store: Store;
  /** Search paths of data sets and callbacks for reading them; needed unless `dataset` is given. */
  find?: FindOptions & PictureReading;
  /** A device that is already open, or a data set that is already loaded. */
  gpu?: Gpu;
  dataset?: DataSet;
  /** Cache folder for data read from large tables. */
  cacheDir?: string;
  /** Reads the weights of the run named by the config (`initFrom`). */
  initial?(): EarlierWeights;
  /** Joins an opened search to others that work on the same task. */
  share?(parts: SearchParts<unknown>): SearchParts<unknown>;
  /**
   * Wraps the evaluator so that trials are evaluated elsewhere, in other processes or on other machines.
   * @throws UsageError where this evaluator's trials cannot be handed out.
   */
  distribute?(opened: OpenEvaluator, context: EvaluatorContext): OpenEvaluator;
  /** Keeps the state of the trial that is evaluated; for hosts that evaluate one trial at a time. */
  checkpoints?: TrialCheckpoints;
  /** Minutes of search after which no more trials are asked for, over all interruptions. */
  minutes?: number;
  /** Receives the weights of a retraining before its first step, every `every` steps, and at its end. */
  snapshots?: { every: number; save(step: number, tensors: State["tensors"]): void };
}

/** Runs a search from its config: opens the device and the data, then yields the events of the loop. */
export async function* search(config: SearchConfig, io: RunIO): AsyncGenerator<RunEvent> {
  const run = async function* (gpu: Gpu | null) {
    const parts = await openSearch(config, gpu, io);
    yield* searchLoop(io.share?.(parts) ?? parts, io);
  };
  if (!needsDevice(config)) return yield* run(null);
  const opened = await openDevice(config.adapter, io.gpu);
  try {
    yield* run(opened.gpu);
  } finally {
    opened.done();
  }
}

/** Whether the evaluator or the strategy of a search needs a device. */
export const needsDevice = ({ evaluator, strategy }: SearchConfig): boolean =>
  evaluators.get(evaluator.kind).needsDevice || strategies.get(strategy.kind).needsDevice === true;

/**
 * Opens the device of the config, or returns the caller's; `done` closes it if it was opened here.
 * @param timestamps whether the run is profiled.
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

/**
 * Opens the parts of a search; `searchLoop` runs them.
 * @param gpu null where neither evaluator nor strategy needs one.
 */
export async function openSearch(
  config: SearchConfig,
  gpu: Gpu | null,
  io: EvaluatorContext["io"] & Pick<RunIO, "distribute">,
): Promise<SearchParts<unknown>> {
  const { kind, ...settings } = config.evaluator;
  const space = openSpace(config.space);
  const context = { config, space, io, gpu };
  const local = await openedEvaluator(evaluators.get(kind), settings, context);
  const opened = io.distribute?.(local, context) ?? local;
  const { target, warmStart, scoreKind, unfit, report } = opened;
  const evaluator = await withUntrainedScores(opened.evaluator, context);
  const sizes = sizesIn(space, { ...target, form: "search" });
  const plain = await openStrategy(config, space, {
    gpu,
    fidelities: evaluator.fidelities,
    cacheDir: io.cacheDir,
    signal: io.signal,
  });
  const strategy = opened.inheritance?.around(plain) ?? plain;
  return {
    config,
    space,
    evaluator,
    strategy,
    sizes,
    fits: limits(config, sizes),
    objectives: furtherObjectives(config, sizes, opened.column),
    scoreKind,
    unfit,
    report,
    spentEpochs: opened.inheritance && (() => opened.inheritance!.epochs),
    warmStart,
    async *compile() {
      if (!gpu) return;
      const policy = gpu.dryRun(() => strategy.dryRun?.(config.perRound));
      yield* compileAhead(gpu, [...policy, ...opened.dispatches?.() ?? []], io.signal);
    },
    figures: opened.figures,
    archFields: archFieldsOf(config, opened.arch),
    start: {
      space: space.name,
      strategy: config.strategy.kind,
      evaluator: kind,
      ...gpu && evaluators.get(kind).needsDevice && { adapter: adapterOf(gpu) },
      epochs: config.epochs,
      stepsPerEpoch: 0,
      parameters: 0,
      score: opened.score,
      ...opened.start,
    },
  };
}

/** The evaluator, with the scores of untrained networks if the strategy asks for them. */
async function withUntrainedScores(
  evaluator: Evaluator<unknown>,
  { config, space, io, gpu }: EvaluatorContext,
): Promise<Evaluator<unknown>> {
  const { untrained } = strategies.get(config.strategy.kind);
  if (untrained === undefined || !gpu) return evaluator;
  const { firstBatch, ZeroCostEvaluator } = await import("../evaluators/zero_cost_evaluator.ts");
  const first = await firstBatch({ config, io, gpu }, config.batch);
  const parts = { gpu, space, seed: config.seed, first };
  return withUntrained(evaluator, new ZeroCostEvaluator(parts, untrained));
}

/** Description of the device in events. */
export function adapterOf({ adapter: { description, driver, fallback } }: Gpu) {
  return { description, driver, fallback };
}

/** Fields of a search's architecture file beside the choice. */
export function archFieldsOf(
  config: SearchConfig,
  of: Pick<ArchFile, "input" | "classes" | "task" | "data">,
): SearchParts<unknown>["archFields"] {
  const { kind, ...settings } = config.space;
  return {
    format: "denas-arch",
    version: 2,
    space: kind,
    settings,
    ...of,
    seed: config.seed,
    strategy: config.strategy.kind,
  };
}
