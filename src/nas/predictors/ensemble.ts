/** The ensemble of feed-forward nets of BANANAS (White, Neiswanger & Savani, AAAI 2021, §4). */
import type { Rng } from "../../common/random.ts";
import type { Encoding } from "../encodings/encoding.ts";
import { requireFeatures } from "./kernels.ts";
import { Mlp, rowsOf, trainMlp, type TrainOptions } from "./mlp.ts";
import type { Prediction, Predictor } from "./predictor.ts";
import type { PredictorSettings } from "./settings.ts";

export interface EnsembleOptions {
  /** Hidden layers of each net. */
  nets: readonly (readonly number[])[];
  train: TrainOptions;
}

const layers = (depth: number, width: number): number[] => new Array(depth).fill(width);

/** Adam with the learning rate and moments of BANANAS. */
const bananasTraining: TrainOptions = {
  epochs: 150,
  batch: 32,
  loss: "mae",
  lr: 0.01,
  beta2: 0.99,
};

/** Five nets of ten layers of twenty units, as published. */
export function bananasEnsemble(settings: PredictorSettings = {}): EnsembleOptions {
  const { layers: depth = 10, width = 20, ensemble = 5 } = settings;
  return {
    nets: Array.from({ length: ensemble }, () => layers(depth, width)),
    train: training(settings),
  };
}

/** Nets of different depth and width, as in naszilla's preset `diverse`. */
export const diverseEnsemble = (settings: PredictorSettings = {}): EnsembleOptions => ({
  nets: [layers(10, 20), layers(5, 5), layers(5, 30), layers(30, 5), layers(30, 30)],
  train: training(settings),
});

function training(settings: PredictorSettings): TrainOptions {
  const { epochs = bananasTraining.epochs, loss = bananasTraining.loss } = settings;
  return { ...bananasTraining, epochs, loss, lr: settings.rate ?? bananasTraining.lr };
}

/** Mean and deviation over the members of an ensemble; each row holds one member's predictions. */
export function membersSay(members: readonly Float64Array[]): Prediction {
  const count = members.length;
  const mean = members[0].map((_, i) => members.reduce((sum, one) => sum + one[i], 0) / count);
  const deviation = mean.map((m, i) =>
    Math.sqrt(members.reduce((sum, one) => sum + (one[i] - m) ** 2, 0) / count)
  );
  return { mean, deviation };
}

/** Ensemble that learns targets in their own unit: the published settings are for errors in per cent. */
export class Ensemble<A> implements Predictor<A> {
  readonly #features: (arch: A) => Float64Array;
  #nets: Mlp[] = [];

  /** @throws UsageError for an encoding without features. */
  constructor(encoding: Encoding<A>, private readonly options: EnsembleOptions) {
    this.#features = requireFeatures(encoding);
  }

  fit(archs: readonly A[], targets: Float64Array, rng: Rng): void {
    const rows = rowsOf(archs.map(this.#features));
    this.#nets = this.options.nets.map((hidden) => {
      const net = new Mlp([rows.width, ...hidden], "relu", rng);
      trainMlp(net, rows, targets, this.options.train, rng);
      return net;
    });
  }

  predict(archs: readonly A[]): Prediction {
    return membersSay(this.members(archs));
  }

  /** Predictions of one of the nets. */
  draw(archs: readonly A[], rng: Rng): Float64Array {
    return rng.pick(this.members(archs));
  }

  members(archs: readonly A[]): Float64Array[] {
    const rows = rowsOf(archs.map(this.#features));
    return this.#nets.map((net) => net.forward(rows).slice(0, rows.length));
  }
}
