import logSoftmaxPickWgsl from "../../kernels/log_softmax_pick.wgsl" with { type: "text" };
import logSoftmaxPickDxWgsl from "../../kernels/log_softmax_pick_dx.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("log_softmax_pick", logSoftmaxPickWgsl);
const backward = kernel("log_softmax_pick_dx", logSoftmaxPickDxWgsl);

const op = defineOp<Record<never, never>>({
  name: "log_softmax_pick",
  dtypes: { inputs: ["f32", "u32"] },
  shapes: ([logits, index]) => {
    expectShape(
      logits.length === 2 && numel(index) === logits[0],
      "log_softmax_pick",
      [logits, index],
      "logits [n, k] and an index [n]",
    );
    const [n] = logits;
    return { out: [[n], [n], [n]], saved: [logits] };
  },
  forward: (rec, { inputs: [logits, index], out, saved: [prob] }) => {
    const [n, options] = logits.shape;
    const [logP, entropy, sampled] = out;
    rec.run(forward, { logits, index, prob, log_p: logP, entropy, sampled }, { n, options }, n);
  },
  backward: (rec, { inputs: [logits, index], out, saved: [prob], dy: [dy, dh], dx: [dx] }) => {
    const n = numel(logits.shape);
    const grads = { dy: dy ?? dh!, dh: dh ?? dy! };
    rec.run(
      backward,
      { prob, index, entropy: out[1], ...grads, dx: dx!.tensor },
      {
        n,
        options: logits.shape[1],
        has_dy: dy !== null,
        has_dh: dh !== null,
        add: dx!.accumulate,
      },
      n,
    );
  },
  constant: [2],
  reference: ([logits, index], [[n, options]]) => {
    const out = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
    for (let i = 0; i < n; i++) {
      const row = logits.subarray(i * options, (i + 1) * options);
      const norm = Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0));
      const logP = row.map((v) => v - norm);
      const chosen = logP[index[i]];
      out[0][i] = chosen;
      out[1][i] = -logP.reduce((sum, l) => sum + l * Math.exp(l), 0);
      out[2][i] = -chosen * Math.exp(chosen);
    }
    return out;
  },
  cases: [[1, 3], [5, 2], [7, 6], [20, 12], [300, 5], [70, 36]].map(([n, options]) => ({
    shapes: [[n, options], [n]],
    params: {},
    inputs: ["real", { below: options }],
  })),
});

/**
 * Probability of one decision per row.
 * @param logits [n, k] @param index [n], uint32 below k
 * @returns [log p(index), entropy Σ p·(−log p), p·(−log p) of the index alone], each [n]; the last takes no
 * gradient
 */
export function logSoftmaxPick(
  logits: Value,
  index: Value,
): [logP: Value, entropy: Value, sampledEntropy: Value] {
  const [logP, entropy, sampled] = apply(op, [logits, index], {});
  return [logP, entropy, sampled];
}
