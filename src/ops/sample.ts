/** Sampling of decisions: the same for the same (seed, stream, step, salt), whatever else is sampled. */
import sampleBernoulliWgsl from "../../kernels/sample_bernoulli.wgsl" with { type: "text" };
import sampleCategoricalWgsl from "../../kernels/sample_categorical.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import { salted, Stream, uniform } from "../common/random.ts";
import type { Draw } from "./shapes.ts";

const categorical = kernel("sample_categorical", sampleCategoricalWgsl);
const bernoulli = kernel("sample_bernoulli", sampleBernoulliWgsl);

const counter = ({ seed, stream, step, salt }: Draw) => ({
  seed,
  stream: salted(stream, salt),
  step,
});

const draw = ({ seed, stream, step, salt }: Draw, index: number) =>
  uniform(seed, salted(stream, salt), step, index);

const drawCase = (i: number): Draw => ({
  seed: 9,
  stream: Stream.controller,
  step: i,
  salt: 3 * i,
});

const categoricalOp = defineOp<Draw>({
  name: "sample_categorical",
  dtypes: { out: ["u32"] },
  shapes: ([logits]) => {
    expectShape(logits.length === 2, "sample_categorical", [logits], "logits [n, k]");
    return { out: [[logits[0]]] };
  },
  forward: (rec, { inputs: [logits], out: [index], params }) => {
    const [n, options] = logits.shape;
    rec.run(categorical, { logits, index }, { n, options, ...counter(params) }, n);
  },
  backward: "none, because sampling is discrete",
  reference: ([logits], [[n, options]], params) => [
    Float64Array.from({ length: n }, (_, i) => {
      const weights = logits.subarray(i * options, (i + 1) * options).map(Math.exp);
      let level = draw(params, i) * weights.reduce((a, b) => a + b, 0);
      return weights.findIndex((w) => (level -= w) < 0);
    }),
  ],
  cases: [[1, 3], [5, 1], [7, 6], [20, 12], [300, 5], [70, 36]].map((shape, i) => ({
    shapes: [shape],
    params: drawCase(i),
  })),
});

/** Samples from softmax(logits [n, k]), one index per row: uint32 [n]. */
export const sampleCategorical = (logits: Value, params: Draw): Value =>
  apply(categoricalOp, [logits], params)[0];

const bernoulliOp = defineOp<Draw>({
  name: "sample_bernoulli",
  dtypes: { out: ["u32"] },
  shapes: ([q]) => ({ out: [q] }),
  forward: (rec, { inputs: [q], out: [bits], params }) =>
    rec.run(bernoulli, { q, bits }, { n: numel(q.shape), ...counter(params) }, numel(q.shape)),
  backward: "none, because sampling is discrete",
  reference: ([q], _, params) => [
    q.map((v, i) => draw(params, i) < 1 / (1 + Math.exp(-2 * v)) ? 1 : 0),
  ],
  cases: [[1, 3], [5, 1], [7, 6], [20, 11], [300, 5], [70, 36]].map((shape, i) => ({
    shapes: [shape],
    params: drawCase(i),
  })),
});

/** Samples bits from softmax([−q, q]), so p(1) = σ(2q): uint32 of the shape of q. */
export const sampleBernoulli = (q: Value, params: Draw): Value =>
  apply(bernoulliOp, [q], params)[0];
