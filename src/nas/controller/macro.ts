/**
 * The macro controllers: for each layer an operation or ranges of channels, then one connect bit per earlier
 * layer.
 */
import type { Value } from "../../autodiff/tape.ts";
import type { Init } from "../../nn/init.ts";
import type { WeightStore } from "../../nn/weights.ts";
import { add, concat, embedding, matmul, scale, skipPenalty, weightedMean } from "../../ops/mod.ts";
import {
  type ControllerConfig,
  type ControllerNetwork,
  type ControllerPass,
  declareOptions,
  declareWeights,
  type Unrolled,
} from "./network.ts";

export interface MacroShape {
  layers: number;
  branches: number;
}

/** Declares the weights; 41,856 of them for 6 operations, H = 64, one LSTM layer. */
export function macroController(
  store: WeightStore,
  config: ControllerConfig,
  { layers, branches }: MacroShape,
): ControllerNetwork {
  const options = () => declareOptions(store, config, branches);
  const weights = declareWeights(store, config, options);
  return chainController(weights, config, layers, (pass, input) => {
    const { soft, embedding: table } = weights.options;
    const operation = pass.categorical(pass.shape(matmul(pass.step(input), soft)));
    return pass.step(embedding(table, operation));
  });
}

/** Added to forbidden logits: low enough for a probability of zero. */
const FORBIDDEN = -1e4;

/**
 * The controller of channel ranges: for each operation a first channel, then how many more of the remaining
 * ones, at most all but one in total. 95,616 weights for 6 operations and 36 channels, H = 64, one LSTM
 * layer.
 */
export function macroRangeController(
  store: WeightStore,
  config: ControllerConfig,
  { layers, branches }: MacroShape,
  channels: number,
): ControllerNetwork {
  const counts = channels - 1;
  const options = () =>
    Array.from({ length: branches }, (_, b) => ({
      start: declareOptions(store, config, channels, `_start${b}`),
      count: declareOptions(store, config, counts, `_count${b}`),
    }));
  const weights = declareWeights(store, config, options);
  const left: Init = (out) =>
    void out.forEach((_, i) => {
      const start = Math.floor(i / counts), more = i % counts;
      out[i] = start + more < channels ? 0 : FORBIDDEN;
    });
  const mask = store.state("left", [channels, counts], left);
  return chainController(weights, config, layers, (pass, input) => {
    for (const { start, count } of weights.options) {
      const first = pass.categorical(pass.shape(matmul(pass.step(input), start.soft)));
      const logits = pass.shape(matmul(pass.step(embedding(start.embedding, first)), count.soft));
      const more = pass.categorical(add(logits, embedding(mask, first)));
      input = embedding(count.embedding, more);
    }
    return pass.step(input);
  });
}

/**
 * A controller that, for each layer, runs `decide`, which returns the next state, and then samples the
 * connect bits.
 */
function chainController(
  weights: ControllerNetwork["weights"],
  config: ControllerConfig,
  layers: number,
  decide: (pass: ControllerPass, input: Value) => Value,
): ControllerNetwork {
  return {
    weights,
    unroll(pass): Unrolled {
      pass.sampledEntropy = true;
      let input = pass.start();
      let anchors: Value | null = null;
      let keys: Value | null = null;
      const penalties: Value[] = [];
      for (let layer = 0; layer < layers; layer++) {
        const h = decide(pass, input);
        if (anchors && keys) {
          const q = pass.shape(pass.attend(h, keys));
          input = weightedMean(pass.bernoulli(q), anchors);
          penalties.push(
            skipPenalty(q, { rho: config.skipTarget, corrected: config.skipPenaltyCorrected }),
          );
        } else input = pass.start();
        const key = matmul(h, weights.anchor);
        anchors = anchors ? concat([anchors, h]) : h;
        keys = keys ? concat([keys, key]) : key;
      }
      return { ...pass.done(), penalty: scale(penalties.reduce(add), 1 / penalties.length) };
    },
    // The controller's order is the order in which the space stores choices.
    toChoice: (decided) => [...decided],
    fromChoice: (choice) => [...choice],
  };
}
