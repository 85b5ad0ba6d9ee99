import scaleWgsl from "../../kernels/scale_channels.wgsl" with { type: "text" };
import factorsWgsl from "../../kernels/scale_channels_dfactors.wgsl" with { type: "text" };
import { defineOp, expectShape, numel, type Tensor } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import type { Recorder } from "../gpu/recorder.ts";

const scaled = kernel("scale_channels", scaleWgsl);
const dfactors = kernel("scale_channels_dfactors", factorsWgsl);

function times(rec: Recorder, x: Tensor, factors: Tensor, y: Tensor, add: boolean): void {
  const n = numel(x.shape), [images, c] = factors.shape;
  rec.run(scaled, { x, factors, y }, { n, per_image: n / images, c, add }, n);
}

const op = defineOp<Record<never, never>>({
  name: "scale_channels",
  shapes: ([x, factors]) => {
    expectShape(
      x.length >= 2 && factors.length === 2 && factors[0] === x[0] && factors[1] === x.at(-1),
      "scale_channels",
      [x, factors],
      "[n,…,c] and [n,c]",
    );
    return { out: [x] };
  },
  forward: (rec, { inputs: [x, factors], out: [y] }) => times(rec, x, factors, y, false),
  backward: (rec, { inputs: [x, factors], dy: [dy], dx: [dx, df] }) => {
    if (dx) times(rec, dy!, factors, dx.tensor, dx.accumulate);
    if (!df) return;
    const n = numel(factors.shape), c = factors.shape[1];
    const size = { n, c, pixels: numel(x.shape) / n, add: df.accumulate };
    rec.run(dfactors, { x, dy: dy!, dfactors: df.tensor }, size, n);
  },
  reads: { out: false },
  reference: ([x, factors], [, [n, c]]) => [
    x.map((v, i) => v * factors[Math.floor(i * n / x.length) * c + i % c]),
  ],
  cases: [[1, 1], [3, 5], [2, 5, 7, 3], [3, 4, 5, 36], [70, 33], [5, 3, 3, 64]].map((x) => ({
    shapes: [x, [x[0], x.at(-1)!]],
    params: {},
  })),
});

/**
 * Multiplies each channel of each image by a factor. The gradient of a factor of 1 is the sum over the pixels of
 * x · dy: how the loss changes as that channel of that image is removed.
 * @param x [n, …, c] @param factors [n, c]
 */
export const scaleChannels = (x: Value, factors: Value): Value => apply(op, [x, factors], {})[0];
