/**
 * BOHAMIANN (Springenberg et al., "Bayesian Optimization with Robust Bayesian Neural Networks", NeurIPS 2016):
 * nets drawn from the posterior by scale-adapted stochastic-gradient Hamiltonian Monte Carlo.
 */
import type { Rng } from "../../random.ts";
import type { Encoding } from "../encodings/encoding.ts";
import { membersSay } from "./ensemble.ts";
import { requireFeatures } from "./kernels.ts";
import { Mlp, type Rows, rowsOf, takeRows } from "./mlp.ts";
import type { Prediction, Predictor } from "./predictor.ts";
import { type Standard, standardise } from "./targets.ts";

export interface BohamiannOptions {
  hidden: readonly number[];
  batch: number;
  /** Steps until the chain has forgotten its start; its preconditioner is adapted in them alone. */
  burnIn: number;
  /** Nets that are kept, and steps between two of them. */
  nets: number;
  every: number;
  /** Step size and friction. */
  step: number;
  friction: number;
  /** Variance of the noise in units of the targets' variance, and of the prior of the weights. */
  noise: number;
  prior: number;
}

/** Net, batch, friction as in the paper and pybnn; fewer steps, since a search fits a dozen times. */
export const bohamiannDefaults: BohamiannOptions = {
  hidden: [50, 50, 50],
  batch: 20,
  burnIn: 500,
  nets: 40,
  every: 25,
  step: 0.01,
  friction: 0.05,
  noise: 0.01,
  prior: 1,
};

export class Bohamiann<A> implements Predictor<A> {
  readonly #features: (arch: A) => Float64Array;
  #net: Mlp | null = null;
  /** Parameters of the kept nets. */
  #kept: Float64Array[] = [];
  #by: Standard = { mean: 0, deviation: 1 };

  /** @throws UsageError for an encoding without features. */
  constructor(encoding: Encoding<A>, private readonly options: BohamiannOptions) {
    this.#features = requireFeatures(encoding);
  }

  fit(archs: readonly A[], targets: Float64Array, rng: Rng): void {
    const { hidden, burnIn, nets, every } = this.options;
    const { values, by } = standardise(targets);
    const rows = rowsOf(archs.map(this.#features));
    const net = new Mlp([rows.width, ...hidden], "tanh", rng);
    const chain = new Chain(net, this.options, rng);
    this.#by = by;
    this.#net = net;
    this.#kept = [];
    for (let step = 1; step <= burnIn + nets * every; step++) {
      this.#gradient(net, rows, values, rng);
      chain.step(step <= burnIn, rows.length);
      if (step > burnIn && (step - burnIn) % every === 0) this.#kept.push(net.params.slice());
    }
  }

  /** Of the negative log posterior, estimated from a batch and divided by the number of rows. */
  #gradient(net: Mlp, rows: Rows, targets: Float64Array, rng: Rng): void {
    const { batch, noise, prior } = this.options;
    const some = Uint32Array.from(
      { length: Math.min(batch, rows.length) },
      () => rng.below(rows.length),
    );
    const x = takeRows(rows, some);
    const y = net.forward(x);
    const dy = Float64Array.from(some, (row, i) => (y[i] - targets[row]) / noise / some.length);
    net.backward(x, dy);
    const scale = 1 / (prior * rows.length);
    for (let i = 0; i < net.params.length; i++) net.gradient[i] += scale * net.params[i];
  }

  predict(archs: readonly A[]): Prediction {
    return membersSay(this.#kept.map((params) => this.#under(params, archs)), this.#by);
  }

  /** One of the kept nets. */
  draw(archs: readonly A[], rng: Rng): Float64Array {
    return this.#under(rng.pick(this.#kept), archs)
      .map((v) => this.#by.mean + this.#by.deviation * v);
  }

  members(archs: readonly A[]): Float64Array[] {
    return this.#kept.map((params) =>
      this.#under(params, archs).map((v) => this.#by.mean + this.#by.deviation * v)
    );
  }

  #under(params: Float64Array, archs: readonly A[]): Float64Array {
    const rows = rowsOf(archs.map(this.#features));
    this.#net!.params.set(params);
    return this.#net!.forward(rows).slice(0, rows.length);
  }
}

/** Scale-adapted SGHMC, equations 9 … 11 of the paper. */
class Chain {
  readonly #velocity: Float64Array;
  readonly #window: Float64Array;
  readonly #first: Float64Array;
  readonly #square: Float64Array;

  constructor(
    private readonly net: Mlp,
    private readonly options: BohamiannOptions,
    private readonly rng: Rng,
  ) {
    const size = net.params.length;
    this.#velocity = new Float64Array(size);
    this.#window = new Float64Array(size).fill(1);
    this.#first = new Float64Array(size).fill(1);
    this.#square = new Float64Array(size).fill(1);
  }

  /**
   * The gradient is that of a row, so that the posterior of n rows is that much narrower.
   * @param adapt estimate the preconditioner.
   */
  step(adapt: boolean, rows: number): void {
    const { params, gradient } = this.net;
    const { step, friction } = this.options;
    for (let i = 0; i < params.length; i++) {
      const g = gradient[i];
      if (adapt) {
        const w = 1 / (this.#window[i] + 1);
        const ratio = this.#first[i] * this.#first[i] / this.#square[i];
        this.#window[i] += 1 - this.#window[i] * ratio;
        this.#first[i] += w * (g - this.#first[i]);
        this.#square[i] += w * (g * g - this.#square[i]);
      }
      const scale = 1 / Math.sqrt(this.#square[i] + 1e-16);
      this.#velocity[i] += -step * step * scale * g - friction * this.#velocity[i] +
        Math.sqrt(2 * step * step * scale * friction / rows) * this.rng.normal();
      params[i] += this.#velocity[i];
    }
    gradient.fill(0);
  }
}
