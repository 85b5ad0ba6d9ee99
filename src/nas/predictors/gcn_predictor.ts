/** Predictors on the graph net: its output alone, or with a Bayesian linear regression on its features. */
import type { Rng } from "../../common/random.ts";
import { BayesianLinear } from "./bayesian_linear.ts";
import { batchOf, type GcnOptions, GraphNet, trainGraphNet } from "./gcn.ts";
import type { LabelledGraph } from "../space.ts";
import type { Prediction, Predictor } from "./predictor.ts";
import type { PredictorSettings } from "./settings.ts";
import { type Standard, standardise } from "./targets.ts";

/** Defaults of White et al., NeurIPS 2020, and the code published with it. */
export const gcnDefaults = (
  { layers = 4, width = 144, epochs = 300, rate = 1e-4 }: PredictorSettings = {},
): GcnOptions => ({
  layers,
  width,
  dense: 128,
  dropout: 0.1,
  epochs,
  batch: 7,
  lr: rate,
  decay: 3e-4,
});

/** Defaults for strategies that fit after every batch: a net with a twentieth of the work. */
export const smallGcn = (
  { layers = 4, width = 32, epochs = 100, rate = 3e-3 }: PredictorSettings = {},
): GcnOptions => ({
  ...gcnDefaults({ layers, width, epochs, rate }),
  dense: 32,
  batch: 10,
});

/** Graphs per forward pass: thousands at once would take gigabytes. */
const AT_ONCE = 256;

export class GcnPredictor<A> implements Predictor<A> {
  #vocabulary = new Map<string, number>();
  #net: GraphNet | null = null;
  #head: BayesianLinear | null = null;
  #by: Standard = { mean: 0, deviation: 1 };

  /**
   * @param bayesian whether a Bayesian linear regression on the net's features gives the uncertainty (BONAS:
   * Shi et al., NeurIPS 2020, §3.2). Otherwise the deviation is 0.
   */
  constructor(
    private readonly graph: (arch: A) => LabelledGraph,
    private readonly options: GcnOptions,
    private readonly bayesian: boolean,
  ) {}

  fit(archs: readonly A[], targets: Float64Array, rng: Rng): void {
    const { values, by } = standardise(targets);
    const graphs = archs.map(this.graph);
    this.#vocabulary = new Map(
      [...new Set(graphs.flatMap(({ labels }) => labels))].map((label, i) => [label, i]),
    );
    const net = new GraphNet(this.#vocabulary.size, this.options, rng);
    trainGraphNet(net, graphs, this.#vocabulary, values, this.options, rng);
    this.#by = by;
    this.#net = net;
    const features = () => net.features(batchOf(graphs, this.#vocabulary));
    this.#head = this.bayesian ? new BayesianLinear(features(), values) : null;
  }

  predict(archs: readonly A[]): Prediction {
    if (!this.#net) throw new Error("Cannot predict: the graph net was not fitted");
    const mean = new Float64Array(archs.length), deviation = new Float64Array(archs.length);
    for (let from = 0; from < archs.length; from += AT_ONCE) {
      const graphs = archs.slice(from, from + AT_ONCE).map(this.graph);
      const batch = batchOf(graphs, this.#vocabulary);
      const some = this.#head?.predict(this.#net.features(batch));
      mean.set(some?.mean ?? this.#net.forward(batch).output, from);
      if (some) deviation.set(some.deviation, from);
    }
    return {
      mean: mean.map((m) => this.#by.mean + this.#by.deviation * m),
      deviation: deviation.map((s) => this.#by.deviation * s),
    };
  }
}
