/**
 * Products of pixels (rows) and small weight matrices, shared by `pointwise` and `matmul`: forward and both
 * gradients.
 */
import pointwiseWgsl from "../../kernels/pointwise.wgsl" with { type: "text" };
import pointwiseDwWgsl from "../../kernels/pointwise_dw.wgsl" with { type: "text" };
import pointwiseDwScalarWgsl from "../../kernels/pointwise_dw_scalar.wgsl" with { type: "text" };
import pointwiseScalarWgsl from "../../kernels/pointwise_scalar.wgsl" with { type: "text" };
import { count, type Grad, type Shape, type Tensor } from "../autodiff/op.ts";
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import { blockSize, groups, reduceSize, splitReduce } from "./tiling.ts";

export { blockSize, groups, reduceSize, splitReduce };

const vector = kernel("pointwise", pointwiseWgsl);
const scalar = kernel("pointwise_scalar", pointwiseScalarWgsl);
const vectorDw = kernel("pointwise_dw", pointwiseDwWgsl);
const scalarDw = kernel("pointwise_dw_scalar", pointwiseDwScalarWgsl);

/** Which pixel an output pixel reads: [stride · i + shift, stride · j + shift], zero where outside. */
export interface Sampling {
  stride: number;
  shift: number;
}

/** Images of a shape [n, h, w, c]; a matrix [n, c] is n images of one pixel. */
const plane = (s: Shape) => s.length === 2 ? { h: 1, w: 1 } : { h: s[1], w: s[2] };
const channels = (s: Shape) => s[s.length - 1];

interface Product {
  x: Tensor;
  w: Tensor;
  y: Tensor;
  /** Elements between weights of neighbouring x channels, and of neighbouring y channels. */
  strides: [number, number];
  map: { mul: number; div: number; shift: number };
  relu: boolean;
  /** Where this is not positive, the result counts as zero. */
  gate?: Tensor;
  add: boolean;
}

const SIZE = 128;
/** Channels that one dispatch of the straight-line kernel takes: more compile longer and run no faster. */
const SLICE = 64;

/** y (+)= act(x) w. Wide inputs take several dispatches, each adding a slice of channels. */
function product(gpu: Gpu, { x, w, y, strides: [wk, wn], map, relu, gate, add }: Product): void {
  const ci = channels(x.shape), co = channels(y.shape);
  const { h: oh, w: ow } = plane(y.shape), { h: ih, w: iw } = plane(x.shape);
  const rows = count(y.shape) / co;
  const tensors = { x, w, gate: gate ?? x, y };
  const common = { rows, oh, ow, ih, iw, ...map, ci, co, wk, wn, relu, gated: gate !== undefined };
  if (ci % 4 || co % 4) {
    const Q = blockSize(Math.ceil(co / 4), 4);
    const work = groups(rows, SIZE, Math.ceil(co / (4 * Q)));
    for (let k0 = 0; k0 < ci; k0 += 128) {
      const k = Math.min(128, ci - k0);
      gpu.run(scalar, tensors, { ...common, k0, k, add: add || k0 > 0, Q, SIZE }, work);
    }
    return;
  }
  const K4 = blockSize(ci / 4, SLICE / 4);
  const Q = blockSize(co / 4, K4 > 9 ? 4 : 9);
  const work = groups(rows, SIZE, Math.ceil(co / (4 * Q)));
  for (let done = 0; done < ci; done += 4 * K4) {
    // The last slice ends with the channels; what it shares with the one before gets no weight.
    const k0 = Math.min(done, ci - 4 * K4);
    gpu.run(
      vector,
      tensors,
      { ...common, k0, skip: done - k0, add: add || done > 0, K4, Q, SIZE },
      work,
    );
  }
}

/** y = act(x) w, or y += it; x [.., ci], w [ci, co], y [.., co]. */
export function productForward(
  gpu: Gpu,
  { x, w, y, relu, add, sampling: { stride, shift } }: {
    x: Tensor;
    w: Tensor;
    y: Tensor;
    relu: boolean;
    add: boolean;
    sampling: Sampling;
  },
): void {
  const strides: [number, number] = [w.shape[1], 1];
  product(gpu, { x, w, y, strides, map: { mul: stride, div: 1, shift }, relu, add });
}

interface ProductGradient {
  x: Tensor;
  w: Tensor;
  dy: Tensor;
  relu: boolean;
  sampling: Sampling;
}

/** dx (+)= act′(x) · dy wᵀ. */
export function productDx(
  gpu: Gpu,
  { x, w, dy, relu, sampling: { stride, shift } }: ProductGradient,
  { tensor, accumulate }: Grad,
): void {
  product(gpu, {
    x: dy,
    w,
    y: tensor,
    strides: [1, w.shape[1]],
    map: { mul: 1, div: stride, shift: -shift },
    relu: false,
    gate: relu ? x : undefined,
    add: accumulate,
  });
}

/** dw (+)= act(x)ᵀ dy. */
export function productDw(
  gpu: Gpu,
  { x, dy, relu, sampling: { stride, shift } }: ProductGradient,
  dw: Grad,
): void {
  const ci = channels(x.shape), co = channels(dy.shape);
  const { h: oh, w: ow } = plane(dy.shape), { h: ih, w: iw } = plane(x.shape);
  const rows = count(dy.shape) / co;
  const vec = ci % 4 === 0 && co % 4 === 0;
  const C = vec ? blockSize(ci / 4, 3) : 4, Q = vec ? blockSize(co / 4, C > 2 ? 3 : 4) : 8;
  const width = vec ? 4 : 1;
  const tiles = Math.ceil(ci / (width * C)) * Math.ceil(co / (width * Q));
  splitReduce(gpu, rows, tiles, ci * co, dw, (sums, span, splits) => {
    const params = { rows, oh, ow, ih, iw, mul: stride, shift, ci, co, span, splits, relu };
    gpu.run(
      vec ? vectorDw : scalarDw,
      { x, dy, sums },
      { ...params, SIZE: reduceSize(gpu), ...(vec && { C, Q }) },
      splits * tiles,
    );
  });
}
