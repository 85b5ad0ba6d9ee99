/** The macro controller: per layer an operation, then one connect bit per earlier layer. */
import type { Value } from "../../autodiff/tape.ts";
import type { WeightStore } from "../../nn/weights.ts";
import { add, concat, embedding, matmul, scale, skipPenalty, weightedMean } from "../../ops/mod.ts";
import { type ControllerConfig, type ControllerNetwork, declareWeights } from "./network.ts";

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
  const weights = declareWeights(store, config, branches);
  return {
    weights,
    unroll(pass) {
      pass.sampledEntropy = true;
      let input = pass.start();
      let anchors: Value | null = null;
      let keys: Value | null = null;
      const penalties: Value[] = [];
      for (let layer = 0; layer < layers; layer++) {
        const operation = pass.categorical(pass.shape(matmul(pass.step(input), weights.soft)));
        const h = pass.step(embedding(weights.embedding, operation));
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
    // Drawn in the order in which the space stores it.
    toChoice: (decided) => [...decided],
    fromChoice: (choice) => [...choice],
  };
}
