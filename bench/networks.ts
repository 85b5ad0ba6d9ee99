/** Networks whose steps are timed: sampled children of a preset, with made-up images. */
import { peakBytes, run, Tape } from "../src/autodiff/mod.ts";
import type { Batch } from "../src/data/batches.ts";
import type { Gpu } from "../src/gpu/mod.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../src/nas/config/config.ts";
import { trainingSchedule } from "../src/nas/analysis/describe.ts";
import { openSpace } from "../src/nas/registry.ts";
import { uniformArchitecture } from "../src/nas/sampling.ts";
import { declareSupernet } from "../src/nas/supernet.ts";
import type { Form, Model, Pass, SearchSpace } from "../src/nas/space.ts";
import { Trainer } from "../src/nas/train/training.ts";
import { WeightStore } from "../src/nn/weights.ts";
import { Rng, Stream } from "../src/common/random.ts";

export interface Setting {
  mode: string;
  command: "search" | "retrain";
  preset: string;
  overrides?: Record<string, unknown>;
  /** Seed of the sampled architectures. */
  seed?: number;
  /** Height and width of the images; default: those of the preset's data. */
  side?: number;
  /** Default: 10. */
  classes?: number;
  /** Default: that of the mode. */
  space?: SearchSpace<unknown>;
  /** Decisions of the architecture that is trained; default: a sample. */
  choice?: readonly number[];
  /** Default: as in training. */
  dropout?: boolean;
}

/**
 * Height, width and channels of a preset's images: those of CIFAR-10 where it is the data set, else
 * Fashion-MNIST's.
 */
export const imagesOf = (data: string): [number, number, number] =>
  data === "cifar10" ? [32, 32, 3] : [28, 28, 1];

export const configOf = ({ mode, command, preset, overrides = {} }: Setting) =>
  command === "search"
    ? resolveSearchConfig({ mode, preset, overrides })
    : resolveRetrainConfig({ space: mode, preset, overrides });

/** A supernet, or for `retrain` the network of one architecture, trained on one made-up batch. */
export class Steps {
  readonly batch: Batch;
  /** Loss of the last step, or the mean of those that were run together. */
  loss = NaN;
  readonly weights = new WeightStore();
  readonly input: [number, number, number];
  readonly config: ReturnType<typeof configOf>;
  readonly space: SearchSpace<unknown>;
  readonly form: Form;
  readonly #trainer: Trainer;
  readonly #rng: Rng;
  readonly #fixed: unknown;
  readonly #dropout: boolean;
  readonly #classes: number;
  #step = 0;

  constructor(readonly gpu: Gpu, setting: Setting) {
    const { command, seed = 1, choice, classes = 10, space } = setting;
    this.#classes = classes;
    this.#dropout = setting.dropout ?? true;
    const config = this.config = configOf(setting);
    this.form = "form" in config ? config.form : "search";
    this.space = space ?? openSpace(config.space);
    const [h, w, channels] = imagesOf(config.data);
    this.input = [setting.side ?? h, setting.side ?? w, channels];
    this.#rng = new Rng(seed, Stream.search);
    this.#fixed = choice
      ? this.space.decode(choice)
      : command === "search"
      ? undefined
      : uniformArchitecture(this.space, this.#rng);
    if (command === "search") declareSupernet(this.space, this.#into());
    else this.build(this.#fixed);
    this.weights.materialise(gpu, 1);
    this.#trainer = new Trainer(gpu, this.weights, config.optimizer, config.auxWeight, 1);
    const n = config.batch;
    const pixels = Float32Array.from({ length: n * product(this.input) }, () => {
      return this.#rng.next() - 0.5;
    });
    this.batch = {
      images: gpu.upload(pixels, [n, ...this.input]),
      labels: gpu.upload(Uint32Array.from({ length: n }, (_, i) => i % classes)),
      n,
    };
  }

  /** The architecture of the next step: a new sample while searching. */
  draw(): unknown {
    return this.#fixed ?? uniformArchitecture(this.space, this.#rng);
  }

  /**
   * Runs whole training steps, until their results are read back: as in training, a step is recorded while the one
   * before is computed.
   */
  async train(arch: unknown, steps = 1): Promise<void> {
    for (let i = 0; i < steps; i++) {
      const pass = { ...this.pass, step: this.#step++ };
      await this.#trainer.step(this.build(arch), this.batch, pass, 0.01);
    }
    this.loss = (await this.#trainer.tally()).loss;
  }

  /** Runs the network on the batch as in training, without gradients; the last logits are read back. */
  async infer(arch: unknown, times = 1): Promise<void> {
    for (let i = 0; i < times; i++) {
      const tape = new Tape();
      const images = tape.input(this.batch.images.shape, { tensor: this.batch.images });
      const { logits } = this.build(arch).forward(images, this.pass);
      const result = run(this.gpu, tape, { outputs: [logits] });
      if (i === times - 1) await this.gpu.read([result.of(logits)]);
      else this.gpu.submit();
    }
  }

  /** The first step's pass. */
  get pass(): Pass {
    const { seed, steps } = { seed: 1, steps: 1000 };
    return { training: true, dropout: this.#dropout, batchStatistics: true, seed, step: 0, steps };
  }

  /** Most bytes of a step's tensors alive at once, without the pool's size classes. */
  liveBytes(arch: unknown): number {
    const model = this.space.build(arch, { ...this.#into(), weights: new WeightStore() });
    return peakBytes(trainingSchedule(model, [this.batch.n, ...this.input]), (bytes) => bytes);
  }

  build(arch: unknown): Model {
    return this.space.build(arch, this.#into());
  }

  #into() {
    return { weights: this.weights, input: this.input, classes: this.#classes, form: this.form };
  }
}

const product = (numbers: readonly number[]) => numbers.reduce((a, b) => a * b, 1);
