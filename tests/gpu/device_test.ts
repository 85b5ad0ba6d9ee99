import assert from "node:assert/strict";
import { fill } from "../../src/autodiff/run.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { kernel } from "../../src/gpu/kernel.ts";
import { selfTest } from "../../src/gpu/self_test.ts";

const gpu = await Gpu.open();

Deno.test("more work-groups than one axis has are folded, and each invocation knows its number", async () => {
  const number = kernel(
    "number",
    `//#include lib/index.wgsl
override SIZE: u32 = 2u;
struct P { n: u32 }
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@group(0) @binding(1) var<uniform> p: P;
@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i < p.n) { y[i] += i + 1u; }
}
`,
  );
  const n = 2 * 65535 * 2 + 1;
  const y = gpu.empty([n]);
  gpu.run(number, { y }, { n }, n);
  const [got] = await gpu.readU32([y]);
  assert.equal(got.findIndex((v, i) => v !== i + 1), -1);
});

Deno.test("every dispatch has its own parameters, also where one submission has no room for all of them", async () => {
  const all = gpu.empty([5000, 64]);
  for (let i = 0; i < 5000; i++) fill(gpu, { ...all, shape: [1], offset: 64 * i }, i + 1);
  const [got] = await gpu.read([all]);
  for (let i = 0; i < 5000; i++) assert.equal(got[64 * i], i + 1);
});

Deno.test("this adapter passes the self-test", async () => {
  await selfTest(gpu);
});
