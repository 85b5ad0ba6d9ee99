import maxPoolWgsl from "../../kernels/max_pool.wgsl" with { type: "text" };
import maxPoolDxWgsl from "../../kernels/max_pool_dx.wgsl" with { type: "text" };
import { type Backward, count, defineOp, type Forward, type Shape } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import { expectPool, lanes, poolCases, poolGeometry, type PoolOptions, width } from "./tiling.ts";

const plain = kernel("max_pool", maxPoolWgsl);
const plainDx = kernel("max_pool_dx", maxPoolDxWgsl);

const types = (channels: number) => {
  const { V } = lanes(channels);
  return { V, U: V === "vec4f" ? "vec4u" : "u32" };
};

function forward(gpu: Gpu, { inputs: [x], out: [y], saved: [won], params }: Forward<PoolOptions>) {
  const by = width(lanes(x.shape[3]));
  const { padding: _, ...sizes } = params;
  gpu.run(plain, { x, y, won }, {
    ...poolGeometry(x.shape, params),
    ...types(x.shape[3]),
    ...sizes,
    c: x.shape[3] / by,
  }, count(y.shape) / by);
}

function backward(
  gpu: Gpu,
  { inputs: [x], saved: [won], params, dy: [dy], dx: [dx] }: Backward<PoolOptions>,
) {
  const by = width(lanes(x.shape[3]));
  const { padding: _, ...sizes } = params;
  gpu.run(plainDx, { won, dy: dy!, dx: dx!.tensor }, {
    ...poolGeometry(x.shape, params),
    ...types(x.shape[3]),
    ...sizes,
    c: x.shape[3] / by,
    add: dx!.accumulate,
  }, count(x.shape) / by);
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
    return { out: [out], saved: [out] };
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
