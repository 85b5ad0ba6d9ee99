/**
 * Trains one architecture from scratch: the last stage of a search (Pham et al. 2018, section 3.2). Yields
 * events and keeps its state in a `Store`. The test set is read once, at the very end, unless
 * `evalTestEachEpoch` is set.
 */
import type { Batches } from "../../data/batches.ts";
import type { DataSet } from "../../data/dataset.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { WeightStore } from "../../nn/weights.ts";
import type { ArchFile } from "../arch_formats/arch_file.ts";
import { compileAhead } from "../search/compiling.ts";
import type { RetrainConfig } from "../config/config.ts";
import { addStep, type EpochSums, startSums, takeMeans } from "./epoch_figures.ts";
import type { RunEvent } from "../events.ts";
import { buildNetwork, formatNetworkFile, type NetworkFile, networkOf } from "./network.ts";
import { batchesOf, NetworkEvaluation } from "./network_evaluation.ts";
import { Checkpoints, Clock, mergeStates, partOf } from "../search/progress.ts";
import { describeData, openData } from "./data_of.ts";
import { adapterOf, openDevice, type RunIO } from "../search/search.ts";
import type { Model, Pass } from "../space.ts";
import type { State } from "../strategy.ts";
import { learningRate, Trainer } from "./training.ts";
import { earlierWeights, startFrom } from "./warm_start.ts";

/**
 * Runs a retraining.
 * @throws UsageError where the architecture does not fit space, data or config.
 */
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

const LOOKED =
  "the test images are looked at after every epoch (evalTestEachEpoch): what is chosen by " +
  "these figures makes the test accuracy at the end look better than it is";

/** Position of a retraining. */
interface Position {
  epoch: number;
  step: number;
  trainedImages: number;
  seconds: number;
  sums: EpochSums;
  learningRate: number;
}

class Retraining {
  #at: Position = {
    epoch: 0,
    step: 0,
    trainedImages: 0,
    seconds: 0,
    sums: startSums(),
    learningRate: 0,
  };
  readonly #clock = new Clock();
  readonly #network: NetworkFile;
  readonly #store: WeightStore;
  readonly #model: Model;
  readonly #trainer: Trainer;
  readonly #evaluation: NetworkEvaluation;
  readonly #train: Batches;
  readonly #checkpoints: Checkpoints;

  constructor(
    arch: ArchFile,
    private readonly config: RetrainConfig,
    private readonly io: RunIO,
    private readonly gpu: Gpu,
    private readonly data: DataSet,
  ) {
    this.#network = networkOf(config, arch.choice, data);
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
    const parts = { gpu, model, store: weights, data, config };
    this.#evaluation = new NetworkEvaluation(parts);
    this.#train = batchesOf(parts, data.train, config.batch);
    this.#checkpoints = new Checkpoints(io.signal, () => this.#save());
  }

  async *run(): AsyncGenerator<RunEvent> {
    const { config, data, gpu } = this;
    const saved = await this.io.store.load();
    if (saved) this.#restore(saved);
    const earlier = saved ? null : earlierWeights(this.config, this.io);
    const warm = earlier && startFrom(this.#store, earlier);
    yield {
      type: "start",
      command: "retrain",
      space: config.space.kind,
      adapter: adapterOf(gpu),
      data: describeData(data),
      epochs: config.epochs,
      stepsPerEpoch: this.#train.stepsPerEpoch,
      parameters: this.#store.parameters(),
      config,
    };
    if (saved) yield { type: "resume", fromStep: this.#at.step };
    if (warm) {
      yield warm;
      // The copied weights are saved now: a resumed run does not read the earlier one.
      yield* this.#checkpoints.at(true);
    }
    if (!saved) await this.#snapshot();
    if (config.evalTestEachEpoch) yield { type: "warn", message: LOOKED };
    yield* compileAhead(gpu, gpu.dryRun(() => this.#dryRun()), this.io.signal);
    if (this.io.signal.aborted) yield* this.#checkpoints.at(true);
    let validAccuracy: number | undefined;
    while (this.#at.epoch < config.epochs) {
      const begin = performance.now();
      yield* this.#trainEpoch();
      const due = (this.#at.epoch + 1) % config.evalEvery === 0;
      validAccuracy = due ? await this.#validate(this.#at.epoch + 1) : undefined;
      const testAccuracy = await this.#evaluation.look();
      const seconds = (performance.now() - begin) / 1000;
      yield this.#epochDone({ validAccuracy, testAccuracy, seconds });
      yield* this.#checkpoints.at(true);
    }
    validAccuracy ??= await this.#validate(config.epochs);
    await this.io.store.put("network.json", formatNetworkFile(this.#network));
    await this.io.store.put("weights.safetensors", await this.#store.tensors());
    const { best, tensors } = this.#evaluation.best;
    if (best) await this.io.store.put("weights_best.safetensors", tensors);
    const figures = await this.#evaluation.test();
    yield {
      type: "done",
      seconds: this.#clock.seconds(),
      queries: 1,
      trainedImages: this.#at.trainedImages,
      peakBytes: gpu.counters.bufferBytes,
      validAccuracy,
      ...figures,
    };
  }

  /** Records a step and a validation to find their kernels. */
  #dryRun(): void {
    this.#trainer.record(this.#model, this.#train.next(0), this.#pass, 0);
    this.#evaluation.dryRun();
  }

  get #allSteps(): number {
    return this.#train.stepsPerEpoch * this.config.epochs;
  }

  /** Trains the remaining steps of an epoch; reads figures back once in several steps. */
  async *#trainEpoch(): AsyncGenerator<RunEvent> {
    const { config } = this;
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
      await this.#trainer.step(this.#model, batch, this.#pass, at.learningRate);
      at.step++;
      at.trainedImages += batch.n;
      if (this.#snapshotDue) await this.#snapshot();
      if (this.#trainer.full || at.step === end) {
        yield await this.#stepsDone(mark);
        mark = { step: at.step, images: at.trainedImages, time: performance.now() };
      }
      yield* this.#checkpoints.at(false);
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
    const { loss, accuracy, gradientNorm } = await this.#trainer.tally();
    const ms = performance.now() - mark.time;
    const steps = at.step - mark.step;
    this.#clock.add("step", steps, ms);
    const event = {
      type: "step" as const,
      epoch: at.epoch,
      step: at.step,
      steps: this.#allSteps,
      loss,
      trainAccuracy: accuracy,
      gradientNorm,
      learningRate: at.learningRate,
      imagesPerSecond: (at.trainedImages - mark.images) * 1000 / ms,
      secondsLeft: this.#secondsLeft(),
    };
    addStep(at.sums, event, at.trainedImages);
    return event;
  }

  #epochDone(
    measured: { validAccuracy?: number; testAccuracy?: number; seconds: number },
  ): RunEvent {
    this.#at.epoch++;
    return {
      type: "epoch",
      epoch: this.#at.epoch,
      epochs: this.config.epochs,
      ...takeMeans(this.#at.sums),
      learningRate: this.#at.learningRate,
      ...measured,
    };
  }

  /** Projected time left. Validating or testing an image is taken to cost a third of training on it. */
  #secondsLeft(): number {
    const { config: { batch, epochs }, data } = this;
    const step = this.#clock.rate("step", 0);
    const validation = this.#clock.rate("validation", data.valid.n / batch * step / 3);
    const test = data.testCount / batch * step / 3;
    const steps = this.#allSteps - this.#at.step;
    return (steps * step + (epochs - this.#at.epoch) * validation + test) / 1000;
  }

  async #validate(epoch: number): Promise<number | undefined> {
    const from = performance.now();
    const accuracy = await this.#evaluation.validate(epoch);
    this.#clock.add("validation", 1, performance.now() - from);
    return accuracy;
  }

  async #save(): Promise<number> {
    this.#at.seconds = this.#clock.seconds();
    await this.io.store.save(mergeStates({
      position: { json: this.#at, tensors: {} },
      trainer: await this.#trainer.snapshot(),
      best: this.#evaluation.best.snapshot(),
    }));
    return this.#at.step;
  }

  #restore(saved: State): void {
    this.#at = { ...partOf(saved, "position").json as Position };
    this.#clock.earlier = this.#at.seconds;
    this.#trainer.restore(partOf(saved, "trainer"));
    this.#evaluation.best.restore(partOf(saved, "best"));
  }

  get #pass(): Pass {
    return {
      training: true,
      batchStatistics: true,
      seed: this.config.seed,
      step: this.#at.step,
      steps: this.#allSteps,
    };
  }
}
