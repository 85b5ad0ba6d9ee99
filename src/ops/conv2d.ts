import conv2dWgsl from "../../kernels/conv2d.wgsl" with { type: "text" };
import conv2dDwWgsl from "../../kernels/conv2d_dw.wgsl" with { type: "text" };
import conv2dDwScalarWgsl from "../../kernels/conv2d_dw_scalar.wgsl" with { type: "text" };
import conv2dScalarWgsl from "../../kernels/conv2d_scalar.wgsl" with { type: "text" };
import dilateWgsl from "../../kernels/dilate.wgsl" with { type: "text" };
import {
  count,
  defineOp,
  expectShape,
  type Grad,
  type Shape,
  type Tensor,
} from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import { blockSize, groups, reduceSize, splitReduce } from "./product.ts";

const vector = kernel("conv2d", conv2dWgsl);
const scalar = kernel("conv2d_scalar", conv2dScalarWgsl);
const vectorDw = kernel("conv2d_dw", conv2dDwWgsl);
const scalarDw = kernel("conv2d_dw_scalar", conv2dDwScalarWgsl);
const dilate = kernel("dilate", dilateWgsl);

interface Params {
  stride: number;
  relu: boolean;
}

/** TensorFlow's SAME padding: output size, and the zeros before the first pixel. */
function same(size: number, k: number, stride: number): { out: number; before: number } {
  const out = Math.ceil(size / stride);
  return { out, before: Math.max((out - 1) * stride + k - size, 0) >> 1 };
}

interface Convolution {
  x: Tensor;
  w: Tensor;
  y: Tensor;
  k: number;
  stride: number;
  /** Zeros above and to the left of x. */
  pad: [number, number];
  /** Turn the kernel by half a turn and exchange its channels: the convolution's transpose. */
  flip: boolean;
  relu: boolean;
  gate?: Tensor;
  add: boolean;
}

const SIZE = 64;
/** Weights (vec4) that the kernels stage: the size of their tile. */
const TILE = 1024;
/** Largest kernel size: all taps of 16 output channels for one input channel fill the tile. */
const LARGEST = 16;

/**
 * Pixels of a row per invocation, as many as registers hold. Software adapters keep registers in the cache,
 * and their loads cost more than their arithmetic: they take twice as many.
 */
function pixels(gpu: Gpu, ow: number): number {
  const most = gpu.adapter.fallback ? 16 : 8;
  if (ow <= most) return ow;
  for (let t = most; t > most / 2; t--) if (ow % t === 0) return t;
  return most;
}

/** y (+)= act(x) ∗ w. Wide inputs take several dispatches, each adding a slice of channels. */
function convolve(gpu: Gpu, { x, w, y, k: K, stride: S, pad, flip, relu, gate, add }: Convolution) {
  const [n, ih, iw, ci] = x.shape, [, oh, ow, co] = y.shape;
  const T = pixels(gpu, ow), Q = blockSize(Math.ceil(co / 4), gpu.adapter.fallback ? 4 : 2);
  const tiles = Math.ceil(ow / T), seen = (T - 1) * S + K;
  // Only these columns can lie outside; where the two ends meet, all are checked.
  const before = Math.max(0, pad[1]);
  const after = Math.max(0, (ow - 1) * S - pad[1] + K - iw);
  const meet = before + after > seen;
  const LEFT = meet ? seen : before, RIGHT = meet ? 0 : after;
  const depth = blockSize(ci, Math.floor(TILE / (K * K * Q)));
  for (let c0 = 0; c0 < ci; c0 += depth) {
    gpu.run(co % 4 ? scalar : vector, { x, w, gate: gate ?? x, y }, {
      ...{ ih, iw, ci, oh, ow, co, rows: n * oh, tiles, top: pad[0], left: pad[1] },
      ...{ k: K, pixels: T, c0, depth: Math.min(depth, ci - c0) },
      ...{
        wi: flip ? 1 : co,
        wo: flip ? ci : 1,
        flip,
        relu,
        gated: gate !== undefined,
        add: add || c0 > 0,
      },
      ...{ K, S, T, Q, LEFT, INNER: seen - LEFT - RIGHT, RIGHT, REST: (T - 1) * Q, SIZE },
    }, groups(n * oh * tiles, SIZE, Math.ceil(co / (4 * Q))));
  }
}

interface Gradient {
  x: Tensor;
  w: Tensor;
  dy: Tensor;
  params: Params;
}

/** The transposed convolution; a stride is undone by putting zeros between the pixels of dy first. */
function convolveDx(gpu: Gpu, { x, w, dy, params }: Gradient, { tensor, accumulate }: Grad): void {
  const { stride, relu } = params;
  const [n, h, wide] = x.shape, [, oh, ow, co] = dy.shape, [k] = w.shape;
  const back = (size: number) => k - 1 - same(size, k, stride).before;
  let from = dy;
  if (stride > 1) {
    const shape = [n, (oh - 1) * stride + 1, (ow - 1) * stride + 1, co];
    from = { shape, buffer: gpu.pool.acquire(count(shape) * 4), offset: 0 };
    const sizes = { n: count(shape), h: oh, w: ow, c: co, s: stride };
    gpu.run(dilate, { x: dy, y: from }, sizes, sizes.n);
  }
  convolve(gpu, {
    ...{ x: from, w, y: tensor, k, stride: 1, pad: [back(h), back(wide)], flip: true },
    ...{ relu: false, gate: relu ? x : undefined, add: accumulate },
  });
  if (from !== dy) gpu.pool.release(from.buffer);
}

function convolveDw(gpu: Gpu, { x, w, dy, params: { stride: S, relu } }: Gradient, dw: Grad): void {
  const [n, ih, iw, ci] = x.shape, [, oh, ow, co] = dy.shape, [K] = w.shape;
  const vec = ci % 4 === 0 && co % 4 === 0;
  const T = 2, Q = vec ? blockSize(co / 4, 2) : 8;
  const tiles = vec ? K * (ci / 4) * Math.ceil(co / (4 * Q)) : K * ci * Math.ceil(co / Q);
  splitReduce(
    gpu,
    n * oh,
    tiles,
    count(w.shape),
    dw,
    (sums, span, splits) =>
      gpu.run(vec ? vectorDw : scalarDw, { x, dy, sums }, {
        ...{ ih, iw, ci, oh, ow, co, rows: n * oh, span, splits, relu },
        top: same(ih, K, S).before,
        left: same(iw, K, S).before,
        ...{ SIZE: reduceSize(gpu), K, S, Q, T, WINDOW: (T - 1) * S + K },
      }, splits * tiles),
  );
}

function shapes([x, w]: readonly Shape[], { stride }: Params): { out: Shape[] } {
  expectShape(
    x.length === 4 && w.length === 4 && w[0] === w[1] && w[2] === x[3] && w[0] <= LARGEST,
    "conv2d",
    [x, w],
    `an input [n, h, w, ci] and weights [k, k, ci, co], k at most ${LARGEST}`,
  );
  return { out: [[x[0], Math.ceil(x[1] / stride), Math.ceil(x[2] / stride), w[3]]] };
}

const test = (x: Shape, k: number, co: number, stride: number, relu: boolean) => ({
  shapes: [x, [k, k, x[3], co]],
  params: { stride, relu },
});

const op = defineOp<Params>({
  name: "conv2d",
  shapes,
  forward: (gpu, { inputs: [x, w], out: [y], params: { stride, relu } }) => {
    const [k] = w.shape;
    const pad = [x.shape[1], x.shape[2]].map((s) => same(s, k, stride).before);
    const [top, left] = pad;
    convolve(gpu, { x, w, y, k, stride, pad: [top, left], flip: false, relu, add: false });
  },
  backward: (gpu, { inputs: [x, w], dy: [dy], dx: [dx, dw], params }) => {
    const io = { x, w, dy: dy!, params };
    if (dx) convolveDx(gpu, io, dx);
    if (dw) convolveDw(gpu, io, dw);
  },
  reads: { out: false },
  macs: ([x, w], params) => count(shapes([x, w], params).out[0]) * w[0] * w[1] * w[2],
  reference: ([x, w], [xs, ws], params) => {
    const { stride, relu } = params;
    const [, h, wide, ci] = xs, [k, , , co] = ws;
    const [out] = shapes([xs, ws], params).out;
    const [top, left] = [h, wide].map((size) => {
      const total = Math.max((Math.ceil(size / stride) - 1) * stride + k - size, 0);
      return Math.floor(total / 2);
    });
    const y = new Float64Array(count(out));
    let to = 0;
    for (let n = 0; n < xs[0]; n++) {
      for (let i = 0; i < out[1]; i++) {
        for (let j = 0; j < out[2]; j++, to += co) {
          for (let a = 0; a < k; a++) {
            for (let b = 0; b < k; b++) {
              const r = i * stride + a - top, c = j * stride + b - left;
              if (r < 0 || r >= h || c < 0 || c >= wide) continue;
              for (let m = 0; m < ci; m++) {
                const raw = x[((n * h + r) * wide + c) * ci + m];
                const v = relu ? Math.max(raw, 0) : raw;
                const from = ((a * k + b) * ci + m) * co;
                for (let o = 0; o < co; o++) y[to + o] += v * w[from + o];
              }
            }
          }
        }
      }
    }
    return [y];
  },
  cases: [
    test([2, 5, 7, 1], 3, 3, 1, false),
    test([2, 4, 7, 3], 3, 4, 1, true),
    test([1, 3, 9, 36], 3, 36, 1, true),
    test([1, 6, 8, 4], 5, 4, 1, false),
    test([2, 5, 7, 4], 1, 4, 1, true),
    test([2, 6, 7, 4], 2, 4, 1, true),
    test([2, 5, 6, 3], 4, 3, 1, false),
    // More channels than one staging holds; several groups of rows; tiles that overlap.
    test([1, 3, 4, 20], 8, 4, 1, false),
    test([5, 13, 28, 4], 3, 4, 1, false),
    test([1, 2, 19, 4], 3, 4, 1, false),
    test([1, 3, 37, 4], 3, 4, 2, true),
    test([1, 4, 38, 3], 3, 3, 2, true),
    test([2, 7, 8, 4], 2, 4, 3, false),
    // As many blocks of output channels as the kernel has rows; as input channels, the last one narrow.
    test([1, 3, 4, 4], 3, 24, 1, false),
    test([1, 3, 4, 2], 3, 9, 1, true),
    // A window that leaves the image on both sides.
    test([1, 2, 2, 4], 5, 4, 1, false),
  ],
});

/**
 * Convolution with TensorFlow's SAME padding, no bias: x [n, h, w, ci], w [k, k, ci, co] to
 * [n, ⌈h / stride⌉, ⌈w / stride⌉, co]. `relu` takes max(x, 0) on the way in.
 */
export const conv2d = (
  x: Value,
  w: Value,
  { stride = 1, relu = false }: { stride?: number; relu?: boolean } = {},
): Value => apply(op, [x, w], { stride, relu })[0];
