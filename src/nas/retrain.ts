/**
 * Trains one architecture from scratch: the last stage of a search (Pham et al. 2018, section 3.2). Yields
 * events and keeps its state in a `Store`; the test set is read once, at the very end.
 */
import { Batches } from "../data/batches.ts";
import type { DataSet, Images } from "../data/dataset.ts";
import type { Gpu } from "../gpu/device.ts";
import type { WeightStore } from "../nn/weights.ts";
import type { ArchFile } from "./arch_file.ts";
import { compileAhead } from "./compiling.ts";
import type { RetrainConfig } from "./config.ts";
import type { RunEvent } from "./events.ts";
import { buildNetwork, formatNetworkFile, type NetworkFile, networkOf } from "./network.ts";
import { Checkpoints, Clock, mergeStates, partOf } from "./progress.ts";
import { describeData, openData, openDevice, type RunIO } from "./search.ts";
import type { Model, Pass } from "./space.ts";
import type { State } from "./strategy.ts";
import { testFigures } from "./test_figures.ts";
import { learningRate, Scorer, Trainer } from "./training.ts";
import { earlierWeights, startFrom } from "./warm_start.ts";

/** Runs a retraining. Throws UsageError where the architecture does not fit space, data or config. */
export async function* retrain(
  arch: ArchFile,
  config: RetrainConfig,
  io: RunIO,
): AsyncGenerator<RunEvent> {
  const opened = await openDevice(config.adapter, io.gpu);
  try {
    const data = await openData(config, config.allTraining ? "final" : "search", io);
    yield* new Retraining(arch, config, io, opened.gpu, data).run();
  } finally {
    opened.done();
  }
}

/** Where training stands; `sums` are of the present epoch, per step. */
interface Position {
  epoch: number;
  step: number;
  trainedImages: number;
  seconds: number;
  sums: { loss: number; accuracy: number; steps: number };
  learningRate: number;
}

const noSums = { loss: 0, accuracy: 0, steps: 0 };

class Retraining {
  #at: Position = {
    epoch: 0,
    step: 0,
    trainedImages: 0,
    seconds: 0,
    sums: { ...noSums },
    learningRate: 0,
  };
  readonly #clock = new Clock();
  readonly #network: NetworkFile;
  readonly #store: WeightStore;
  readonly #model: Model;
  readonly #trainer: Trainer;
  readonly #scorer: Scorer;
  readonly #train: Batches;
  readonly #checkpoints: Checkpoints;

  constructor(
    arch: ArchFile,
    private readonly config: RetrainConfig,
    private readonly io: RunIO,
    private readonly gpu: Gpu,
    private readonly data: DataSet,
  ) {
    this.#network = networkOf(config.space, arch.choice, config.child, data);
    const { model, weights } = buildNetwork(this.#network);
    this.#model = model;
    if (gpu.profile) model.label = arch.choice.join(" ");
    this.#store = weights;
    this.#store.materialise(gpu, config.seed);
    this.#trainer = new Trainer(
      gpu,
      this.#store,
      config.optimizer,
      config.auxWeight,
      config.logEvery,
    );
    this.#scorer = new Scorer(gpu);
    this.#train = this.#batches(data.train, true);
    this.#checkpoints = new Checkpoints(io.signal, () => this.#save());
  }

  async *run(): AsyncGenerator<RunEvent> {
    const { config, data, gpu } = this;
    const saved = await this.io.store.load();
    if (saved) this.#restore(saved);
    const earlier = saved ? null : earlierWeights(this.config, this.io);
    const warm = earlier && await startFrom(this.#store, earlier);
    const { description, driver, fallback } = gpu.adapter;
    yield {
      type: "start",
      command: "retrain",
      space: config.space,
      adapter: { description, driver, fallback },
      data: describeData(data),
      epochs: config.epochs,
      stepsPerEpoch: this.#train.stepsPerEpoch,
      parameters: this.#store.parameters(),
      config,
    };
    if (saved) yield { type: "resume", fromStep: this.#at.step };
    if (warm) {
      yield warm;
      // From here on the run needs its own folder only.
      yield* this.#checkpoints.at(true);
    }
    if (!saved) await this.#snapshot();
    const valid = data.valid.n ? this.#batches(data.valid, false) : null;
    yield* compileAhead(gpu, gpu.dryRun(() => this.#dryRun(valid)), this.io.signal);
    if (this.io.signal.aborted) yield* this.#checkpoints.at(true);
    let validAccuracy: number | undefined;
    while (this.#at.epoch < config.epochs) {
      const begin = performance.now();
      yield* this.#trainEpoch();
      const due = (this.#at.epoch + 1) % config.evalEvery === 0;
      validAccuracy = due ? await this.#validate(valid) : undefined;
      yield this.#epochDone(validAccuracy, (performance.now() - begin) / 1000);
      yield* this.#checkpoints.at(true);
    }
    validAccuracy ??= await this.#validate(valid);
    await this.io.store.put("network.json", formatNetworkFile(this.#network));
    await this.io.store.put("weights.safetensors", await this.#store.tensors());
    yield await this.#test(validAccuracy);
  }

  /** Records a step and a validation, for the kernels that they need. */
  #dryRun(valid: Batches | null): void {
    this.#trainer.record(this.#model, this.#train.next(0), this.#pass(true), 0);
    const [batch] = valid?.sequential() ?? [];
    if (batch) this.#scorer.record(this.#model, batch, this.#pass(false));
  }

  get #allSteps(): number {
    return this.#train.stepsPerEpoch * this.config.epochs;
  }

  /** The steps of an epoch that are not done yet; figures are read back a few steps at a time. */
  async *#trainEpoch(): AsyncGenerator<RunEvent> {
    const { config, io: { signal } } = this;
    const at = this.#at;
    const first = at.epoch * this.#train.stepsPerEpoch;
    const end = first + this.#train.stepsPerEpoch;
    this.#train.startEpoch(at.epoch);
    let mark = { step: at.step, images: at.trainedImages, time: performance.now() };
    while (at.step < end) {
      at.learningRate = learningRate(
        config.optimizer,
        at.epoch,
        at.step / this.#allSteps,
        at.step === first,
      );
      const batch = this.#train.next(at.step);
      await this.#trainer.step(this.#model, batch, this.#pass(true), at.learningRate);
      at.step++;
      at.trainedImages += batch.n;
      if (this.#snapshotDue) await this.#snapshot();
      if (!this.#trainer.full && !signal.aborted && at.step < end) continue;
      yield await this.#stepsDone(mark);
      yield* this.#checkpoints.at(false);
      mark = { step: at.step, images: at.trainedImages, time: performance.now() };
    }
  }

  get #snapshotDue(): boolean {
    const { step } = this.#at;
    return step === this.#allSteps || step % (this.io.snapshots?.every ?? Infinity) === 0;
  }

  async #snapshot(): Promise<void> {
    this.io.snapshots?.save(this.#at.step, await this.#store.tensors());
  }

  async #stepsDone(mark: { step: number; images: number; time: number }): Promise<RunEvent> {
    const at = this.#at;
    const { loss, accuracy } = await this.#trainer.tally();
    const ms = performance.now() - mark.time;
    const steps = at.step - mark.step;
    this.#clock.add("step", steps, ms);
    at.sums.loss += loss * steps;
    at.sums.accuracy += accuracy * steps;
    at.sums.steps += steps;
    return {
      type: "step",
      epoch: at.epoch,
      step: at.step,
      steps: this.#allSteps,
      loss,
      trainAccuracy: accuracy,
      learningRate: at.learningRate,
      imagesPerSecond: (at.trainedImages - mark.images) * 1000 / ms,
      secondsLeft: this.#secondsLeft(),
    };
  }

  #epochDone(validAccuracy: number | undefined, seconds: number): RunEvent {
    const { loss, accuracy, steps } = this.#at.sums;
    this.#at.sums = { ...noSums };
    this.#at.epoch++;
    return {
      type: "epoch",
      epoch: this.#at.epoch,
      epochs: this.config.epochs,
      loss: loss / steps,
      trainAccuracy: accuracy / steps,
      validAccuracy,
      learningRate: this.#at.learningRate,
      seconds,
    };
  }

  /** An image costs about a third in validation and test of what it costs in training. */
  #secondsLeft(): number {
    const { config: { batch, epochs }, data } = this;
    const step = this.#clock.rate("step", 0);
    const validation = this.#clock.rate("validation", data.valid.n / batch * step / 3);
    const test = data.testCount / batch * step / 3;
    const steps = this.#allSteps - this.#at.step;
    return (steps * step + (epochs - this.#at.epoch) * validation + test) / 1000;
  }

  async #validate(valid: Batches | null): Promise<number | undefined> {
    if (!valid) return undefined;
    const from = performance.now();
    const [tally] = await this.#scorer.score([this.#model], valid.sequential(), this.#pass(false));
    this.#clock.add("validation", 1, performance.now() - from);
    return tally.accuracy;
  }

  /** Opens the test set. */
  async #test(validAccuracy: number | undefined): Promise<RunEvent> {
    const images = await this.data.test();
    const figures = await testFigures({
      gpu: this.gpu,
      model: this.#model,
      images,
      batches: this.#batches(images, false),
      pass: this.#pass(false),
    }, this.data);
    return {
      type: "done",
      seconds: this.#clock.seconds(),
      queries: 1,
      trainedImages: this.#at.trainedImages,
      peakBytes: this.gpu.counters.bufferBytes,
      validAccuracy,
      ...figures,
    };
  }

  async #save(): Promise<number> {
    this.#at.seconds = this.#clock.seconds();
    await this.io.store.save(mergeStates({
      position: { json: this.#at, tensors: {} },
      trainer: await this.#trainer.snapshot(),
    }));
    return this.#at.step;
  }

  #restore(saved: State): void {
    this.#at = { ...partOf(saved, "position").json as Position };
    this.#clock.earlier = this.#at.seconds;
    this.#trainer.restore(partOf(saved, "trainer"));
  }

  #batches(images: Images, training: boolean): Batches {
    const { task, image, mean, deviation, flip } = this.data;
    const { batch, evalBatch, seed, augment } = this.config;
    return new Batches(this.gpu, images, {
      task,
      image,
      mean,
      deviation,
      seed,
      batch: training ? batch : evalBatch,
      augment: { ...augment, flip: augment.flip && flip },
    });
  }

  #pass(training: boolean): Pass {
    return {
      training,
      batchStatistics: training,
      seed: this.config.seed,
      step: this.#at.step,
      steps: this.#allSteps,
    };
  }
}
