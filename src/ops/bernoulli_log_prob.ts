import bernoulliLogProbWgsl from "../../kernels/bernoulli_log_prob.wgsl" with { type: "text" };
import bernoulliLogProbDxWgsl from "../../kernels/bernoulli_log_prob_dx.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import { sameShape } from "./shapes.ts";

const forward = kernel("bernoulli_log_prob", bernoulliLogProbWgsl);
const backward = kernel("bernoulli_log_prob_dx", bernoulliLogProbDxWgsl);

const op = defineOp<Record<never, never>>({
  name: "bernoulli_log_prob",
  dtypes: { inputs: ["f32", "u32"] },
  shapes: ([q, bits]) => {
    expectShape(
      q.length === 2 && sameShape(q, bits),
      "bernoulli_log_prob",
      [q, bits],
      "q and bits [n, j]",
    );
    return { out: [[q[0]], [q[0]], [q[0]]] };
  },
  forward: (rec, { inputs: [q, bits], out: [logP, entropy, sampled] }) => {
    const [n, columns] = q.shape;
    rec.run(forward, { q, bits, log_p: logP, entropy, sampled }, { n, columns }, n);
  },
  backward: (rec, { inputs: [q, bits], dy: [dy, dh], dx: [dx] }) => {
    const n = numel(q.shape);
    rec.run(
      backward,
      { q, bits, dy: dy ?? dh!, dh: dh ?? dy!, dx: dx!.tensor },
      {
        n,
        columns: q.shape[1],
        has_dy: dy !== null,
        has_dh: dh !== null,
        add: dx!.accumulate,
      },
      n,
    );
  },
  reads: { out: false },
  constant: [2],
  reference: ([q, bits], [[n, columns]]) => {
    const logP = new Float64Array(n);
    const entropy = new Float64Array(n);
    const sampled = new Float64Array(n);
    q.forEach((v, i) => {
      const row = Math.floor(i / columns);
      const [no, yes] = [2 * v, -2 * v].map((x) => -Math.log(1 + Math.exp(x)));
      const l = bits[i] ? yes : no;
      logP[row] += l;
      entropy[row] -= no * Math.exp(no) + yes * Math.exp(yes);
      sampled[row] -= l * Math.exp(l);
    });
    return [logP, entropy, sampled];
  },
  cases: [[1, 3], [5, 1], [7, 6], [20, 11], [300, 5], [70, 36]].map((shape) => ({
    shapes: [shape, shape],
    params: {},
    inputs: ["real", { below: 2 }],
  })),
});

/**
 * Probability of independent skip decisions, p(1) = σ(2q), the softmax of (−q, q).
 * @param q [n, j] @param bits [n, j], uint32
 * @returns [Σ_j log p(bit), Σ_j entropy, Σ_j p·(−log p) of the sampled bits], each [n]; the last takes no
 * gradient
 */
export function bernoulliLogProb(
  q: Value,
  bits: Value,
): [logP: Value, entropy: Value, sampledEntropy: Value] {
  const [logP, entropy, sampled] = apply(op, [q, bits], {});
  return [logP, entropy, sampled];
}
