/**
 * Max pooling. Variants: 1. `max_pool_sliding*`: 3 × 3 and 5 × 5, stride 1 and 2, channels in fours, since four
 * winners share a word. 2. `max_pool*`: everything else.
 */
import maxPoolWgsl from "../../kernels/max_pool.wgsl" with { type: "text" };
import slidingWgsl from "../../kernels/max_pool_sliding.wgsl" with { type: "text" };
import slidingDxWgsl from "../../kernels/max_pool_sliding_dx.wgsl" with { type: "text" };
import maxPoolDxWgsl from "../../kernels/max_pool_dx.wgsl" with { type: "text" };
import { type Backward, defineOp, type Forward, numel, type Shape } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel } from "../gpu/kernel.ts";
import { slidePool, slides, type SlidingKernel } from "./sliding_window.ts";
import { expectPool, poolCases, poolGeometry, type PoolOptions } from "./pooling.ts";
import { lanes, width } from "./tiling.ts";

const plain = kernel("max_pool", maxPoolWgsl);
const plainDx = kernel("max_pool_dx", maxPoolDxWgsl);

const sliding = kernel("max_pool_sliding", slidingWgsl);
const slidingDx = kernel("max_pool_sliding_dx", slidingDxWgsl);

const pooling: SlidingKernel = { name: "max_pool2d", columns: [4, 2] };
const gradient: SlidingKernel = { name: "max_pool2d_dx", columns: [8, 4] };

const types = (channels: number) => {
  const { V } = lanes(channels);
  return { V, U: V === "vec4f" ? "vec4u" : "u32" };
};

/** The sliding-window kernels keep four channels' cells in a word. */
const slidesBytes = (x: Shape, { k, stride }: PoolOptions) => slides(k, stride) && x[3] % 4 === 0;

function forward(
  rec: Recorder,
  { inputs: [x], out: [y], saved: [won], params }: Forward<PoolOptions>,
) {
  const g = poolGeometry(x.shape, params);
  const { k, stride } = params;
  if (slidesBytes(x.shape, params)) {
    const { params: sizes, invocations } = slidePool(rec, pooling, x.shape, params, false);
    return rec.run(sliding, { x, y, won }, sizes, invocations);
  }
  const c = x.shape[3] / width(lanes(x.shape[3]));
  const sizes = { ...g, ...types(x.shape[3]), k, stride, c };
  rec.run(plain, { x, y, won }, sizes, g.n * g.oh * g.ow * c);
}

function backward(rec: Recorder, io: Backward<PoolOptions>) {
  const { inputs: [x], saved: [won], params, dy: [dy], dx: [dx] } = io;
  const { tensor, accumulate: add } = dx!;
  const g = poolGeometry(x.shape, params);
  const { k, stride } = params;
  if (slidesBytes(x.shape, params)) {
    const { params: sizes, invocations } = slidePool(rec, gradient, x.shape, params, true);
    return rec.run(slidingDx, { won, dy: dy!, dx: tensor }, { ...sizes, add }, invocations);
  }
  const c = x.shape[3] / width(lanes(x.shape[3]));
  const sizes = { ...g, ...types(x.shape[3]), k, stride, c, add };
  rec.run(plainDx, { won, dy: dy!, dx: tensor }, sizes, numel(x.shape) / x.shape[3] * c);
}

function reference(
  [x]: readonly Float64Array[],
  [xs]: readonly Shape[],
  params: PoolOptions,
): Float64Array[] {
  const { n, ih, iw, oh, ow, pad_y, pad_x } = poolGeometry(xs, params);
  const c = xs[3];
  const y = new Float64Array(n * oh * ow * c).fill(-Infinity);
  y.forEach((_, i) => {
    const ch = i % c, ox = Math.floor(i / c) % ow;
    const oy = Math.floor(i / c / ow) % oh, image = Math.floor(i / c / ow / oh);
    for (let kh = 0; kh < params.k; kh++) {
      for (let kw = 0; kw < params.k; kw++) {
        const iy = oy * params.stride + kh - pad_y, ix = ox * params.stride + kw - pad_x;
        if (iy < 0 || iy >= ih || ix < 0 || ix >= iw) continue;
        y[i] = Math.max(y[i], x[((image * ih + iy) * iw + ix) * c + ch]);
      }
    }
  });
  return [y];
}

const op = defineOp<PoolOptions>({
  name: "max_pool2d",
  shapes: ([x], params) => {
    const { n, oh, ow } = expectPool("max_pool2d", x, params);
    const out = [n, oh, ow, x[3]];
    return { out: [out], saved: [slidesBytes(x, params) ? [n, oh, ow, x[3] / 4] : out] };
  },
  forward,
  backward,
  reads: { inputs: false, out: false },
  reference,
  cases: poolCases,
});

/**
 * Largest of each k × k window of x [n,h,w,c]. Padding never wins; of equal cells the first in row-major
 * order gets the gradient.
 */
export const maxPool2d = (x: Value, options: PoolOptions): Value => apply(op, [x], options)[0];
