/**
 * Evaluation with shared weights: one supernet, in which each minibatch trains the weights of one sampled
 * child (Pham et al. 2018, section 2.2). Only the sampled child runs.
 */
import * as z from "zod";
import type { Batch } from "../../data/batches.ts";
import type { Dispatch } from "../../gpu/programs.ts";
import { WeightStore } from "../../nn/weights.ts";
import { defineEvaluator } from "../definition.ts";
import { limits, sizeOf } from "../config/limits.ts";
import type { Evaluator, Result, ScoredOn } from "../evaluator.ts";
import type { RunEvent } from "../events.ts";
import { mergeStates, partOf } from "../search/progress.ts";
import { built, reasonOf } from "../results.ts";
import { someArchitectures } from "../sampling.ts";
import type { BuildContext, Model, Pass } from "../space.ts";
import { declareSupernet } from "../supernet.ts";
import { type EarlierWeights, earlierWeights, startFrom } from "../train/warm_start.ts";
import { describeData, type ImageParts, openImages, saysOf } from "./images.ts";
import type { State, Strategy, Trial } from "../strategy.ts";
import { learningRate, Scorer, type Tally, Trainer } from "../train/training.ts";

const settings = z.strictObject({
  /** Passes over the training images in each epoch of the search. */
  passes: sizeOf(limits.epochs).default(1),
  /**
   * Validation images per reward: `rewardBatches` minibatches of `rewardBatch`, the same for a whole round.
   */
  rewardBatch: sizeOf(limits.batch).default(160),
  rewardBatches: sizeOf(limits.batch).default(1),
  /** Score each architecture on a random minibatch of its own, at the end too, as released (Q17). */
  ownBatches: z.boolean().default(false),
  /** After each epoch, score all validation images, each batch under another sampled architecture (Q18). */
  policyEvaluation: z.boolean().default(false),
  /** Batch-norm statistics in scoring: the batch's own, or running ones that all children share (Q5). */
  rewardStatistics: z.enum(["batch", "running"]).default("batch"),
  /** Keep dropout on when search children are scored (Q7). */
  rewardDropout: z.boolean().default(false),
});
export type SharedSettings = z.output<typeof settings>;

export type SharedParts<A> = ImageParts<A> & { settings: SharedSettings };

/**
 * Position of the training; `choices` are the architectures sampled for the current epoch. The evaluator has
 * its own epoch count: a checkpoint after an epoch's last step, but before the loop counts it, must not start
 * the next one.
 */
interface Saved {
  epoch: number;
  step: number;
  choices: number[][];
  scored: number;
  trainedImages: number;
}

export class SharedEvaluator<A> implements Evaluator<A> {
  readonly #store = new WeightStore();
  readonly #trainer: Trainer;
  readonly #scorer: Scorer;
  #saved: Saved = { epoch: 0, step: 0, choices: [], scored: 0, trainedImages: 0 };

  constructor(private readonly parts: SharedParts<A>) {
    const { gpu, space, config } = parts;
    declareSupernet(space, this.#context());
    this.#store.materialise(gpu, config.seed);
    this.#trainer = new Trainer(
      gpu,
      this.#store,
      config.optimizer,
      config.auxWeight,
      config.logEvery,
    );
    this.#scorer = new Scorer(gpu);
  }

  /** Trainable parameters of the whole supernet. */
  get parameters(): number {
    return this.#store.parameters();
  }

  get rewardImages(): number {
    const { rewardBatch, rewardBatches } = this.parts.settings;
    return rewardBatch * rewardBatches;
  }

  /** Random minibatches of their own follow one sequence. */
  get ordered(): boolean {
    return this.parts.settings.ownBatches;
  }

  get steps(): number {
    return this.stepsPerEpoch * this.parts.config.epochs;
  }

  /** Steps per epoch of the search, which may be several passes over the training images. */
  get stepsPerEpoch(): number {
    return this.parts.train.stepsPerEpoch * this.parts.settings.passes;
  }

  figures(): { step: number; trainedImages: number; peakBytes: number } {
    const { step, trainedImages } = this.#saved;
    return { step, trainedImages, peakBytes: this.parts.gpu.counters.bufferBytes };
  }

  /** Dispatches of training and scoring some children: nearly all kernels of the search. */
  dryRun(): Dispatch[] {
    const { gpu, space, config, settings, train, valid } = this.parts;
    const sizes = new Set([settings.rewardBatch, config.evalBatch]);
    return gpu.dryRun(() => {
      for (const arch of someArchitectures(space)) {
        const model = this.#build(arch);
        this.#trainer.record(model, train.next(0), this.#pass(true), 0);
        for (const size of sizes) {
          this.#scorer.record(model, valid.random(0, size), this.#pass(false));
        }
      }
    });
  }

  async *prepare(draw: Strategy<A>["draw"]): AsyncIterable<RunEvent | null> {
    const { space, config, train } = this.parts;
    const perEpoch = this.stepsPerEpoch;
    const { epoch } = this.#saved;
    let pass = -1;
    if (this.#saved.step === epoch * perEpoch) {
      this.#saved.choices = (await draw(perEpoch)).map((a) => space.encode(a));
      if (config.optimizer.resetMomentum) this.#trainer.resetMomentum();
    }
    let images = 0;
    let from = performance.now();
    while (this.#saved.step < (epoch + 1) * perEpoch) {
      const { step } = this.#saved;
      if (Math.floor(step / train.stepsPerEpoch) !== pass) {
        pass = Math.floor(step / train.stepsPerEpoch);
        train.startEpoch(pass);
      }
      const lr = learningRate(
        config.optimizer,
        epoch,
        step / this.steps,
        step === epoch * perEpoch,
      );
      const batch = train.next(step);
      const model = this.#build(space.decode(this.#saved.choices[step % perEpoch]));
      await this.#trainer.step(model, batch, this.#pass(true), lr);
      images += batch.n;
      this.#saved.trainedImages += batch.n;
      this.#saved.step++;
      if (!this.#trainer.full && this.#saved.step < (epoch + 1) * perEpoch) {
        yield null;
        continue;
      }
      const { loss, accuracy, gradientNorm } = await this.#trainer.tally();
      yield {
        type: "step",
        epoch,
        step: this.#saved.step,
        steps: this.steps,
        loss,
        trainAccuracy: accuracy,
        gradientNorm,
        learningRate: lr,
        imagesPerSecond: images * 1000 / (performance.now() - from),
        secondsLeft: 0,
      };
      [images, from] = [0, performance.now()];
    }
    this.#saved.epoch++;
  }

  /**
   * Scores all trials on the same images, except with `ownBatches`. A network that cannot be built is a
   * failure.
   */
  async *evaluate(
    trials: readonly Trial<A>[],
    on: ScoredOn,
    signal: AbortSignal,
  ): AsyncGenerator<Result> {
    const models = new Map<number, Model>();
    for (const { id: trial, arch } of trials) {
      try {
        models.set(trial, built(() => this.#build(arch)));
      } catch (error) {
        yield { trial, seconds: 0, status: "failed", reason: reasonOf(error) };
      }
    }
    if (!models.size) return;
    const from = performance.now();
    const tallies = await this.#tallies([...models.values()], on, signal);
    const seconds = (performance.now() - from) / 1000 / models.size;
    for (const [i, trial] of [...models.keys()].entries()) {
      const { accuracy: value, loss } = tallies[i];
      yield { trial, seconds, status: "ok", score: { value, loss } };
    }
  }

  async #tallies(models: Model[], on: ScoredOn, signal: AbortSignal): Promise<Tally[]> {
    const { config, settings, valid } = this.parts;
    const score = (models: Model[], batches: Iterable<Batch>) =>
      this.#scorer.score(models, batches, this.#pass(false), signal);
    if (settings.ownBatches) {
      const tallies: Tally[] = [];
      for (const model of models) tallies.push(...await score([model], this.#rewardBatches()));
      return tallies;
    }
    const chosen = () => valid.sequential(config.selection.images || valid.n, config.evalBatch);
    return await score(models, on === "reward" ? this.#rewardBatches() : chosen());
  }

  /**
   * Accuracy of the policy over all validation images.
   * @returns undefined unless the settings ask for it.
   */
  async policyScore(draw: Strategy<A>["draw"], signal: AbortSignal): Promise<number | undefined> {
    const { config: { evalBatch }, settings, valid } = this.parts;
    if (!settings.policyEvaluation) return undefined;
    const archs = await draw(Math.ceil(valid.n / evalBatch));
    let correct = 0;
    for (const batch of valid.sequential(valid.n, evalBatch)) {
      const models = [this.#build(archs.pop()!)];
      const [tally] = await this.#scorer.score(models, [batch], this.#pass(false), signal);
      correct += tally.accuracy * batch.n;
    }
    return correct / valid.n;
  }

  /** Makes batches one at a time, since each overwrites the last one on the device. */
  *#rewardBatches(): Generator<Batch> {
    const { settings, valid } = this.parts;
    for (let i = 0; i < settings.rewardBatches; i++) {
      yield valid.random(this.#saved.scored++, settings.rewardBatch);
    }
  }

  /** Replaces initial weights by earlier ones where they fit. */
  startFrom(earlier: EarlierWeights): ReturnType<typeof startFrom> {
    return startFrom(this.#store, earlier);
  }

  /** Weights and running statistics, without what only training needs. */
  async giveWeights(): Promise<State> {
    const { step, scored } = this.#saved;
    return { json: { step, scored }, tensors: await this.#store.tensors() };
  }

  takeWeights({ json, tensors }: State): void {
    this.#saved = { ...this.#saved, ...json as Pick<Saved, "step" | "scored"> };
    this.#store.load(tensors);
  }

  async snapshot(): Promise<State> {
    return mergeStates({
      training: { json: this.#saved, tensors: {} },
      trainer: await this.#trainer.snapshot(),
    });
  }

  restore(state: State): Promise<void> {
    this.#saved = structuredClone(partOf(state, "training").json as Saved);
    this.#trainer.restore(partOf(state, "trainer"));
    return Promise.resolve();
  }

  #context(): BuildContext {
    const { context, settings } = this.parts;
    const sharedStatistics = settings.rewardStatistics === "running";
    return { ...context, weights: this.#store, sharedStatistics };
  }

  #build(arch: A): Model {
    const { gpu, space } = this.parts;
    const model = space.build(arch, this.#context());
    if (gpu.profile) model.label = space.encode(arch).join(" ");
    return model;
  }

  #pass(training: boolean): Pass {
    const { config: { seed }, settings: { rewardStatistics, rewardDropout } } = this.parts;
    return {
      training,
      dropout: training || rewardDropout,
      batchStatistics: training || rewardStatistics === "batch",
      seed,
      // A step of its own gives each score other dropout masks, where dropout stays on.
      step: this.#saved.step + (training ? 0 : this.#saved.scored),
      steps: this.steps,
    };
  }
}

export const sharedDefinition = defineEvaluator({
  name: "shared",
  summary: "with weights that all architectures share, trained as the search goes on",
  settings,
  cost: "pass",
  needsDevice: true,
  async open(given, context) {
    const { config, io } = context;
    const { parts, data } = await openImages(
      context,
      Math.max(given.rewardBatch, config.evalBatch),
    );
    const evaluator = new SharedEvaluator({ ...parts, settings: given });
    return {
      evaluator,
      ...saysOf(data, config),
      scoreKind: "shared-weights",
      score: { label: "accuracy with shared weights", unit: "fraction", comparable: false },
      dispatches: () => evaluator.dryRun(),
      figures: () => evaluator.figures(),
      warmStart() {
        const earlier = earlierWeights(config, io);
        return Promise.resolve(earlier && evaluator.startFrom(earlier));
      },
      start: {
        data: describeData(data),
        stepsPerEpoch: evaluator.stepsPerEpoch,
        parameters: evaluator.parameters,
      },
    };
  },
});
