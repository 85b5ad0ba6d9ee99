/** Feed-forward nets with one output, on the CPU. */
import { UsageError } from "../../common/errors.ts";
import type { Rng } from "../../common/random.ts";
import {
  activate,
  type Activation,
  deactivate,
  type Dense,
  denseBackward,
  denseForward,
  denseSize,
  glorot,
  layOut,
} from "./dense.ts";
import { Adam, type AdamOptions } from "./adam.ts";

/** Rows of equal length, concatenated. */
export interface Rows {
  values: Float64Array;
  length: number;
  width: number;
}

export function rowsOf(features: readonly Float64Array[]): Rows {
  const width = features[0]?.length ?? 0;
  const values = new Float64Array(features.length * width);
  features.forEach((row, i) => values.set(row, i * width));
  return { values, length: features.length, width };
}

/** The rows with these indices. */
export function takeRows({ values, width }: Rows, numbers: ArrayLike<number>): Rows {
  const taken = new Float64Array(numbers.length * width);
  for (let i = 0; i < numbers.length; i++) {
    taken.set(values.subarray(numbers[i] * width, (numbers[i] + 1) * width), i * width);
  }
  return { values: taken, length: numbers.length, width };
}

/** Mean and deviation of each column. */
export interface Scale {
  mean: Float64Array;
  /** Standard deviation of the population; 1 for a column of equal values. */
  deviation: Float64Array;
}

export function scaleOf({ values, length, width }: Rows): Scale {
  const mean = new Float64Array(width), deviation = new Float64Array(width);
  values.forEach((v, i) => mean[i % width] += v / length);
  values.forEach((v, i) => deviation[i % width] += (v - mean[i % width]) ** 2 / length);
  return { mean, deviation: deviation.map((v) => Math.sqrt(v) || 1) };
}

/** Scales the columns of rows. With their own scale, each column gets mean 0 and deviation 1. */
export function scaleRows(rows: Rows, { mean, deviation }: Scale): Rows {
  const { values, width } = rows;
  return { ...rows, values: values.map((v, i) => (v - mean[i % width]) / deviation[i % width]) };
}

export class Mlp {
  readonly params: Float64Array;
  readonly gradient: Float64Array;
  readonly #layers: Dense[];
  /** Outputs of each layer for the last rows, and buffers for their gradients. */
  #outputs: Float64Array[] = [];
  #gradients: Float64Array[] = [];
  #room = 0;

  /**
   * @param sizes of the input and of each hidden layer.
   * @param start initialises the weights of a layer.
   */
  constructor(
    private readonly sizes: readonly number[],
    private readonly activation: Activation,
    rng: Rng,
    start: typeof glorot = glorot,
  ) {
    this.#layers = layOut([...sizes, 1]);
    const last = this.#layers[this.#layers.length - 1];
    const size = last.at + denseSize(last);
    this.params = new Float64Array(size);
    this.gradient = new Float64Array(size);
    for (const layer of this.#layers) start(this.params, layer, rng);
  }

  /** One output per row; valid until the next call. */
  forward({ values, length }: Rows): Float64Array {
    if (length > this.#room) this.#grow(length);
    this.#layers.forEach((layer, l) => {
      const y = this.#outputs[l];
      denseForward(layer, this.params, l === 0 ? values : this.#outputs[l - 1], y, length);
      if (l < this.#layers.length - 1) activate(this.activation, y, length * layer.outputs);
    });
    return this.#outputs[this.#layers.length - 1];
  }

  /** Outputs of the last hidden layer for the rows of the last `forward`. */
  hidden(rows: number): Rows {
    const width = this.sizes[this.sizes.length - 1];
    const values = this.#outputs[this.#layers.length - 2].slice(0, rows * width);
    return { values, length: rows, width };
  }

  /** Adds to `gradient`; `dy` has one value per row of the last `forward`, which had these rows. */
  backward({ values, length }: Rows, dy: Float64Array): void {
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const layer = this.#layers[l];
      const own = l === this.#layers.length - 1 ? dy : this.#gradients[l];
      if (own !== dy) {
        deactivate(this.activation, this.#outputs[l], own, length * layer.outputs);
      }
      const x = l === 0 ? values : this.#outputs[l - 1];
      const dx = l === 0 ? null : this.#gradients[l - 1];
      denseBackward(layer, this.params, this.gradient, x, own, dx, length);
    }
  }

  #grow(rows: number): void {
    this.#room = rows;
    this.#outputs = this.#layers.map(({ outputs }) => new Float64Array(rows * outputs));
    this.#gradients = this.#layers.map(({ outputs }) => new Float64Array(rows * outputs));
  }
}

export interface TrainOptions extends AdamOptions {
  epochs: number;
  batch: number;
  /**
   * Mean absolute error, mean squared error, or absolute error relative to the target's distance above
   * `LOWEST`.
   */
  loss: "mae" | "mse" | "mape";
}

/** Lower bound of errors in per cent in BANANAS' relative loss, chosen for CIFAR-10. */
const LOWEST = 4.5;

/** Derivative of each loss with respect to one row's output. */
const slopes: Record<TrainOptions["loss"], (y: number, target: number) => number> = {
  mae: (y, target) => Math.sign(y - target),
  mse: (y, target) => 2 * (y - target),
  mape: (y, target) => Math.sign(y - target) / (target - LOWEST),
};

/**
 * Trains for several epochs over the rows in random order; a last batch may be smaller.
 * @throws UsageError for loss mape and targets that are no errors above 4.5 per cent.
 */
export function trainMlp(
  net: Mlp,
  rows: Rows,
  targets: Float64Array,
  { epochs, batch, loss, ...adam }: TrainOptions,
  rng: Rng,
): void {
  const least = targets.reduce((a, b) => Math.min(a, b));
  if (loss === "mape" && least <= LOWEST) {
    throw new UsageError(
      `Cannot train a predictor with loss mape: a target is ${least}, expected errors above ${LOWEST} %; ` +
        `learn the error itself, or try mae`,
    );
  }
  const optimizer = new Adam(net.params.length, adam);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const some of batches(rows.length, batch, rng)) {
      const x = takeRows(rows, some);
      const y = net.forward(x);
      const dy = Float64Array.from(
        some,
        (row, i) => slopes[loss](y[i], targets[row]) / some.length,
      );
      net.backward(x, dy);
      optimizer.step(net.params, net.gradient);
    }
  }
}

/** Yields the indices below `length` in random order, `batch` at a time; the last batch may be smaller. */
export function* batches(length: number, batch: number, rng: Rng): Generator<Uint32Array> {
  const order = rng.permutation(length);
  for (let from = 0; from < length; from += batch) yield order.subarray(from, from + batch);
}
