import assert from "node:assert/strict";
import { relativeError, testData } from "../../src/autodiff/gradcheck.ts";
import { registry } from "../../src/autodiff/op.ts";
import { run } from "../../src/autodiff/run.ts";
import { Tape } from "../../src/autodiff/tape.ts";
import { Gpu } from "../../src/gpu/device.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import "../../src/ops/depthwise_conv2d.ts";
import { relu } from "../../src/ops/relu.ts";
import { separableConv2d } from "../../src/ops/separable_conv2d.ts";

const gpu = await Gpu.open();
const op = registry.find((o) => o.name === "depthwise_conv2d")!;

/** Values and both gradients, with the weights (and their gradient) at an offset of a slab. */
async function at(offset: number, stride: number): Promise<Float32Array[]> {
  const x = [2, 6, 7, 8], w = [3, 3, 8, 1];
  const { out: [y] } = op.shapes([x, w], { stride });
  const data = (shape: readonly number[], seed: number) =>
    Float32Array.from(testData(shape.reduce((a, b) => a * b), "real", seed));
  const slab = new Float32Array(offset + 72 + 5).fill(3);
  slab.set(data(w, 2), offset);
  const place = (t: Tensor): Tensor => ({ ...t, shape: w, offset });
  const grads = gpu.upload(new Float32Array(slab.length).fill(3));
  const io = {
    inputs: [gpu.upload(data(x, 1), x), place(gpu.upload(slab))],
    out: [gpu.empty(y)],
    saved: [],
    params: { stride, relu: true },
  };
  op.forward(gpu, io);
  const dx = gpu.empty(x);
  (op.backward as (gpu: Gpu, io: unknown) => void)(gpu, {
    ...io,
    dy: [gpu.upload(data(y, 3), y)],
    dx: [{ tensor: dx, accumulate: false }, { tensor: place(grads), accumulate: false }],
  });
  const [values, dxs, all] = await gpu.read([io.out[0], dx, grads]);
  const outside = [...all.slice(0, offset), ...all.slice(offset + 72)];
  assert.deepEqual(outside, Array(outside.length).fill(3));
  return [values, dxs, all.slice(offset, offset + 72)];
}

for (const stride of [1, 2]) {
  Deno.test(`depthwise convolution of stride ${stride} finds its weights anywhere in a slab`, async () => {
    const want = await at(0, stride);
    for (const offset of [68, 67]) {
      const got = await at(offset, stride);
      got.forEach((g, i) => assert.ok(relativeError(g, want[i]) < 1e-6, `result ${i}`));
    }
  });
}

Deno.test("a separable convolution is the depthwise one mixed over channels", async () => {
  const tape = new Tape();
  const input = (shape: number[], data: number[]) =>
    tape.input(shape, { tensor: gpu.upload(Float32Array.from(data), shape) });
  const x = input([1, 1, 2, 2], [1, -2, 3, 4]);
  const dw = input([3, 3, 2, 1], Array(18).fill(1));
  const pw = input([2, 3], [1, 0, 2, 0, 1, 3]);
  const y = separableConv2d(relu(x), dw, pw, { stride: 1 });
  const [got] = await gpu.read([run(gpu, tape, { outputs: [y] }).of(y)]);
  // Each window sees both pixels: 1 + 3 in the first channel, 0 + 4 in the second.
  assert.deepEqual([...got], [4, 4, 20, 4, 4, 20]);
});
