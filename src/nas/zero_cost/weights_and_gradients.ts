/** Scores from the weights and the gradients of the loss on one batch (Abdelfattah et al., ICLR 2021, §3.1). */
import type { ZeroCostName } from "./names.ts";
import type { ZeroCostScore } from "./score.ts";
import {
  type Layer,
  layersOf,
  readWeights,
  recordLoss,
  type Untrained,
  type WeightValues,
} from "./untrained.ts";

/** Sum of f over the elements of a layer's weights, and of their gradients. */
function sumOver(
  { weights }: Layer,
  values: WeightValues,
  f: (w: number, g: number) => number,
): number {
  return weights.reduce((sum, value) => {
    const w = values.weights(value), g = values.gradients(value);
    for (let i = 0; i < w.length; i++) sum += f(w[i], g[i]);
    return sum;
  }, 0);
}

/** Sum over the layers of a function of all their elements. */
const sumOfLayers = (
  layers: readonly Layer[],
  of: (layer: Layer) => number,
): number => layers.reduce((sum, layer) => sum + of(layer), 0);

export const l2Norm: ZeroCostScore = {
  name: "l2_norm",
  summary: "sum over the layers of the Euclidean norms of their weights",
  async score(net) {
    const values = await readWeights(net);
    return sumOfLayers(layersOf(net), (layer) => Math.sqrt(sumOver(layer, values, (w) => w * w)));
  },
};

/** A score from weights and gradients after one backward pass. */
const fromGradients = (
  name: ZeroCostName,
  summary: string,
  of: (layer: Layer, values: WeightValues) => number,
): ZeroCostScore => ({
  name,
  summary,
  record: recordLoss,
  async score(net: Untrained) {
    const layers = recordLoss(net);
    const values = await readWeights(net);
    return sumOfLayers(layers, (layer) => of(layer, values));
  },
});

export const gradNorm = fromGradients(
  "grad_norm",
  "sum over the layers of the Euclidean norms of their gradients",
  (layer, values) => Math.sqrt(sumOver(layer, values, (_, g) => g * g)),
);

export const plain = fromGradients(
  "plain",
  "sum of weight times gradient",
  (layer, values) => sumOver(layer, values, (w, g) => w * g),
);

export const snip = fromGradients(
  "snip",
  "sum of |weight times gradient|: how the loss depends on each connection (Lee et al., ICLR 2019)",
  (layer, values) => sumOver(layer, values, (w, g) => Math.abs(w * g)),
);
