/**
 * DNGO (Snoek et al., "Scalable Bayesian Optimization Using Deep Neural Networks", ICML 2015): a net learns
 * features, and a Bayesian linear regression on them gives the uncertainty. Features and targets are
 * standardised.
 */
import type { Rng } from "../../common/random.ts";
import type { Encoding } from "../encodings/encoding.ts";
import { BayesianLinear } from "./bayesian_linear.ts";
import { torchUniform } from "./dense.ts";
import { requireFeatures } from "./kernels.ts";
import {
  Mlp,
  type Rows,
  rowsOf,
  type Scale,
  scaleOf,
  scaleRows,
  trainMlp,
  type TrainOptions,
} from "./mlp.ts";
import type { Prediction, Predictor } from "./predictor.ts";
import type { PredictorSettings } from "./settings.ts";
import { type Standard, standardise } from "./targets.ts";

export interface DngoOptions {
  hidden: readonly number[];
  train: TrainOptions;
}

/** Defaults of pybnn: three layers of fifty tanh units, 500 epochs of batches of ten. */
export function dngoDefaults(settings: PredictorSettings = {}): DngoOptions {
  const { layers = 3, width = 50, epochs = 500, rate = 0.01 } = settings;
  return {
    hidden: new Array(layers).fill(width),
    train: { epochs, batch: 10, loss: "mse", lr: rate },
  };
}

export class Dngo<A> implements Predictor<A> {
  readonly #features: (arch: A) => Float64Array;
  #net: Mlp | null = null;
  #head: BayesianLinear | null = null;
  #by: Standard = { mean: 0, deviation: 1 };
  #scale: Scale | null = null;

  /** @throws UsageError for an encoding without features. */
  constructor(encoding: Encoding<A>, private readonly options: DngoOptions) {
    this.#features = requireFeatures(encoding);
  }

  fit(archs: readonly A[], targets: Float64Array, rng: Rng): void {
    const { values, by } = standardise(targets);
    const raw = rowsOf(archs.map(this.#features));
    this.#scale = scaleOf(raw);
    const rows = scaleRows(raw, this.#scale);
    const net = new Mlp([rows.width, ...this.options.hidden], "tanh", rng, torchUniform);
    trainMlp(net, rows, values, this.options.train, rng);
    this.#net = net;
    this.#by = by;
    this.#head = new BayesianLinear(this.#hidden(rows), values);
  }

  predict(archs: readonly A[]): Prediction {
    if (!this.#head || !this.#scale) throw new Error("Cannot predict: DNGO was not fitted");
    const rows = scaleRows(rowsOf(archs.map(this.#features)), this.#scale);
    const { mean, deviation } = this.#head.predict(this.#hidden(rows));
    return {
      mean: mean.map((m) => this.#by.mean + this.#by.deviation * m),
      deviation: deviation.map((s) => this.#by.deviation * s),
    };
  }

  #hidden(rows: Rows): Rows {
    this.#net!.forward(rows);
    return this.#net!.hidden(rows.length);
  }
}
