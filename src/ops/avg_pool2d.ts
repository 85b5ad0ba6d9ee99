/**
 * Average pooling. Variants: 1. `avg_pool_sliding*`: 3 × 3 and 5 × 5, stride 1 and 2. 2. `avg_pool*`: everything else.
 */
import avgPoolWgsl from "../../kernels/avg_pool.wgsl" with { type: "text" };
import slidingWgsl from "../../kernels/avg_pool_sliding.wgsl" with { type: "text" };
import slidingDxWgsl from "../../kernels/avg_pool_sliding_dx.wgsl" with { type: "text" };
import avgPoolDxWgsl from "../../kernels/avg_pool_dx.wgsl" with { type: "text" };
import { type Backward, defineOp, type Forward, numel, type Shape } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel } from "../gpu/kernel.ts";
import { slidePool, slides, type SlidingKernel } from "./sliding_window.ts";
import { expectPool, poolCases, poolGeometry, type PoolOptions } from "./pooling.ts";
import { lanes, width } from "./tiling.ts";

const plain = kernel("avg_pool", avgPoolWgsl);
const plainDx = kernel("avg_pool_dx", avgPoolDxWgsl);
const sliding = kernel("avg_pool_sliding", slidingWgsl);
const slidingDx = kernel("avg_pool_sliding_dx", slidingDxWgsl);

const pooling: SlidingKernel = { name: "avg_pool2d", columns: [4, 2] };
const gradient: SlidingKernel = { name: "avg_pool2d_dx", columns: [4, 2] };

function forward(rec: Recorder, { inputs: [x], out: [y], params }: Forward<PoolOptions>) {
  const { k, stride } = params;
  if (slides(k, stride)) {
    const { params: sizes, V, invocations } = slidePool(rec, pooling, x.shape, params, false);
    return rec.run(sliding, { x, y }, { ...sizes, V }, invocations);
  }
  const l = lanes(x.shape[3]);
  const c = x.shape[3] / width(l);
  const sizes = { ...poolGeometry(x.shape, params), V: l.V, k, stride, c };
  rec.run(plain, { x, y }, sizes, numel(y.shape) / width(l));
}

function backward(
  rec: Recorder,
  { inputs: [x], params, dy: [dy], dx: [dx] }: Backward<PoolOptions>,
) {
  const { tensor, accumulate: add } = dx!;
  const { k, stride } = params;
  if (slides(k, stride)) {
    const { params: sizes, V, invocations } = slidePool(rec, gradient, x.shape, params, true);
    return rec.run(slidingDx, { dy: dy!, dx: tensor }, { ...sizes, V, add }, invocations);
  }
  const l = lanes(x.shape[3]);
  const c = x.shape[3] / width(l);
  const sizes = { ...poolGeometry(x.shape, params), V: l.V, k, stride, c, add };
  rec.run(plainDx, { dy: dy!, dx: tensor }, sizes, numel(x.shape) / width(l));
}

function reference(
  [x]: readonly Float64Array[],
  [xs]: readonly Shape[],
  params: PoolOptions,
): Float64Array[] {
  const { n, ih, iw, oh, ow, pad_y, pad_x } = poolGeometry(xs, params);
  const c = xs[3];
  const y = new Float64Array(n * oh * ow * c);
  y.forEach((_, i) => {
    const ch = i % c, ox = Math.floor(i / c) % ow;
    const oy = Math.floor(i / c / ow) % oh, image = Math.floor(i / c / ow / oh);
    let cells = 0;
    for (let kh = 0; kh < params.k; kh++) {
      for (let kw = 0; kw < params.k; kw++) {
        const iy = oy * params.stride + kh - pad_y, ix = ox * params.stride + kw - pad_x;
        if (iy < 0 || iy >= ih || ix < 0 || ix >= iw) continue;
        y[i] += x[((image * ih + iy) * iw + ix) * c + ch];
        cells++;
      }
    }
    y[i] /= cells;
  });
  return [y];
}

const op = defineOp<PoolOptions>({
  name: "avg_pool2d",
  shapes: ([x], params) => {
    const { n, oh, ow } = expectPool("avg_pool2d", x, params);
    return { out: [[n, oh, ow, x[3]]] };
  },
  forward,
  backward,
  reads: { inputs: false, out: false },
  reference,
  cases: poolCases,
});

/** Mean of the cells inside the image of each k × k window of x [n,h,w,c]: padding does not count. */
export const avgPool2d = (x: Value, options: PoolOptions): Value => apply(op, [x], options)[0];
