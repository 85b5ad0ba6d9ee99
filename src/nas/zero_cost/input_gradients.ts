/** Scores from the gradients of the sum of the logits with respect to each image of a batch. */
import { run } from "../../autodiff/run.ts";
import { numel } from "../../autodiff/op.ts";
import { Tape } from "../../autodiff/tape.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { weightedSum } from "../../ops/mod.ts";
import { correlations, eigenvalues } from "./matrices.ts";
import type { ZeroCostScore } from "./score.ts";
import { forward, type Untrained } from "./untrained.ts";

/** Records the gradients. They are divided by the number of logits, which no correlation depends on. */
function record(net: Untrained): { gradients: Tensor; labels: Tensor } {
  const { gpu, batch } = net;
  const tape = new Tape();
  const images = tape.input(batch.images.shape, { tensor: batch.images, wantsGrad: true });
  const logits = forward(net, images);
  const tensor = gpu.upload(new Float32Array(numel(logits.shape)).fill(1), logits.shape);
  const mean = weightedSum(logits, tape.input(logits.shape, { tensor }));
  const result = run(gpu, tape, { outputs: [mean], loss: mean });
  return { gradients: result.gradient(images), labels: batch.labels };
}

/** Gradient of each image. */
function rowsOf(gradients: Float32Array, n: number): Float32Array[] {
  const size = gradients.length / n;
  return Array.from({ length: n }, (_, i) => gradients.subarray(i * size, (i + 1) * size));
}

/** Keeps logarithms and quotients finite. */
const SMALL = 1e-5;

/** The Jacobian score of the first version of Mellor et al., "Neural Architecture Search without Training". */
export const jacov: ZeroCostScore = {
  name: "jacov",
  summary: "how little the input gradients of different images correlate, by eigenvalues",
  record: (net) => void record(net),
  async score(net) {
    const { gradients } = record(net);
    const [values] = await net.gpu.read([gradients]);
    const n = gradients.shape[0];
    const matrix = correlations(rowsOf(values, n));
    if (!matrix.every(Number.isFinite)) return NaN;
    // Rounding may take an eigenvalue of a singular matrix below 0.
    return -(await eigenvalues(matrix, n)).map((v) => Math.max(v, 0))
      .reduce((sum, v) => sum + Math.log(v + SMALL) + 1 / (v + SMALL), 0);
  },
};

/** Number of classes from which differences of classes are compared instead of their sums. */
const MANY_CLASSES = 100;

/** Efficient performance estimation (Lopes et al., ICANN 2021). */
export const epeNas: ZeroCostScore = {
  name: "epe_nas",
  summary: "how much the input gradients of each class correlate",
  needsClasses: true,
  record: (net) => void record(net),
  async score(net) {
    const { gradients, labels } = record(net);
    const [[values], [classes]] = [
      await net.gpu.read([gradients]),
      await net.gpu.readU32([labels]),
    ];
    const rows = rowsOf(values, gradients.shape[0]);
    return epeScore(rows, classes, net.classes);
  },
};

/** The score from the gradient of each image and its class. */
export function epeScore(
  rows: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  classes: number,
): number {
  const groups = Map.groupBy(rows.keys(), (i) => labels[i]);
  const many = classes > MANY_CLASSES;
  const sums = [...groups.values()].map((members) => {
    const sum = correlations(members.map((i) => rows[i]))
      .reduce((all, v) => all + Math.log(Math.abs(v) + SMALL), 0);
    return many ? sum / members.length : sum;
  });
  if (!many) return sums.reduce((all, s) => all + Math.abs(s), 0);
  const all = sums.flatMap((a) => sums.map((b) => Math.abs(a - b)));
  return all.reduce((sum, v) => sum + v, 0) / sums.length;
}
