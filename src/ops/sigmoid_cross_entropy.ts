import productDxWgsl from "../../kernels/product_dx.wgsl" with { type: "text" };
import sigmoidCrossEntropyWgsl from "../../kernels/sigmoid_cross_entropy.wgsl" with {
  type: "text",
};
import sigmoidCrossEntropyDxWgsl from "../../kernels/sigmoid_cross_entropy_dx.wgsl" with {
  type: "text",
};
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import { batchTotals } from "./batch_totals.ts";
import { sameShape } from "./shapes.ts";

const forward = kernel("sigmoid_cross_entropy", sigmoidCrossEntropyWgsl);
const backward = kernel("sigmoid_cross_entropy_dx", sigmoidCrossEntropyDxWgsl);
const backwardTargets = kernel("product_dx", productDxWgsl);

const op = defineOp<Record<never, never>>({
  name: "sigmoid_cross_entropy",
  shapes: (inputs) => {
    const [logits, targets] = inputs;
    expectShape(
      logits.length === 2 && sameShape(logits, targets),
      "sigmoid_cross_entropy",
      inputs,
      "logits and targets [n, classes]",
    );
    const [n] = logits;
    return { out: [[1], [n], [1]], saved: [[n]] };
  },
  forward: (rec, { inputs: [logits, targets], out: [mean, loss, hits], saved: [hit] }) => {
    const [n, classes] = logits.shape;
    rec.run(forward, { logits, targets, loss, hit }, { n, classes }, n);
    batchTotals(rec, { loss, hit, mean, hits });
  },
  backward: (rec, { inputs: [logits, targets], dy: [dy], dx: [dLogits, dTargets] }) => {
    const n = numel(logits.shape);
    if (dLogits) {
      rec.run(
        backward,
        { logits, targets, dy: dy!, dx: dLogits.tensor },
        { n, add: dLogits.accumulate },
        n,
      );
    }
    if (dTargets) {
      rec.run(
        backwardTargets,
        { other: logits, dy: dy!, dx: dTargets.tensor },
        { n, factor: -1 / n, add: dTargets.accumulate },
        n,
      );
    }
  },
  reads: { out: false },
  constant: [1, 2],
  reference: ([logits, targets], [[n, classes]]) => {
    const loss = new Float64Array(n);
    const hit = new Float64Array(n).fill(1);
    logits.forEach((z, k) => {
      const i = Math.floor(k / classes);
      const t = targets[k];
      loss[i] += (t * Math.log(1 + Math.exp(-z)) + (1 - t) * Math.log(1 + Math.exp(z))) / classes;
      if ((z >= 0) !== (t > 0.5)) hit[i] = 0;
    });
    const sum = (a: Float64Array) => a.reduce((s, v) => s + v, 0);
    return [Float64Array.of(sum(loss) / n), loss, Float64Array.of(sum(hit))];
  },
  cases: [[1, 3], [5, 1], [7, 6], [40, 36], [300, 2], [130, 6]].map((shape) => ({
    shapes: [shape, shape],
    params: {},
    inputs: ["real", "unit"],
  })),
});

/**
 * Sigmoid cross-entropy of logits [n, classes] against targets [n, classes] (float32, 0 or 1), for several
 * labels per image.
 * @returns [mean over batch and classes as [1], means over classes [n], number of hits [1]: examples whose
 * every target is met, z ≥ 0 counting as 1]. Losses per example and hits take no gradient.
 */
export function sigmoidCrossEntropy(
  logits: Value,
  targets: Value,
): [mean: Value, losses: Value, hits: Value] {
  const [mean, losses, hits] = apply(op, [logits, targets], {});
  return [mean, losses, hits];
}
