/**
 * Evaluation with shared weights: one supernet, of which every minibatch trains the weights of one sampled
 * child (Pham et al. 2018, section 2.2). Only the sampled child runs.
 */
import type { Batch, Batches } from "../../data/batches.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { Dispatch } from "../../gpu/programs.ts";
import { WeightStore } from "../../nn/weights.ts";
import type { SearchConfig } from "../config.ts";
import type { Evaluator } from "../evaluator.ts";
import type { RunEvent } from "../events.ts";
import { mergeStates, partOf } from "../progress.ts";
import { someArchitectures } from "../sampling.ts";
import type { BuildContext, Model, Pass, SearchSpace } from "../space.ts";
import { type EarlierWeights, startFrom } from "../warm_start.ts";
import type { Score, State, Strategy } from "../strategy.ts";
import { learningRate, Scorer, type Tally, Trainer } from "../training.ts";

export interface SharedParts<A> {
  gpu: Gpu;
  space: SearchSpace<A>;
  config: SearchConfig;
  context: Omit<BuildContext, "weights">;
  train: Batches;
  valid: Batches;
}

/**
 * Where training stands; `choices` are the architectures drawn for the present epoch. The epoch counts on its
 * own: a checkpoint after its last step, but before the loop takes over, must not begin the next one.
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
    space.supernet(this.#context());
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

  get steps(): number {
    return this.stepsPerEpoch * this.parts.config.epochs;
  }

  /** Of an epoch of the search, which may be several passes over the training images. */
  get stepsPerEpoch(): number {
    return this.parts.train.stepsPerEpoch * this.parts.config.passes;
  }

  figures(): { step: number; trainedImages: number; peakBytes: number } {
    const { step, trainedImages } = this.#saved;
    return { step, trainedImages, peakBytes: this.parts.gpu.counters.bufferBytes };
  }

  /** What training and scoring of some children dispatch: nearly all kernels of the search. */
  dryRun(): Dispatch[] {
    const { gpu, space, config, train, valid } = this.parts;
    const sizes = new Set([config.rewardBatch, config.evalBatch]);
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

  async score(
    archs: readonly A[],
    on: "reward" | "selection",
    signal: AbortSignal,
  ): Promise<Score[]> {
    if (!archs.length) return [];
    const { config, valid } = this.parts;
    const models = archs.map((a) => this.#build(a));
    const score = (models: Model[], batches: Iterable<Batch>) =>
      this.#scorer.score(models, batches, this.#pass(false), signal);
    const tallies: Tally[] = [];
    if (config.ownBatches) {
      for (const model of models) tallies.push(...await score([model], this.#rewardBatches()));
    } else {
      tallies.push(
        ...await score(
          models,
          on === "reward"
            ? this.#rewardBatches()
            : valid.sequential(config.selection.images || valid.n, config.evalBatch),
        ),
      );
    }
    return tallies.map(({ loss, accuracy }) => ({ value: accuracy, loss }));
  }

  async policyScore(draw: Strategy<A>["draw"], signal: AbortSignal): Promise<number> {
    const { config: { evalBatch }, valid } = this.parts;
    const archs = await draw(Math.ceil(valid.n / evalBatch));
    let correct = 0;
    for (const batch of valid.sequential(valid.n, evalBatch)) {
      const models = [this.#build(archs.pop()!)];
      const [tally] = await this.#scorer.score(models, [batch], this.#pass(false), signal);
      correct += tally.accuracy * batch.n;
    }
    return correct / valid.n;
  }

  /** Made one at a time: the next takes the place of the last on the device. */
  *#rewardBatches(): Generator<Batch> {
    const { config, valid } = this.parts;
    for (let i = 0; i < config.rewardBatches; i++) {
      yield valid.random(this.#saved.scored++, config.rewardBatch);
    }
  }

  /** Replaces first weights by earlier ones where they fit. */
  startFrom(earlier: EarlierWeights): ReturnType<typeof startFrom> {
    return startFrom(this.#store, earlier);
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
    return { ...this.parts.context, weights: this.#store };
  }

  #build(arch: A): Model {
    const { gpu, space } = this.parts;
    const model = space.build(arch, this.#context());
    if (gpu.profile) model.label = space.encode(arch).join(" ");
    return model;
  }

  #pass(training: boolean): Pass {
    const { seed, child: { rewardStatistics, rewardDropout } } = this.parts.config;
    return {
      training,
      dropout: training || rewardDropout,
      batchStatistics: training || rewardStatistics === "batch",
      seed,
      // Where dropout stays on, masks differ from one score to the next.
      step: this.#saved.step + (training ? 0 : this.#saved.scored),
      steps: this.steps,
    };
  }
}
