import assert from "node:assert/strict";
import { Gpu } from "../../src/gpu/device.ts";
import { Metrics } from "../../src/nn/metrics.ts";

const gpu = await Gpu.open();

Deno.test("figures of several steps come back in one read, in their rows", async () => {
  const metrics = new Metrics(gpu, 3, 9);
  const tensors = Array.from({ length: 9 }, (_, i) => gpu.upload(Float32Array.of(i + 0.5)));
  metrics.record(0, tensors);
  metrics.record(2, tensors.toReversed());
  const rows = await metrics.read();
  const want = tensors.map((_, i) => i + 0.5);
  assert.deepEqual(rows.map((r) => [...r]), [want, new Array(9).fill(0), want.toReversed()]);
  assert.equal((await metrics.read(1)).length, 1);
});

Deno.test("integers keep their bits, and elements inside a buffer are found", async () => {
  const metrics = new Metrics(gpu, 2, 2);
  const data = gpu.upload(Uint32Array.of(7, 8, 9));
  const at = (offset: number) => ({ ...data, shape: [1], offset });
  metrics.record(1, [at(2), at(1)]);
  const [, row] = await metrics.read();
  assert.deepEqual([...new Uint32Array(row.buffer, row.byteOffset, 2)], [9, 8]);
});

Deno.test("a wrong number of figures or a slot too many is refused", () => {
  const metrics = new Metrics(gpu, 2, 1);
  const one = gpu.upload(Float32Array.of(1));
  assert.throws(() => metrics.record(2, [one]), /Cannot record 1 figures in slot 2/);
  assert.throws(() => metrics.record(0, [one, one]), /Cannot record 2 figures/);
});
