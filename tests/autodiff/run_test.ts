import assert from "node:assert/strict";
import { accumulate, fill } from "../../src/autodiff/run.ts";
import { Gpu } from "../../src/gpu/device.ts";

const gpu = await Gpu.open();
const WORDS = 400;

for (const [offset, n] of [[0, 130], [7, 131], [64, 65], [8, 132]]) {
  Deno.test(`${n} elements from element ${offset} on are set or added to, and none beside them`, async () => {
    const all = gpu.upload(Float32Array.from({ length: WORDS }, (_, i) => i));
    const copied = gpu.upload(Float32Array.from({ length: WORDS }, (_, i) => i));
    const added = gpu.upload(Float32Array.from({ length: WORDS }, (_, i) => i));
    const part = { shape: [n], offset };
    const from = {
      ...gpu.upload(Float32Array.from({ length: WORDS }, (_, i) => 1000 + i)),
      ...part,
    };
    fill(gpu, { ...all, ...part }, -3);
    accumulate(gpu, from, { ...copied, ...part }, false);
    accumulate(gpu, from, { ...added, ...part }, true);
    const [set, copy, sum] = await gpu.read([all, copied, added]);
    for (let i = 0; i < WORDS; i++) {
      const inside = i >= offset && i < offset + n;
      assert.equal(set[i], inside ? -3 : i);
      assert.equal(copy[i], inside ? 1000 + i : i);
      assert.equal(sum[i], inside ? 1000 + 2 * i : i);
    }
  });
}
