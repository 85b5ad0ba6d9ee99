/**
 * BOHAMIANN (Springenberg et al., "Bayesian Optimization with Robust Bayesian Neural Networks", NeurIPS
 * 2016). Nets and the variance of the noise are sampled from their posterior by scale-adapted
 * stochastic-gradient Hamiltonian Monte Carlo. Priors, likelihood and sampler are those of pybnn. Features
 * and targets are standardised.
 */
import type { Rng } from "../../common/random.ts";
import type { Encoding } from "../encodings/encoding.ts";
import { torchUniform } from "./dense.ts";
import { membersSay } from "./ensemble.ts";
import { requireFeatures } from "./kernels.ts";
import {
  batches,
  Mlp,
  type Rows,
  rowsOf,
  type Scale,
  scaleOf,
  scaleRows,
  takeRows,
} from "./mlp.ts";
import type { Prediction, Predictor } from "./predictor.ts";
import type { PredictorSettings } from "./settings.ts";
import { type Standard, standardise } from "./targets.ts";

export interface BohamiannOptions {
  hidden: readonly number[];
  batch: number;
  /** Total steps, and the burn-in steps among them, the only ones that adapt the preconditioner. */
  steps: number;
  burnIn: number;
  /** Steps between two kept nets. */
  every: number;
  /** Step size and friction. */
  step: number;
  friction: number;
}

/** Net and batch size of pybnn, steps of naszilla. A tenth of the steps are burn-in; 180 nets are kept. */
export function bohamiannDefaults(settings: PredictorSettings = {}): BohamiannOptions {
  const { layers = 2, width = 50, steps = 10_000, rate = 0.01 } = settings;
  return {
    hidden: new Array(layers).fill(width),
    batch: 20,
    steps,
    burnIn: Math.floor(steps / 10),
    every: Math.max(1, Math.floor(steps / 200)),
    step: rate,
    friction: 0.05,
  };
}

/** Log variance of the noise, in units of standardised targets: start value and normal prior. */
const NOISE = { start: Math.log(1e-3), mean: Math.log(1e-6), variance: 0.01 };

export class Bohamiann<A> implements Predictor<A> {
  readonly #features: (arch: A) => Float64Array;
  #net: Mlp | null = null;
  /** Parameters of the kept nets. */
  #kept: Float64Array[] = [];
  #by: Standard = { mean: 0, deviation: 1 };
  #scale: Scale | null = null;
  #noise = 1;

  /** @throws UsageError for an encoding without features. */
  constructor(encoding: Encoding<A>, private readonly options: BohamiannOptions) {
    this.#features = requireFeatures(encoding);
  }

  /** Variance of the noise at the last step of the chain, in units of standardised targets. */
  get noise(): number {
    return this.#noise;
  }

  fit(archs: readonly A[], targets: Float64Array, rng: Rng): void {
    const { hidden, burnIn, steps, every, batch } = this.options;
    const { values, by } = standardise(targets);
    const raw = rowsOf(archs.map(this.#features));
    this.#scale = scaleOf(raw);
    const rows = scaleRows(raw, this.#scale);
    const net = new Mlp([rows.width, ...hidden], "tanh", rng, torchUniform);
    const logNoise = Float64Array.of(NOISE.start), dLogNoise = new Float64Array(1);
    const chains = [
      new Chain(net.params, net.gradient, this.options, rng),
      new Chain(logNoise, dLogNoise, this.options, rng),
    ];
    this.#by = by;
    this.#net = net;
    this.#kept = [];
    for (let step = 0; step < steps;) {
      for (const some of batches(rows.length, batch, rng)) {
        if (step === steps) break;
        dLogNoise[0] = addPosteriorGradient(net, rows, values, some, logNoise[0]);
        for (const chain of chains) chain.step(step < burnIn);
        if (step > burnIn && (step - burnIn) % every === 0) this.#kept.push(net.params.slice());
        step++;
      }
    }
    this.#noise = Math.exp(logNoise[0]);
  }

  predict(archs: readonly A[]): Prediction {
    return membersSay(this.members(archs));
  }

  /** Predictions of one kept net. */
  draw(archs: readonly A[], rng: Rng): Float64Array {
    return this.#under(rng.pick(this.#kept), archs);
  }

  members(archs: readonly A[]): Float64Array[] {
    return this.#kept.map((params) => this.#under(params, archs));
  }

  #under(params: Float64Array, archs: readonly A[]): Float64Array {
    if (!this.#net || !this.#scale) throw new Error("Cannot predict: BOHAMIANN was not fitted");
    const rows = scaleRows(rowsOf(archs.map(this.#features)), this.#scale);
    this.#net.params.set(params);
    return this.#net.forward(rows).slice(0, rows.length)
      .map((v) => this.#by.mean + this.#by.deviation * v);
  }
}

/**
 * Adds the gradient of the negative log posterior of all rows, estimated from some of them, to the net's
 * gradient. The log prior of the weights is −½ of their mean square.
 * @returns the derivative with respect to the log variance of the noise.
 */
export function addPosteriorGradient(
  net: Mlp,
  rows: Rows,
  targets: Float64Array,
  some: Uint32Array,
  logNoise: number,
): number {
  const precision = Math.exp(-logNoise), share = rows.length / some.length;
  const x = takeRows(rows, some);
  const misses = net.forward(x).slice(0, some.length).map((y, i) => y - targets[some[i]]);
  net.backward(x, misses.map((miss) => share * precision * miss));
  const { params, gradient } = net;
  const count = params.length + 1;
  for (let i = 0; i < params.length; i++) gradient[i] += params[i] / count;
  const squares = misses.reduce((sum, miss) => sum + miss * miss, 0);
  return (rows.length - share * precision * squares) / 2 +
    (logNoise - NOISE.mean) / NOISE.variance + logNoise / count;
}

/** Scale-adapted SGHMC, equations 9 and 10 of the paper. */
class Chain {
  readonly #velocity: Float64Array;
  readonly #window: Float64Array;
  readonly #first: Float64Array;
  readonly #square: Float64Array;
  /** Preconditioner, and the standard deviation of the matching noise. */
  readonly #scale: Float64Array;
  readonly #spread: Float64Array;
  readonly #normals: Float64Array;

  /** @param gradient of the negative log posterior; set to 0 by every step. */
  constructor(
    private readonly params: Float64Array,
    private readonly gradient: Float64Array,
    private readonly options: Pick<BohamiannOptions, "step" | "friction">,
    private readonly rng: Rng,
  ) {
    const size = params.length;
    this.#velocity = new Float64Array(size);
    this.#window = new Float64Array(size).fill(1);
    this.#first = new Float64Array(size).fill(1);
    this.#square = new Float64Array(size).fill(1);
    this.#scale = new Float64Array(size);
    this.#spread = new Float64Array(size);
    this.#normals = new Float64Array(size + size % 2);
  }

  /** One step of the chain. @param adapt whether to update the preconditioner. */
  step(adapt: boolean): void {
    const { params, gradient } = this;
    const { step, friction } = this.options;
    if (adapt) this.#adapt();
    this.#drawNormals();
    for (let i = 0; i < params.length; i++) {
      this.#velocity[i] += -step * step * this.#scale[i] * gradient[i] -
        friction * this.#velocity[i] + this.#spread[i] * this.#normals[i];
      params[i] += this.#velocity[i];
    }
    gradient.fill(0);
  }

  #adapt(): void {
    const { step, friction } = this.options;
    const squared = step * step;
    for (let i = 0; i < this.gradient.length; i++) {
      const g = this.gradient[i];
      const w = 1 / (this.#window[i] + 1);
      const ratio = this.#first[i] * this.#first[i] / (this.#square[i] + TINY);
      this.#window[i] += 1 - this.#window[i] * ratio;
      this.#first[i] += w * (g - this.#first[i]);
      this.#square[i] += w * (g * g - this.#square[i]);
      const scale = 1 / (Math.sqrt(this.#square[i]) + TINY);
      this.#scale[i] = scale;
      this.#spread[i] = Math.sqrt(
        Math.max(1e-16, 2 * squared * friction * scale - squared * squared),
      );
    }
  }

  /** Samples normal numbers by Box–Muller, both of each pair: most of a chain's time. */
  #drawNormals(): void {
    for (let i = 0; i < this.#normals.length; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.rng.next()));
      const angle = 2 * Math.PI * this.rng.next();
      this.#normals[i] = radius * Math.cos(angle);
      this.#normals[i + 1] = radius * Math.sin(angle);
    }
  }
}

const TINY = 1e-10;
