/**
 * Evaluation by training: each architecture is trained from scratch, briefly, and scored on the validation
 * images. All networks see the same images in the same order and start from the same seed.
 */
import type { Dispatch } from "../../gpu/programs.ts";
import * as z from "zod";
import { UsageError } from "../../common/errors.ts";
import { asOption } from "../config/as_option.ts";
import { defineEvaluator } from "../definition.ts";
import { limits, sizeOf } from "../config/limits.ts";
import { WeightStore } from "../../nn/weights.ts";
import type { Evaluator, Result, ScoredOn } from "../evaluator.ts";
import { built, evaluateEach, reasonOf, TrialError } from "../results.ts";
import { someArchitectures } from "../sampling.ts";
import type { Model, Pass } from "../space.ts";
import type { Score, State, Trial } from "../strategy.ts";
import { learningRate, Scorer, Trainer } from "../train/training.ts";
import { zeroCostNames } from "../zero_cost/mod.ts";
import type { UntrainedScorer } from "../zero_cost/scorer.ts";
import { openFilter, refusedBy } from "../zero_cost/filter.ts";
import { describeData, type ImageParts, openImages, saysOf } from "./images.ts";

const settings = z.strictObject({
  /** Epochs of training from scratch per architecture. */
  epochs: sizeOf(limits.epochs).default(1),
  /** Score of untrained networks by which each round is filtered before training; "" = none. */
  filterScore: z.enum(["", ...zeroCostNames]).default("").meta(
    asOption("train only the best of each round by this score of untrained networks (zero-cost)"),
  ),
  filterTop: z.number().gt(0).max(1).default(0.25).meta(
    asOption("share of a round's new architectures that passes --filter-score, at least one"),
  ),
});

interface Saved {
  /** Scores and reasons of failures by key: no architecture is trained twice. */
  scores: Record<string, Score>;
  failures: Record<string, string>;
  /** Keys of architectures that passed the filter: longer trainings of them are not filtered again. */
  passed: string[];
  step: number;
  trainedImages: number;
}

/** A network with its own weights. */
interface Network {
  model: Model;
  trainer: Trainer;
}

export class TrainEvaluator<A> implements Evaluator<A> {
  readonly remembers = true;
  readonly oneByOne = true;
  /** A filter ranks the trials of a round together. */
  readonly ordered: boolean;
  /** Training lengths, each three times the one before, up to the full training. */
  readonly fidelities: readonly number[];
  readonly #scorer: Scorer;
  #saved: Saved = { scores: {}, failures: {}, passed: [], step: 0, trainedImages: 0 };

  /** @param filter scores untrained networks; the best share `top` of each round is trained. */
  constructor(
    private readonly parts: ImageParts<A> & { epochs: number },
    private readonly filter?: { scorer: UntrainedScorer<A>; name: string; top: number },
  ) {
    this.#scorer = new Scorer(parts.gpu);
    this.ordered = filter !== undefined;
    const { epochs } = parts;
    this.fidelities = [27, 9, 3, 1].filter((part) => epochs % part === 0).map((part) =>
      epochs / part
    );
  }

  get #epochs(): number {
    return this.parts.epochs;
  }

  figures(): { step: number; trainedImages: number; peakBytes: number } {
    const { step, trainedImages } = this.#saved;
    return { step, trainedImages, peakBytes: this.parts.gpu.counters.bufferBytes };
  }

  /** Dispatches of training and scoring some networks: nearly all kernels of the search. */
  dryRun(): Dispatch[] {
    const { gpu, space, train, valid, config } = this.parts;
    const { evalBatch, epochs, rounds, perRound } = config;
    const found: Dispatch[] = this.filter?.scorer.dryRun() ?? [];
    for (const arch of someArchitectures(space, epochs * rounds * perRound)) {
      const record = ({ model, trainer }: Network) => {
        trainer.record(model, train.next(0), this.#pass(0, 1, true), 0);
        const [batch] = valid.sequential(evalBatch, evalBatch);
        this.#scorer.record(model, batch, this.#pass(0, 1, false));
      };
      using _arena = gpu.arena();
      try {
        const network = this.#build(arch);
        found.push(...gpu.dryRun(() => record(network)));
      } catch (error) {
        // Rethrows other errors; a network that cannot be built fails as a trial later, with its reason.
        reasonOf(error);
      }
    }
    return found;
  }

  /** Trains and scores each trial. One that diverges, or whose network cannot be built, has failed. */
  async *evaluate(
    trials: readonly Trial<A>[],
    on: ScoredOn,
    signal: AbortSignal,
  ): AsyncGenerator<Result> {
    const refused = on === "reward" ? await this.#refused(trials, signal) : new Map();
    yield* refused.values();
    const passed = trials.filter(({ id }) => !refused.has(id));
    yield* evaluateEach(passed, (trial) => this.#score(trial, signal));
    // Noted at the end: a round that is resumed in its middle is filtered again as a whole.
    if (this.filter) {
      const keys = passed.map(({ arch }) => this.parts.space.key(arch));
      this.#saved.passed = [...new Set([...this.#saved.passed, ...keys])];
    }
  }

  /** Results of the trials that the filter keeps from being trained, by id. */
  async #refused(trials: readonly Trial<A>[], signal: AbortSignal): Promise<Map<number, Result>> {
    const { filter, parts: { space } } = this;
    if (!filter) return new Map();
    const passed = new Set(this.#saved.passed);
    const fresh = trials.filter(({ arch }) => !passed.has(space.key(arch)));
    const scored = [];
    for await (
      const result of evaluateEach(fresh, async ({ arch, seed }) => {
        signal.throwIfAborted();
        return { value: await filter.scorer.score(arch, seed) };
      })
    ) scored.push(result);
    return new Map(refusedBy(scored, filter).map((result) => [result.trial, result]));
  }

  async #score(trial: Trial<A>, signal: AbortSignal): Promise<Score> {
    const { arch, epochs = this.#epochs, seed } = trial;
    const brief = epochs < this.#epochs ? ` @ ${epochs}` : "";
    const key = `${this.parts.space.key(arch)}${brief}${seed === undefined ? "" : ` seed ${seed}`}`;
    const { scores, failures } = this.#saved;
    if (key in failures) throw new TrialError(failures[key]);
    try {
      return scores[key] ??= await this.#train(arch, epochs, signal, seed);
    } catch (error) {
      throw new TrialError(failures[key] = reasonOf(error), { cause: error });
    }
  }

  async #train(arch: A, epochs: number, signal: AbortSignal, seed?: number): Promise<Score> {
    const { train, valid, config } = this.parts;
    const steps = train.stepsPerEpoch * epochs;
    using _arena = this.parts.gpu.arena();
    const { model, trainer } = this.#build(arch, seed);
    for (let step = 0; step < steps; step++) {
      signal.throwIfAborted();
      const epoch = Math.floor(step / train.stepsPerEpoch);
      if (step % train.stepsPerEpoch === 0) train.startEpoch(epoch);
      const lr = learningRate(config.optimizer, epoch, step / steps);
      const batch = train.next(step);
      await trainer.step(model, batch, this.#pass(step, steps, true, seed), lr);
      this.#saved.trainedImages += batch.n;
      this.#saved.step++;
      if (trainer.full || step === steps - 1) await trainer.tally();
    }
    const batches = valid.sequential(config.selection.images || valid.n, config.evalBatch);
    const [{ accuracy, loss }] = await this.#scorer.score(
      [model],
      batches,
      this.#pass(steps, steps, false, seed),
      signal,
    );
    return { value: accuracy, loss };
  }

  snapshot(): Promise<State> {
    return Promise.resolve({ json: structuredClone(this.#saved), tensors: {} });
  }

  restore({ json }: State): Promise<void> {
    this.#saved = { ...structuredClone(json as Saved) };
    this.#saved.failures ??= {};
    this.#saved.passed ??= [];
    return Promise.resolve();
  }

  #build(arch: A, seed = this.parts.config.seed): Network {
    const { gpu, space, context, config: { optimizer, auxWeight, logEvery } } = this.parts;
    const weights = new WeightStore();
    // The same network as in a retraining.
    const model = built(() => space.build(arch, { ...context, form: "final", weights }));
    weights.materialise(gpu, seed);
    return { model, trainer: new Trainer(gpu, weights, optimizer, auxWeight, logEvery) };
  }

  #pass(step: number, steps: number, training: boolean, seed = this.parts.config.seed): Pass {
    return { training, batchStatistics: training, seed, step, steps };
  }
}

export const trainDefinition = defineEvaluator({
  name: "train",
  summary: "each architecture from scratch, briefly",
  settings,
  cost: "training",
  needsDevice: true,
  // Nothing is sampled at the end: scores do not change, and each new one costs a training.
  loop: { epochs: 1, rounds: 20, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  async open({ epochs, filterScore, filterTop }, context) {
    const { config } = context;
    const { parts, data } = await openImages(context, config.evalBatch);
    // A plug-in that trains by this definition may give no filter.
    const filter = filterScore
      ? await openFilter(context, { name: filterScore, top: filterTop })
      : undefined;
    const evaluator = new TrainEvaluator({ ...parts, epochs }, filter);
    return {
      evaluator,
      ...saysOf(data, config),
      scoreKind: "trained-briefly",
      score: {
        label: "validation accuracy after a short training",
        unit: "fraction",
        comparable: true,
      },
      dispatches: () => evaluator.dryRun(),
      figures: () => evaluator.figures(),
      warmStart() {
        if (config.initFrom === "") return Promise.resolve(null);
        throw new UsageError(
          "Cannot start from earlier weights: evaluator train begins each network anew; leave out --init-from",
        );
      },
      start: { data: describeData(data) },
    };
  },
});
