import layerNormWgsl from "../../kernels/layer_norm.wgsl" with { type: "text" };
import dwWgsl from "../../kernels/layer_norm_dw.wgsl" with { type: "text" };
import dxWgsl from "../../kernels/layer_norm_dx.wgsl" with { type: "text" };
import { type Backward, defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { normSizes } from "./batch_norm_passes.ts";
import { withWeightGradients } from "./norm_weights.ts";
import { sameShape } from "./shapes.ts";
import { lanes, sizeClass, width } from "./tiling.ts";

const normalise = kernel("layer_norm", layerNormWgsl);
const dxKernel = kernel("layer_norm_dx", dxWgsl);
const dwKernel = kernel("layer_norm_dw", dwWgsl);

interface Params {
  /** Added to the variance. */
  epsilon: number;
}

/** Chooses the invocations per work-group; each sees one of the samples. */
function sizeOf(rec: Recorder, pass: string, samples: number, elements: number) {
  const key = `${pass} elements ${sizeClass(elements)} groups ${sizeClass(samples)}`;
  return { SIZE: `${rec.choose(key, normSizes(rec))}u` };
}

function backward(rec: Recorder, io: Backward<Params>): void {
  const { inputs: [x, gamma], saved: [stats], dy: [dy], dx: [dx, ...weights] } = io;
  const samples = x.shape[0], elements = numel(gamma.shape);
  if (dx) {
    const l = lanes(elements, gamma);
    const size = sizeOf(rec, "layer_norm_dx", samples, elements);
    rec.run(
      dxKernel,
      { x, gamma, stats, dy: dy!, dx: dx.tensor },
      { ...l, ...size, size: elements / width(l), add: dx.accumulate },
      [samples],
    );
  }
  if (weights.every((w) => w === null)) return;
  const l = lanes(elements), size = elements / width(l);
  withWeightGradients(rec, weights, (to, options) => {
    rec.run(dwKernel, { x, stats, dy: dy!, ...to }, { ...l, samples, size, ...options }, size);
  });
}

const op = defineOp<Params>({
  name: "layer_norm",
  normalises: true,
  shapes: ([x, gamma, beta]) => {
    const sample = x.slice(1);
    expectShape(
      x.length >= 2 && sameShape(gamma, sample) && sameShape(beta, sample),
      "layer_norm",
      [x, gamma, beta],
      "[n,…], and twice the shape of a sample",
    );
    return { out: [x], saved: [[x[0], 2]] };
  },
  forward(rec, { inputs: [x, gamma, beta], out: [y], saved: [stats], params: { epsilon } }) {
    const [samples] = x.shape, elements = numel(gamma.shape), l = lanes(elements, gamma, beta);
    const size = sizeOf(rec, "layer_norm", samples, elements);
    const sizes = { ...l, ...size, size: elements / width(l), c: 1, groups: 1 };
    rec.run(normalise, { x, gamma, beta, stats, y }, { ...sizes, epsilon }, [samples]);
  },
  backward,
  reads: { out: false },
  reference([x, gamma, beta], _, { epsilon }) {
    const y = new Float64Array(x.length), size = gamma.length;
    for (let start = 0; start < x.length; start += size) {
      const sample = x.subarray(start, start + size);
      const mean = sample.reduce((sum, v) => sum + v, 0) / size;
      const variance = sample.reduce((sum, v) => sum + (v - mean) ** 2, 0) / size;
      for (let i = 0; i < size; i++) {
        y[start + i] = (sample[i] - mean) / Math.sqrt(variance + epsilon) * gamma[i] + beta[i];
      }
    }
    return [y];
  },
  cases: ([
    [[3, 9, 7, 1], 1e-5],
    [[2, 5, 7, 3], 1e-5],
    [[2, 3, 5, 36], 1e-5],
    [[9, 8, 8, 16], 1e-3],
    [[4, 6], 1e-5],
    [[1, 33, 37, 4], 1e-5],
    [[70, 3, 3, 8], 1e-5],
  ] as [number[], number][]).map(([x, epsilon]) => ({
    shapes: [x, x.slice(1), x.slice(1)],
    params: { epsilon },
    inputs: ["real", "positive", "real"],
  })),
});

/**
 * Layer normalisation (Ba et al. 2016): each sample of x [n, …] by the mean and deviation of all its elements,
 * then by gamma and beta, which have the shape of a sample.
 */
export const layerNorm = (x: Value, gamma: Value, beta: Value, epsilon: number): Value =>
  apply(op, [x, gamma, beta], { epsilon })[0];
