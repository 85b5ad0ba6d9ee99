/** Training steps and evaluation, shared by the supernet and by retraining. */
import { run } from "../../autodiff/run.ts";
import { Tape, type Value } from "../../autodiff/tape.ts";
import { UsageError } from "../../common/errors.ts";
import type { Batch, Batches } from "../../data/batches.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { Metrics } from "../../nn/metrics.ts";
import { Adam, Sgd } from "../../nn/optimizer.ts";
import type { PlanOptions } from "../../nn/regions.ts";
import { cosine, cosineRestarts, restartsAt, staircase, stepwise } from "../../nn/schedule.ts";
import { type SavedSums, type StepFigures, type StepMeans, StepSums } from "../../nn/step_sums.ts";
import type { WeightStore } from "../../nn/weights.ts";
import { addScaled, argmax, sigmoidCrossEntropy, softmaxCrossEntropy } from "../../ops/mod.ts";
import type { SearchConfig } from "../config/config.ts";
import { DivergedError, mergeStates, partOf, requireFinite } from "../search/progress.ts";
import type { Model, Pass } from "../space.ts";
import type { State } from "../strategy.ts";

type OptimizerConfig = SearchConfig["optimizer"];

/** Loss and accuracy over some images. */
export interface Tally {
  loss: number;
  accuracy: number;
}

/** Advice in errors about diverging training. */
const wayOut = "a smaller learning rate (--set optimizer.lrMax=…)";

/** Trains any model on the weights of one store. */
export class Trainer {
  readonly #optimizer: Sgd | Adam;
  readonly #sums: StepSums;

  /** @param logEvery number of steps whose figures are read back together. */
  constructor(
    private readonly gpu: Gpu,
    private readonly store: WeightStore,
    config: OptimizerConfig,
    private readonly auxWeight: number,
    private readonly logEvery = 10,
  ) {
    const ofTrunk = ({ name }: { name: string }) => !name.startsWith("aux/");
    // The kernel's gradient is 2·l2·w.
    const l2 = config.l2Half ? config.l2 / 2 : config.l2;
    // The released code keeps the auxiliary head out of the L2 term.
    const decays: PlanOptions["decays"] = (param) => ofTrunk(param) && param.decays !== false;
    const updates = config.freezeAux ? ofTrunk : undefined;
    if (config.algorithm === "adam" && config.decayAll) {
      throw new UsageError(
        "Cannot train with Adam and optimizer.decayAll: weights without a gradient have no moments, " +
          "expected decayAll=false or algorithm=sgd",
      );
    }
    this.#optimizer = config.algorithm === "adam"
      ? new Adam(gpu, store.slabs, { ...config, lr: config.lrMax, l2, decays, updates })
      : new Sgd(gpu, store.slabs, { ...config, l2, decays, updates });
    this.#sums = new StepSums(gpu);
  }

  /** Resets the momentum to 0, or the moments of Adam. */
  resetMomentum(): void {
    this.#optimizer.reset();
  }

  /** Whether to read the figures back now; depends only on the number of steps. */
  get full(): boolean {
    return this.#sums.steps >= this.logEvery;
  }

  /** Records and submits one step; waits only until the device can take it. */
  async step(model: Model, batch: Batch, pass: Pass, lr: number): Promise<void> {
    this.gpu.profile?.begin("training step", { architecture: model.label, step: pass.step });
    this.#sums.add(this.#update(model, batch, pass, lr, "step"));
    this.gpu.submit();
    this.gpu.profile?.end();
    await this.gpu.checkErrors();
  }

  /** Records one step without running it, for `Gpu.dryRun`. */
  record(model: Model, batch: Batch, pass: Pass, lr: number): void {
    this.#sums.record(this.#update(model, batch, pass, lr, "dryRun"));
  }

  #update(
    model: Model,
    batch: Batch,
    pass: Pass,
    lr: number,
    how: "step" | "dryRun",
  ): StepFigures {
    const tape = new Tape();
    const images = tape.input(batch.images.shape, { tensor: batch.images });
    const labels = tape.input(batch.labels.shape, { tensor: batch.labels });
    const { logits, aux } = model.forward(images, pass);
    const [loss, , hits] = crossEntropy(logits, labels);
    const total = aux ? addScaled(loss, crossEntropy(aux, labels)[0], this.auxWeight) : loss;
    const result = run(this.gpu, tape, { outputs: [loss, hits], loss: total });
    this.gpu.profile?.begin("optimizer");
    const squares = this.#optimizer[how](result.touched, lr);
    this.gpu.profile?.end();
    return { loss: result.of(loss), hits: result.of(hits), squares, images: batch.n };
  }

  /** Means over the steps since the last call. */
  async tally(): Promise<StepMeans> {
    const means = await this.#sums.take();
    const { loss, gradientNorm } = means;
    if (!Number.isFinite(loss) || Number.isNaN(gradientNorm)) {
      throw new DivergedError(
        `Cannot go on training: the loss is ${loss}, the gradient's norm ${gradientNorm}; the last checkpoint is good, try ${wayOut}`,
      );
    }
    return means;
  }

  /**
   * Weights, running statistics, momentum, and the sums of the steps since the last `tally`.
   * @throws DivergedError where any of them is NaN or infinite.
   */
  async snapshot(): Promise<State> {
    const sums = await this.#sums.snapshot();
    const state = mergeStates({
      weights: { json: null, tensors: await this.store.tensors() },
      optimizer: await this.#optimizer.snapshot(),
      sums: { json: sums, tensors: {} },
    });
    const figures = { shape: [3], data: Float32Array.from(sums.values) };
    requireFinite({ ...state.tensors, figures }, wayOut);
    return state;
  }

  restore(state: State): void {
    this.store.load(partOf(state, "weights").tensors);
    this.#optimizer.restore(partOf(state, "optimizer"));
    this.#sums.restore(partOf(state, "sums").json as SavedSums);
  }
}

/** Cross-entropy: softmax for class indices, a sigmoid per class for rows of 0 and 1, as in `Batch.labels`. */
export function crossEntropy(
  logits: Value,
  labels: Value,
): [mean: Value, losses: Value, hits: Value] {
  return labels.shape.length === 2
    ? sigmoidCrossEntropy(logits, labels)
    : softmaxCrossEntropy(logits, labels);
}

/**
 * Mean loss per image and share of correct images.
 * @param rows [mean loss, number correct] of each batch.
 */
function summarise(rows: ArrayLike<number>[], images: number[]): Tally {
  const all = images.reduce((a, b) => a + b, 0);
  let loss = 0, correct = 0;
  images.forEach((n, i) => {
    loss += rows[i][0] * n;
    correct += rows[i][1];
  });
  return { loss: loss / all, accuracy: correct / all };
}

/**
 * Learning rate of an epoch. Schedules step once per epoch (Q16), except the single cosine.
 * @param progress share of all steps that is done.
 * @param first whether this is the first step of the epoch.
 */
export function learningRate(
  config: OptimizerConfig,
  epoch: number,
  progress: number,
  first = false,
): number {
  const { lrMax, lrMin, t0, tMul, restartTransient } = config;
  switch (config.schedule) {
    case "cosine":
      return cosine(progress, { lrMax, lrMin });
    case "cosine-restarts":
      // The released graph counts the epochs of the old cycle against the length of the new one.
      return restartTransient && first && restartsAt(epoch, { t0, tMul })
        ? cosine(1 / tMul, { lrMax, lrMin })
        : cosineRestarts(epoch, { lrMax, lrMin, t0, tMul });
    case "steps":
      return stepwise(epoch, { lrMax, steps: config.lrSteps });
    case "staircase":
      return staircase(epoch, { lrMax, decay: config.lrDecay, every: config.lrDecayEvery });
    case "constant":
      return lrMax;
  }
}

/** Number of batch figures read back together in scoring. */
const SCORE_SLOTS = 1024;

/** Scores models on batches. */
export class Scorer {
  readonly #metrics: Metrics;

  constructor(private readonly gpu: Gpu) {
    this.#metrics = new Metrics(gpu, SCORE_SLOTS, 2);
  }

  /** Scores all models on the same batches, each batch prepared once. Returns a tally per model. */
  async score(
    models: readonly Model[],
    batches: Iterable<Batch>,
    pass: Pass,
    signal?: AbortSignal,
  ): Promise<Tally[]> {
    const rows: ArrayLike<number>[][] = models.map(() => []);
    const images: number[] = [];
    const pending: number[] = [];
    const flush = async () => {
      const read = await this.#metrics.read(pending.length);
      pending.forEach((m, i) => rows[m].push(read[i]));
      pending.length = 0;
    };
    for (const batch of batches) {
      images.push(batch.n);
      for (const [m, model] of models.entries()) {
        signal?.throwIfAborted();
        this.gpu.profile?.begin("scoring", { architecture: model.label });
        this.record(model, batch, pass, pending.length);
        this.gpu.submit();
        this.gpu.profile?.end();
        pending.push(m);
        await this.gpu.checkErrors();
        if (pending.length === SCORE_SLOTS) await flush();
      }
    }
    await flush();
    return rows.map((r) => summarise(r, images));
  }

  /** Records the scoring of one batch without running it, for `Gpu.dryRun`. */
  record(model: Model, batch: Batch, pass: Pass, slot = 0): void {
    const tape = new Tape();
    const images = tape.input(batch.images.shape, { tensor: batch.images });
    const labels = tape.input(batch.labels.shape, { tensor: batch.labels });
    const [loss, , hits] = crossEntropy(model.forward(images, pass).logits, labels);
    const result = run(this.gpu, tape, { outputs: [loss, hits] });
    this.#metrics.record(slot, [result.of(loss), result.of(hits)]);
  }
}

/** Predicted class of each image, in the order of the set. */
export async function predict(
  gpu: Gpu,
  model: Model,
  batches: Batches,
  pass: Pass,
): Promise<Uint32Array> {
  const all = new Uint32Array(batches.n);
  let at = 0;
  for (const batch of batches.sequential()) {
    const tape = new Tape();
    const images = tape.input(batch.images.shape, { tensor: batch.images });
    const classes = argmax(model.forward(images, pass).logits);
    const result = run(gpu, tape, { outputs: [classes] });
    const [indices] = await gpu.readU32([result.of(classes)]);
    all.set(indices, at);
    at += batch.n;
  }
  return all;
}

/** Logits before sigmoid or softmax, a row of classes for each image, in the order of the set. */
export async function logitsOf(
  gpu: Gpu,
  model: Model,
  batches: Batches,
  pass: Pass,
): Promise<Float32Array> {
  const rows: Float32Array[] = [];
  for (const batch of batches.sequential()) {
    rows.push(...await gpu.read([recordLogits(gpu, model, batch.images, pass)]));
  }
  const all = new Float32Array(rows.reduce((n, row) => n + row.length, 0));
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  return all;
}

/** Records the logits of a batch of images. */
export function recordLogits(gpu: Gpu, model: Model, images: Tensor, pass: Pass): Tensor {
  const tape = new Tape();
  const { logits } = model.forward(tape.input(images.shape, { tensor: images }), pass);
  return run(gpu, tape, { outputs: [logits] }).of(logits);
}
