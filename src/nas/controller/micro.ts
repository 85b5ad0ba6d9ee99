/**
 * The micro controller: per block two inputs, then two operations, for a normal and a reduction cell. The
 * reduction cell starts from the normal cell's last state, with new anchors.
 */
import type { Value } from "../../autodiff/tape.ts";
import { valuesInit } from "../../nn/init.ts";
import type { WeightStore } from "../../nn/weights.ts";
import { biasAdd, concat, embedding, matmul, pick } from "../../ops/mod.ts";
import {
  type ControllerConfig,
  type ControllerNetwork,
  type ControllerPass,
  declareOptions,
  declareWeights,
} from "./network.ts";

/** Operations of the micro space: two separable convolutions, two pools, identity. */
const OPERATIONS = 5;
/** Added to the shaped operation logits of the normal cell; favours separable convolutions. */
const NORMAL_BIAS = [0.25, 0.25, -0.25, -0.25, -0.25];

/** Declares the weights; 41,733 of them for H = 64 and one LSTM layer. */
export function microController(
  store: WeightStore,
  config: ControllerConfig,
  { blocks }: { blocks: number },
): ControllerNetwork {
  const weights = declareWeights(store, config, () => declareOptions(store, config, OPERATIONS));
  const softBias = store.param(
    "b_soft",
    [OPERATIONS],
    valuesInit([config.softBias, config.softBias, 0, 0, 0]),
  );
  const normalBias = store.state("normal_bias", [OPERATIONS], valuesInit(NORMAL_BIAS));

  function cell(pass: ControllerPass, bias: Value | null): void {
    const zero = pass.zeros(config.hidden);
    const key = (h: Value) => matmul(h, weights.anchor);
    let anchors = concat([zero, zero]);
    let keys = concat([key(pass.step(pass.start())), key(pass.step(pass.start()))]);
    for (let block = 0; block < blocks; block++) {
      let input = pass.start();
      for (let side = 0; side < 2; side++) {
        const index = pass.categorical(pass.shape(pass.attend(pass.step(input), keys)));
        input = pick(anchors, index, config.hidden);
      }
      for (let side = 0; side < 2; side++) {
        const logits = biasAdd(matmul(pass.step(input), weights.options.soft), softBias);
        const shaped = pass.shape(logits, config.opTanhReduce);
        const operation = pass.categorical(bias ? biasAdd(shaped, bias) : shaped);
        input = embedding(weights.options.embedding, operation);
      }
      const h = pass.step(input);
      anchors = concat([anchors, h]);
      keys = concat([keys, key(h)]);
    }
  }

  return {
    weights,
    unroll(pass) {
      cell(pass, normalBias);
      cell(pass, null);
      return { ...pass.done(), penalty: null };
    },
    // Sampled as idx1, idx2, op1, op2; stored as idx1, op1, idx2, op2. The same permutation converts both
    // ways.
    toChoice: exchange,
    fromChoice: exchange,
  };
}

function exchange(values: readonly number[]): number[] {
  const result = [...values];
  for (let i = 0; i + 3 < result.length; i += 4) {
    [result[i + 1], result[i + 2]] = [result[i + 2], result[i + 1]];
  }
  return result;
}
