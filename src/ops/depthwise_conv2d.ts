import depthwiseWgsl from "../../kernels/depthwise.wgsl" with { type: "text" };
import depthwiseDwWgsl from "../../kernels/depthwise_dw.wgsl" with { type: "text" };
import depthwiseDxWgsl from "../../kernels/depthwise_dx.wgsl" with { type: "text" };
import sumSplitsWgsl from "../../kernels/sum_splits.wgsl" with { type: "text" };
import {
  type Backward,
  type Case,
  count,
  defineOp,
  expectShape,
  type Forward,
  type Shape,
} from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import { axis, lanes, wantedInvocations, width, withScratch } from "./tiling.ts";

const plain = kernel("depthwise", depthwiseWgsl);
const plainDx = kernel("depthwise_dx", depthwiseDxWgsl);
const plainDw = kernel("depthwise_dw", depthwiseDwWgsl);
const sumSplits = kernel("sum_splits", sumSplitsWgsl);

export interface DepthwiseOptions {
  stride: number;
  /** Apply max(x, 0) to the input first. */
  relu: boolean;
}

function geometry(x: Shape, w: Shape, stride: number) {
  const [n, ih, iw] = x;
  const y = axis(ih, w[0], stride, "same"), along = axis(iw, w[0], stride, "same");
  return { n, ih, iw, oh: y.out, ow: along.out, pad_y: y.before, pad_x: along.before };
}

function forward(gpu: Gpu, { inputs: [x, w], out: [y], params }: Forward<DepthwiseOptions>) {
  const l = lanes(x.shape[3], w);
  gpu.run(plain, { x, w, y }, {
    ...geometry(x.shape, w.shape, params.stride),
    ...l,
    ...params,
    k: w.shape[0],
    c: x.shape[3] / width(l),
  }, count(y.shape) / width(l));
}

function backward(gpu: Gpu, { inputs: [x, w], params, ...io }: Backward<DepthwiseOptions>) {
  const { dy: [dy], dx: [dx, dw] } = io;
  const [k, , channels] = w.shape;
  const g = geometry(x.shape, w.shape, params.stride);
  if (dx) {
    const l = lanes(channels, w);
    gpu.run(plainDx, { x, w, dy: dy!, dx: dx.tensor }, {
      ...g,
      ...l,
      ...params,
      k,
      c: channels / width(l),
      add: dx.accumulate,
    }, count(x.shape) / width(l));
  }
  if (!dw) return;
  const l = lanes(channels);
  const c = channels / width(l), perSplit = k * k * c;
  const rows = Math.ceil(g.n * g.oh / Math.ceil(wantedInvocations(gpu) / perSplit));
  const splits = Math.ceil(g.n * g.oh / rows);
  withScratch(gpu, splits * k * k * channels, (part) => {
    const { LANES: _, ...types } = l;
    gpu.run(
      plainDw,
      { x, dy: dy!, part },
      { ...g, ...types, ...params, k, c, rows, splits },
      splits * perSplit,
    );
    const n = k * k * channels;
    gpu.run(sumSplits, { part, y: dw.tensor }, { n, splits, add: dw.accumulate }, n);
  });
}

function reference(
  [x, w]: readonly Float64Array[],
  [xs, ws]: readonly Shape[],
  { stride, relu }: DepthwiseOptions,
): Float64Array[] {
  const [k, , c] = ws;
  const { n, ih, iw, oh, ow, pad_y, pad_x } = geometry(xs, ws, stride);
  const y = new Float64Array(n * oh * ow * c);
  y.forEach((_, i) => {
    const ch = i % c, ox = Math.floor(i / c) % ow;
    const oy = Math.floor(i / c / ow) % oh, image = Math.floor(i / c / ow / oh);
    for (let kh = 0; kh < k; kh++) {
      for (let kw = 0; kw < k; kw++) {
        const iy = oy * stride + kh - pad_y, ix = ox * stride + kw - pad_x;
        if (iy < 0 || iy >= ih || ix < 0 || ix >= iw) continue;
        const v = x[((image * ih + iy) * iw + ix) * c + ch];
        y[i] += w[(kh * k + kw) * c + ch] * (relu ? Math.max(v, 0) : v);
      }
    }
  });
  return [y];
}

const cases: Case<DepthwiseOptions>[] = ([
  [[2, 5, 7, 1], 3, 1, false],
  [[1, 7, 5, 3], 5, 2, true],
  [[2, 9, 6, 36], 3, 1, true],
  [[1, 11, 9, 36], 5, 1, false],
  [[2, 8, 8, 8], 3, 2, true],
  [[1, 6, 9, 4], 5, 1, true],
  [[1, 7, 7, 4], 2, 3, false],
  [[1, 6, 5, 8], 4, 1, true],
  [[1, 4, 3, 4], 7, 1, false],
  [[3, 14, 3, 3], 3, 1, true],
] as [number[], number, number, boolean][]).map(([x, k, stride, relu]) => ({
  shapes: [x, [k, k, x[3], 1]],
  params: { stride, relu },
}));

const op = defineOp<DepthwiseOptions>({
  name: "depthwise_conv2d",
  shapes: ([x, w], { stride }) => {
    expectShape(
      x.length === 4 && w.length === 4 && w[0] === w[1] && w[2] === x[3] && w[3] === 1,
      "depthwise_conv2d",
      [x, w],
      "[n,h,w,c] and [k,k,c,1]",
    );
    const { n, oh, ow } = geometry(x, w, stride);
    return { out: [[n, oh, ow, x[3]]] };
  },
  forward,
  backward,
  reads: { out: false },
  macs: ([x, w], { stride }) => {
    const { n, oh, ow } = geometry(x, w, stride);
    return n * oh * ow * count(w);
  },
  reference,
  cases,
});

/** Depthwise convolution of x [n,h,w,c] with w [k,k,c,1], SAME padding (TensorFlow's rule). */
export const depthwiseConv2d = (x: Value, w: Value, options: DepthwiseOptions): Value =>
  apply(op, [x, w], options)[0];
