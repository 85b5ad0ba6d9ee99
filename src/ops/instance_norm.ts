import instanceNormWgsl from "../../kernels/instance_norm.wgsl" with { type: "text" };
import dwWgsl from "../../kernels/instance_norm_dw.wgsl" with { type: "text" };
import dxWgsl from "../../kernels/instance_norm_dx.wgsl" with { type: "text" };
import {
  type Backward,
  type Case,
  defineOp,
  expectShape,
  type Forward,
  type Shape,
  type Tensor,
} from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { cut, normSizes } from "./batch_norm_passes.ts";
import { withWeightGradients } from "./norm_weights.ts";
import { sameShape } from "./shapes.ts";
import { lanes, sizeClass, width, withScratch, withUnused } from "./tiling.ts";

const normalise = kernel("instance_norm", instanceNormWgsl);
const dxKernel = kernel("instance_norm_dx", dxWgsl);
const dwKernel = kernel("instance_norm_dw", dwWgsl);

interface Params {
  /** Added to the variance. */
  epsilon: number;
  /** Apply max(y, 0) to the result. */
  relu?: boolean;
}

function shapes([x, gamma, beta]: readonly Shape[]) {
  const c = x[3];
  expectShape(
    x.length === 4 && [gamma, beta].every((w) => w.length === 1 && w[0] === c),
    "instance_norm",
    [x, gamma, beta],
    "[n,h,w,c], [c], [c]",
  );
  return { out: [x], saved: [[x[0], 4 * c]] };
}

/** Sizes of the kernels' work: one work-group per image and some channel groups. */
function work(rec: Recorder, pass: string, [images, h, w, channels]: Shape, ...weights: Tensor[]) {
  const l = lanes(channels, ...weights);
  const c = channels / width(l), pixels = h * w;
  const key = `${pass} pixels ${sizeClass(pixels)} groups ${sizeClass(images * c)}`;
  const size = rec.choose(key, normSizes(rec));
  const { grid: [columns], tile } = cut({ fused: true, size }, pixels, c);
  return { common: { ...l, ...tile, c, pixels }, grid: [columns, 1, images] as const };
}

/** y = norm of x, plus `addend` where there is one. */
function forward(rec: Recorder, io: Forward<Params>, addend?: Tensor): void {
  const { inputs: [x, gamma, beta], out: [y], saved: [stats], params } = io;
  const { relu = false, epsilon } = params;
  const { common, grid } = work(rec, "instance_norm", x.shape, gamma, beta);
  const add = addend !== undefined;
  withUnused(rec, ["plus"], ({ plus }) => {
    const tensors = { x, gamma, beta, plus: addend ?? plus, stats, y };
    rec.run(normalise, tensors, { ...common, relu, add, epsilon }, grid);
  });
}

/** Gradients of a norm's input and weights; that of an addend is dy itself. */
function backward(rec: Recorder, io: Backward<Params>): void {
  const { inputs: [x], saved: [stats], params: { relu = false }, dy: [dy], dx: [dx, ...weights] } =
    io;
  const { common, grid } = work(rec, "instance_norm_dx", x.shape);
  const [images, , , channels] = x.shape;
  withScratch(rec, images * 2 * channels, (sums) => {
    withUnused(rec, ["dx"], (unused) => {
      const flags = { relu, constant_stats: false, write_dx: dx !== null };
      const tensors = { x, dy: dy!, stats, sums, dx: dx?.tensor ?? unused.dx };
      rec.run(
        dxKernel,
        tensors,
        { ...common, ...flags, add: dx?.accumulate ?? false },
        grid,
      );
    });
    if (weights.every((w) => w === null)) return;
    withWeightGradients(rec, weights, (to, options) => {
      rec.run(dwKernel, { sums, ...to }, { images, c: channels, ...options }, channels);
    });
  });
}

function reference(
  [x, gamma, beta]: readonly Float64Array[],
  [[n, h, w, c]]: readonly Shape[],
  { epsilon, relu }: Params,
): Float64Array[] {
  const y = new Float64Array(x.length), pixels = h * w;
  for (let image = 0; image < n; image++) {
    for (let ch = 0; ch < c; ch++) {
      const at = (pixel: number) => (image * pixels + pixel) * c + ch;
      let mean = 0, variance = 0;
      for (let p = 0; p < pixels; p++) mean += x[at(p)] / pixels;
      for (let p = 0; p < pixels; p++) variance += (x[at(p)] - mean) ** 2 / pixels;
      for (let p = 0; p < pixels; p++) {
        const v = (x[at(p)] - mean) / Math.sqrt(variance + epsilon) * gamma[ch] + beta[ch];
        y[at(p)] = relu ? Math.max(v, 0) : v;
      }
    }
  }
  return [y];
}

const cases: Case<Params>[] = ([
  [[3, 9, 7, 1], {}],
  [[2, 5, 7, 3], {}],
  [[2, 3, 5, 36], { relu: true }],
  [[5, 8, 8, 16], {}],
  [[1, 2, 3, 5], { epsilon: 1e-3 }],
  [[2, 33, 37, 4], {}],
  [[70, 4, 4, 8], {}],
] as [number[], Partial<Params>][]).map(([x, options]) => ({
  shapes: [x, [x[3]], [x[3]]],
  params: { epsilon: 1e-5, ...options },
  inputs: ["real", "positive", "real"],
}));

/** The same with an addend after x. */
const sumOp = defineOp<Params>({
  name: "instance_norm_plus",
  shapes: ([x, plus, ...rest]) => {
    expectShape(sameShape(x, plus), "instance_norm_plus", [x, plus], "two equal shapes");
    return shapes([x, ...rest]);
  },
  forward: (rec, { inputs: [x, plus, ...rest], ...io }) =>
    forward(rec, { ...io, inputs: [x, ...rest] }, plus),
  backward: (rec, { inputs: [x, , ...rest], dx: [dx, , ...weights], ...io }) =>
    backward(rec, { ...io, inputs: [x, ...rest], dx: [dx, ...weights] }),
  handsOver: [1],
  reads: { out: false },
  reference: ([x, plus, ...rest], [shape, , ...others], params) => {
    const [y] = reference([x, ...rest], [shape, ...others], params);
    return [y.map((v, i) => v + plus[i])];
  },
  cases: cases.map(({ shapes: [x, ...rest], params }) => ({
    shapes: [x, x, ...rest],
    params,
    inputs: ["real", "real", "positive", "real"],
  })),
});

const op = defineOp<Params>({
  name: "instance_norm",
  normalises: true,
  shapes,
  forward: (rec, io) => forward(rec, io),
  backward,
  reads: { out: false },
  absorbs: { reluOfOutput: (params) => ({ ...params, relu: true }), sum: sumOp },
  reference,
  cases,
});

/**
 * Instance normalisation (Ulyanov et al. 2016): each channel of each image of x [n, h, w, c] by its own mean and
 * deviation, then by gamma [c] and beta [c]. Keeps no running statistics.
 */
export const instanceNorm = (x: Value, gamma: Value, beta: Value, epsilon: number): Value =>
  apply(op, [x, gamma, beta], { epsilon })[0];
