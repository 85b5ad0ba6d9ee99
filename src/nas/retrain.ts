/**
 * Trains one architecture from scratch: the last stage of a search (Pham et al. 2018, section 3.2). Yields
 * events and keeps its state in a `Store`; the test set is read once, at the very end.
 */
import { Batches } from "../data/batches.ts";
import type { DataSet, Images } from "../data/dataset.ts";
import type { Gpu } from "../gpu/device.ts";
import { WeightStore } from "../nn/weights.ts";
import type { ArchFile } from "./arch_file.ts";
import type { RetrainConfig } from "./config.ts";
import type { RunEvent } from "./events.ts";
import { Checkpoints, Clock, mergeStates, partOf } from "./progress.ts";
import { describeData, openData, openDevice, openSpace, type RunIO } from "./search.ts";
import type { Model, Pass } from "./space.ts";
import type { State } from "./strategy.ts";
import { learningRate, predict, Scorer, Trainer } from "./training.ts";

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

interface Position {
  step: number;
  trainedImages: number;
  seconds: number;
}

class Retraining {
  #at: Position = { step: 0, trainedImages: 0, seconds: 0 };
  readonly #clock = new Clock();
  readonly #store = new WeightStore();
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
    const space = openSpace(config.space, config.child);
    this.#model = space.build(space.decode(arch.choice), {
      weights: this.#store,
      input: data.image,
      classes: data.classes.length,
      config: config.child,
    });
    this.#store.materialise(gpu, config.seed);
    this.#trainer = new Trainer(gpu, this.#store, config.optimizer, config.auxWeight);
    this.#scorer = new Scorer(gpu);
    this.#train = this.#batches(data.train, true);
    this.#checkpoints = new Checkpoints(io.signal, () => this.#save());
  }

  async *run(): AsyncGenerator<RunEvent> {
    const { config, data, gpu } = this;
    const saved = await this.io.store.load();
    if (saved) this.#restore(saved);
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
    const valid = data.valid.n ? this.#batches(data.valid, false) : null;
    let validAccuracy: number | undefined;
    while (this.#at.step < this.#steps) {
      validAccuracy = yield* this.#epoch(valid);
      yield* this.#checkpoints.at(true);
    }
    validAccuracy ??= await this.#validate(valid);
    await this.io.store.put("weights.safetensors", await this.#store.tensors());
    yield await this.#test(validAccuracy);
  }

  get #steps(): number {
    return this.#train.stepsPerEpoch * this.config.epochs;
  }

  async *#epoch(valid: Batches | null): AsyncGenerator<RunEvent, number | undefined> {
    const { config } = this;
    const perEpoch = this.#train.stepsPerEpoch;
    const epoch = Math.floor(this.#at.step / perEpoch);
    const begin = performance.now();
    const total = { loss: 0, hits: 0, steps: 0 };
    let lr = 0;
    this.#train.startEpoch(epoch);
    let mark = { step: this.#at.step, time: begin, images: this.#at.trainedImages };
    while (this.#at.step < (epoch + 1) * perEpoch) {
      lr = learningRate(config.optimizer, epoch, this.#at.step / this.#steps);
      const batch = this.#train.next(this.#at.step);
      await this.#trainer.step(this.#model, batch, this.#pass(true), lr);
      this.#at.step++;
      this.#at.trainedImages += batch.n;
      const stop = this.io.signal.aborted || this.#at.step === (epoch + 1) * perEpoch;
      if (!this.#trainer.full && !stop) continue;
      const { loss, accuracy } = await this.#trainer.tally();
      const now = performance.now();
      const steps = this.#at.step - mark.step;
      this.#clock.add("step", steps, now - mark.time);
      total.loss += loss * steps;
      total.hits += accuracy * steps;
      total.steps += steps;
      yield {
        type: "step",
        epoch,
        step: this.#at.step,
        steps: this.#steps,
        loss,
        trainAccuracy: accuracy,
        learningRate: lr,
        imagesPerSecond: (this.#at.trainedImages - mark.images) * 1000 / (now - mark.time),
        secondsLeft: this.#secondsLeft(epoch),
      };
      yield* this.#checkpoints.at(false);
      mark = { step: this.#at.step, time: performance.now(), images: this.#at.trainedImages };
    }
    const validAccuracy = await this.#validate(valid);
    yield {
      type: "epoch",
      epoch: epoch + 1,
      epochs: config.epochs,
      loss: total.loss / total.steps,
      trainAccuracy: total.hits / total.steps,
      validAccuracy,
      learningRate: lr,
      seconds: (performance.now() - begin) / 1000,
    };
    return validAccuracy;
  }

  /** An image costs about a third in validation and test of what it costs in training. */
  #secondsLeft(epoch: number): number {
    const { config: { batch, epochs }, data } = this;
    const step = this.#clock.rate("step", 0);
    const validation = this.#clock.rate("validation", data.valid.n / batch * step / 3);
    const test = data.testCount / batch * step / 3;
    return ((this.#steps - this.#at.step) * step + (epochs - epoch) * validation + test) / 1000;
  }

  async #validate(valid: Batches | null): Promise<number | undefined> {
    if (!valid) return undefined;
    const from = performance.now();
    const [tally] = await this.#scorer.score([this.#model], valid.sequential(), this.#pass(false));
    this.#clock.add("validation", 1, performance.now() - from);
    return tally.accuracy;
  }

  /** Opens the test set: accuracy, per class, and the confusion matrix (row = true class). */
  async #test(validAccuracy: number | undefined): Promise<RunEvent> {
    const images = await this.data.test();
    const predicted = await predict(
      this.gpu,
      this.#model,
      this.#batches(images, false),
      this.#pass(false),
    );
    const confusion = this.data.classes.map(() => this.data.classes.map(() => 0));
    predicted.forEach((p, i) => confusion[images.labels[i]][p]++);
    const hits = confusion.map((row, c) => row[c]);
    const counts = confusion.map((row) => row.reduce((a, b) => a + b, 0));
    return {
      type: "done",
      seconds: this.#clock.seconds(),
      queries: 1,
      trainedImages: this.#at.trainedImages,
      peakBytes: this.gpu.pool.peakBytes,
      validAccuracy,
      testAccuracy: hits.reduce((a, b) => a + b, 0) / images.n,
      perClassAccuracy: hits.map((h, c) => counts[c] ? h / counts[c] : 0),
      confusion,
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
    const { image, mean, deviation, flip } = this.data;
    const { batch, seed, augment } = this.config;
    return new Batches(this.gpu, images, {
      image,
      mean,
      deviation,
      seed,
      batch,
      augment: training ? { ...augment, flip: augment.flip && flip } : null,
    });
  }

  #pass(training: boolean): Pass {
    return {
      training,
      batchStatistics: training,
      seed: this.config.seed,
      step: this.#at.step,
      steps: this.#steps,
    };
  }
}
