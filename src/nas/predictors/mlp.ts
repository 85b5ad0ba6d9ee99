/** Feed-forward nets with one output, on the CPU. */
import type { Rng } from "../../random.ts";
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

/** Rows of equal length, one behind the other. */
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

/** The rows with these numbers. */
export function takeRows({ values, width }: Rows, numbers: ArrayLike<number>): Rows {
  const taken = new Float64Array(numbers.length * width);
  for (let i = 0; i < numbers.length; i++) {
    taken.set(values.subarray(numbers[i] * width, (numbers[i] + 1) * width), i * width);
  }
  return { values: taken, length: numbers.length, width };
}

export class Mlp {
  readonly params: Float64Array;
  readonly gradient: Float64Array;
  readonly #layers: Dense[];
  /** Per layer its outputs for the last rows, and room for their gradients. */
  #outputs: Float64Array[] = [];
  #gradients: Float64Array[] = [];
  #room = 0;

  /** @param sizes of the input and of each hidden layer. */
  constructor(
    private readonly sizes: readonly number[],
    private readonly activation: Activation,
    rng: Rng,
  ) {
    this.#layers = layOut([...sizes, 1]);
    const last = this.#layers[this.#layers.length - 1];
    const size = last.at + denseSize(last);
    this.params = new Float64Array(size);
    this.gradient = new Float64Array(size);
    for (const layer of this.#layers) glorot(this.params, layer, rng);
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

  /** What the last hidden layer made of the rows of the last `forward`. */
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
  /** Mean absolute or mean squared error. */
  loss: "mae" | "mse";
}

/** Epochs over the rows in random order; a last batch may be smaller. */
export function trainMlp(
  net: Mlp,
  rows: Rows,
  targets: Float64Array,
  { epochs, batch, loss, ...adam }: TrainOptions,
  rng: Rng,
): void {
  const optimizer = new Adam(net.params.length, adam);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = rng.permutation(rows.length);
    for (let from = 0; from < rows.length; from += batch) {
      const some = order.subarray(from, from + batch);
      const x = takeRows(rows, some);
      const y = net.forward(x);
      const dy = Float64Array.from(some, (row, i) => {
        const miss = y[i] - targets[row];
        return (loss === "mae" ? Math.sign(miss) : 2 * miss) / some.length;
      });
      net.backward(x, dy);
      optimizer.step(net.params, net.gradient);
    }
  }
}
