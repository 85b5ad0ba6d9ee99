import productDxWgsl from "../../kernels/product_dx.wgsl" with { type: "text" };
import softmaxCrossEntropyWgsl from "../../kernels/softmax_cross_entropy.wgsl" with {
  type: "text",
};
import softmaxCrossEntropyDxWgsl from "../../kernels/softmax_cross_entropy_dx.wgsl" with {
  type: "text",
};
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import { batchTotals } from "./batch_totals.ts";

const forward = kernel("softmax_cross_entropy", softmaxCrossEntropyWgsl);
const backward = kernel("softmax_cross_entropy_dx", softmaxCrossEntropyDxWgsl);
const backwardWeights = kernel("product_dx", productDxWgsl);

const op = defineOp<Record<never, never>>({
  name: "softmax_cross_entropy",
  dtypes: { inputs: ["f32", "u32"] },
  shapes: (inputs) => {
    const [logits, labels, weights] = inputs;
    expectShape(
      logits.length === 2 && numel(labels) === logits[0] &&
        (!weights || numel(weights) === logits[0]),
      "softmax_cross_entropy",
      inputs,
      "logits [n, classes], labels [n] and perhaps weights [n]",
    );
    const [n] = logits;
    return { out: [[1], [n], [1]], saved: [logits, [n]] };
  },
  forward: (rec, { inputs: [logits, labels, weights], out: [mean, loss, hits], saved }) => {
    const [n, classes] = logits.shape;
    const [prob, hit] = saved;
    rec.run(forward, { logits, labels, prob, loss, hit }, { n, classes }, n);
    batchTotals(rec, { loss, hit, weights, mean, hits });
  },
  backward: (rec, { inputs: [logits, labels, weights], out, saved: [prob], dy: [dy], dx }) => {
    const [n, classes] = logits.shape;
    const [dLogits, , dWeights] = dx;
    if (dLogits) {
      rec.run(
        backward,
        { prob, labels, weights: weights ?? prob, dy: dy!, dx: dLogits.tensor },
        {
          n: n * classes,
          classes,
          examples: n,
          weighted: Boolean(weights),
          add: dLogits.accumulate,
        },
        n * classes,
      );
    }
    if (dWeights) {
      rec.run(
        backwardWeights,
        { other: out[1], dy: dy!, dx: dWeights.tensor },
        { n, factor: 1 / n, add: dWeights.accumulate },
        n,
      );
    }
  },
  constant: [1, 2],
  reference: ([logits, labels, weights], [[n, classes]]) => {
    const loss = new Float64Array(n);
    let mean = 0;
    let hits = 0;
    for (let i = 0; i < n; i++) {
      const z = logits.subarray(i * classes, (i + 1) * classes);
      const sum = z.reduce((s, v) => s + Math.exp(v), 0);
      const weight = weights ? weights[i] : 1;
      loss[i] = Math.log(sum) - z[labels[i]];
      mean += weight * loss[i] / n;
      if (weight !== 0 && z.indexOf(Math.max(...z)) === labels[i]) hits++;
    }
    return [Float64Array.of(mean), loss, Float64Array.of(hits)];
  },
  cases: [
    { shapes: [[1, 3], [1]], params: {}, inputs: ["real", { below: 3 }] },
    { shapes: [[5, 2], [5]], params: {}, inputs: ["real", { below: 2 }] },
    { shapes: [[7, 10], [7]], params: {}, inputs: ["real", { below: 10 }] },
    { shapes: [[70, 36], [70]], params: {}, inputs: ["real", { below: 36 }] },
    { shapes: [[300, 10], [300]], params: {}, inputs: ["real", { below: 10 }] },
    { shapes: [[7, 3], [7], [7]], params: {}, inputs: ["real", { below: 3 }, "unit"] },
    { shapes: [[130, 10], [130], [130]], params: {}, inputs: ["real", { below: 10 }, "unit"] },
  ],
});

/**
 * Cross-entropy of the softmax of logits [n, classes] against labels [n] (uint32, below `classes`).
 * Weights [n] multiply the examples' losses in the mean; weight 0 takes an example out of the count.
 * @returns [Σ weight · loss / n as [1], losses without weights [n], number of hits [1]: the first maximum is
 * the label]. Losses and hits take no gradient.
 */
export function softmaxCrossEntropy(
  logits: Value,
  labels: Value,
  weights?: Value,
): [mean: Value, losses: Value, hits: Value] {
  const [mean, losses, hits] = apply(
    op,
    weights ? [logits, labels, weights] : [logits, labels],
    {},
  );
  return [mean, losses, hits];
}
