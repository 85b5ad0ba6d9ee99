import assert from "node:assert/strict";
import { DeviceLostError } from "../../src/common/errors.ts";
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

Deno.test("tensors of an arena are zeroed, and their memory returns to the pool with the block", async () => {
  const before = gpu.pool.liveBytes;
  {
    using _arena = gpu.arena();
    const dirty = gpu.upload(new Float32Array(600).fill(3));
    assert.deepEqual((await gpu.read([dirty]))[0], new Float32Array(600).fill(3));
    assert.ok(gpu.pool.liveBytes > before);
  }
  assert.equal(gpu.pool.liveBytes, before);
  const owned = gpu.pool.ownedBytes;
  using _again = gpu.arena();
  assert.deepEqual((await gpu.read([gpu.empty([600])]))[0], new Float32Array(600));
  assert.equal(gpu.pool.ownedBytes, owned);
});

Deno.test("arenas may be nested, and close in reverse order only", () => {
  const before = gpu.pool.liveBytes;
  const outer = gpu.arena();
  gpu.empty([64]);
  {
    using _inner = gpu.arena();
    gpu.empty([64]);
    assert.throws(() => outer[Symbol.dispose](), /Cannot close an arena/);
  }
  assert.ok(gpu.pool.liveBytes > before);
  outer[Symbol.dispose]();
  assert.equal(gpu.pool.liveBytes, before);
});

Deno.test("a dry run reports each pipeline once, computes nothing, and ends where it throws", async () => {
  const own = kernel(
    "dry",
    `override SIZE: u32 = 64u;
override FACTOR: u32 = 1u;
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = FACTOR; }
`,
  );
  const y = gpu.empty([64]);
  const { dispatches } = gpu.counters;
  const record = () => {
    for (const FACTOR of [2, 3, 2]) gpu.run(own, { y }, { FACTOR }, 64);
    assert.equal(gpu.pool.acquire(4).id, -1);
  };
  assert.deepEqual(gpu.dryRun(record).map(({ params }) => params.FACTOR), [2, 3]);
  assert.equal(gpu.counters.dispatches, dispatches);
  assert.throws(() => gpu.dryRun(() => assert.fail("in a dry run")), /in a dry run/);
  gpu.run(own, { y }, { FACTOR: 2 }, 64);
  assert.deepEqual((await gpu.readU32([y]))[0], new Uint32Array(64).fill(2));
  assert.deepEqual(gpu.dryRun(record).map(({ params }) => params.FACTOR), [3]);
});

Deno.test("a kernel that does not compile on a lost device throws the loss", async () => {
  const lost = await Gpu.open();
  const x = lost.empty([64]);
  lost.device.destroy();
  await lost.device.lost;
  fill(lost, x, 1);
  await assert.rejects(lost.checkErrors(), DeviceLostError);
});
