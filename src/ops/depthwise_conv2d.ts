/**
 * Depthwise convolution. Variants, forward and backward:
 * 1. `depthwise_sliding*`: 3 × 3 and 5 × 5, stride 1 and 2, no dilation. Both gradients are one dispatch
 *    (`_dx_dw`), or two where many invocations win.
 * 2. `depthwise*`: everything else.
 */
import depthwiseWgsl from "../../kernels/depthwise.wgsl" with { type: "text" };
import depthwiseDwWgsl from "../../kernels/depthwise_dw.wgsl" with { type: "text" };
import depthwiseDxWgsl from "../../kernels/depthwise_dx.wgsl" with { type: "text" };
import {
  type Backward,
  type Case,
  defineOp,
  expectShape,
  type Forward,
  type Grad,
  numel,
  type Shape,
  type Tensor,
} from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel } from "../gpu/kernel.ts";
import {
  type DepthwiseParams,
  geometry,
  slideBackward,
  slideForward,
  slidesOver,
} from "./depthwise_sliding.ts";
import { lanes, width } from "./tiling.ts";

/** Stride and dilation of `depthwiseConv2d` in pixels, the same along both axes. */
export type DepthwiseOptions = Omit<DepthwiseParams, "relu">;

const plain = kernel("depthwise", depthwiseWgsl);
const plainDx = kernel("depthwise_dx", depthwiseDxWgsl);
const plainDw = kernel("depthwise_dw", depthwiseDwWgsl);

function forward(rec: Recorder, { inputs: [x, w], out: [y], params }: Forward<DepthwiseParams>) {
  if (slidesOver(w.shape, params)) return slideForward(rec, x, w, y, params);
  const { stride, relu = false, dilation = 1 } = params;
  const k = w.shape[0];
  const l = lanes(x.shape[3], w);
  const c = x.shape[3] / width(l);
  const g = { ...geometry(x.shape, w.shape, params), ...l, relu, c };
  rec.run(plain, { x, w, y }, { ...g, stride, dilation, k }, numel(y.shape) / width(l));
}

function backward(rec: Recorder, io: Backward<DepthwiseParams>): void {
  const { inputs: [x, w], dy: [dy], dx: [dx, dw], params } = io;
  if (slidesOver(w.shape, params)) return slideBackward(rec, x, w, dy!, dx, dw, params);
  if (dx) inputGradient(rec, x, w, dy!, dx, params);
  if (dw) weightGradient(rec, x, w.shape, dy!, dw, params);
}

function inputGradient(
  rec: Recorder,
  x: Tensor,
  w: Tensor,
  dy: Tensor,
  { tensor: dx, accumulate: add }: Grad,
  params: DepthwiseParams,
): void {
  const { stride, relu = false, dilation = 1 } = params;
  const k = w.shape[0];
  const l = lanes(x.shape[3], w);
  const c = x.shape[3] / width(l);
  const g = { ...geometry(x.shape, w.shape, params), ...l, c, add };
  rec.run(
    plainDx,
    { x, w, dy, dx },
    { ...g, stride, dilation, relu, k },
    numel(x.shape) / width(l),
  );
}

function weightGradient(
  rec: Recorder,
  x: Tensor,
  ws: Shape,
  dy: Tensor,
  dw: Grad,
  params: DepthwiseParams,
): void {
  const { stride, relu = false, dilation = 1 } = params;
  const [k, , channels] = ws;
  const n = numel(ws);
  const l = lanes(channels), { V } = l;
  const c = channels / width(l);
  const g = geometry(x.shape, ws, params);
  const perSplit = k * k * c;
  const rows = Math.ceil(g.n * g.oh / Math.ceil(rec.traits.busyInvocations / perSplit));
  const splits = Math.ceil(g.n * g.oh / rows);
  rec.reduceSplits({ splits, n, to: dw.tensor, add: dw.accumulate }, (partials) =>
    rec.run(
      plainDw,
      { x, dy, partials },
      {
        ...g,
        V,
        stride,
        dilation,
        relu,
        k,
        c,
        rows,
        splits,
        partials_at: partials.offset / width(l),
      },
      splits * perSplit,
    ));
}

function reference(
  [x, w]: readonly Float64Array[],
  [xs, ws]: readonly Shape[],
  params: DepthwiseParams,
): Float64Array[] {
  const { stride, relu = false, dilation = 1 } = params;
  const [k, , c] = ws;
  const { n, ih, iw, oh, ow, pad_y, pad_x } = geometry(xs, ws, params);
  const y = new Float64Array(n * oh * ow * c);
  y.forEach((_, i) => {
    const ch = i % c, ox = Math.floor(i / c) % ow;
    const oy = Math.floor(i / c / ow) % oh, image = Math.floor(i / c / ow / oh);
    for (let kh = 0; kh < k; kh++) {
      for (let kw = 0; kw < k; kw++) {
        const iy = oy * stride + kh * dilation - pad_y;
        const ix = ox * stride + kw * dilation - pad_x;
        if (iy < 0 || iy >= ih || ix < 0 || ix >= iw) continue;
        const v = x[((image * ih + iy) * iw + ix) * c + ch];
        y[i] += w[(kh * k + kw) * c + ch] * (relu ? Math.max(v, 0) : v);
      }
    }
  });
  return [y];
}

const cases: Case<DepthwiseParams>[] = ([
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
  // Weight gradients of several rows, of several images in one run.
  [[1, 5, 4, 77], 3, 2, false],
  [[5, 2, 3, 257], 3, 1, true],
  [[70, 4, 3, 16], 3, 2, true],
  // Dilated: even and odd sizes, windows larger than the image.
  [[2, 7, 8, 4], 3, 1, true, 2],
  [[1, 9, 8, 3], 5, 1, false, 2],
  [[2, 8, 7, 8], 3, 2, true, 2],
  [[1, 9, 11, 5], 5, 2, false, 2],
  [[1, 10, 5, 4], 3, 1, false, 3],
] as [number[], number, number, boolean, number?][]).map(([x, k, stride, relu, dilation]) => ({
  shapes: [x, [k, k, x[3], 1]],
  params: dilation === undefined ? { stride, relu } : { stride, relu, dilation },
}));

const op = defineOp<DepthwiseParams>({
  name: "depthwise_conv2d",
  absorbs: { reluOfInputs: { at: () => [0], params: (params) => ({ ...params, relu: true }) } },
  shapes: ([x, w], params) => {
    expectShape(
      x.length === 4 && w.length === 4 && w[0] === w[1] && w[2] === x[3] && w[3] === 1,
      "depthwise_conv2d",
      [x, w],
      "[n,h,w,c] and [k,k,c,1]",
    );
    const { n, oh, ow } = geometry(x, w, params);
    return { out: [[n, oh, ow, x[3]]] };
  },
  forward,
  backward,
  reads: { out: false },
  macs: ([x, w], params) => {
    const { n, oh, ow } = geometry(x, w, params);
    return n * oh * ow * numel(w);
  },
  reference,
  cases,
});

/** Depthwise convolution of x [n,h,w,c] with w [k,k,c,1], SAME padding (TensorFlow's rule). */
export const depthwiseConv2d = (x: Value, w: Value, options: DepthwiseOptions): Value =>
  apply(op, [x, w], options)[0];
