/**
 * DNGO (Snoek et al., "Scalable Bayesian Optimization Using Deep Neural Networks", ICML 2015): a net learns
 * features, a Bayesian linear regression on them says how sure it is.
 */
import type { Rng } from "../../random.ts";
import type { Encoding } from "../encodings/encoding.ts";
import { BayesianLinear } from "./bayesian_linear.ts";
import { requireFeatures } from "./kernels.ts";
import { Mlp, type Rows, rowsOf, trainMlp, type TrainOptions } from "./mlp.ts";
import type { Prediction, Predictor } from "./predictor.ts";
import { type Standard, standardise } from "./targets.ts";

export interface DngoOptions {
  hidden: readonly number[];
  train: TrainOptions;
}

/** As in pybnn: three layers of fifty tanh units, 500 epochs of batches of ten. */
export const dngoDefaults: DngoOptions = {
  hidden: [50, 50, 50],
  train: { epochs: 500, batch: 10, loss: "mse", lr: 0.01 },
};

export class Dngo<A> implements Predictor<A> {
  readonly #features: (arch: A) => Float64Array;
  #net: Mlp | null = null;
  #head: BayesianLinear | null = null;
  #by: Standard = { mean: 0, deviation: 1 };

  /** @throws UsageError for an encoding without features. */
  constructor(encoding: Encoding<A>, private readonly options: DngoOptions) {
    this.#features = requireFeatures(encoding);
  }

  fit(archs: readonly A[], targets: Float64Array, rng: Rng): void {
    const { values, by } = standardise(targets);
    const rows = rowsOf(archs.map(this.#features));
    const net = new Mlp([rows.width, ...this.options.hidden], "tanh", rng);
    trainMlp(net, rows, values, this.options.train, rng);
    this.#net = net;
    this.#by = by;
    this.#head = new BayesianLinear(this.#hidden(rows), values);
  }

  predict(archs: readonly A[]): Prediction {
    if (!this.#head) throw new Error("Cannot predict: DNGO was not fitted");
    const { mean, deviation } = this.#head.predict(this.#hidden(rowsOf(archs.map(this.#features))));
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
