import assert from "node:assert/strict";
import { peakBytes, run, schedule, Tape } from "../../src/autodiff/mod.ts";
import { reshape } from "../../src/autodiff/tape.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { sizeClass } from "../../src/gpu/pool.ts";
import { add, argmax, embedding, matmul, relu } from "../../src/ops/mod.ts";

const gpu = await Gpu.open();

Deno.test("gradients that are dy itself are shared until somebody adds to them", async () => {
  const tape = new Tape();
  const x = tape.input([1], { tensor: gpu.upload(Float32Array.of(2)), wantsGrad: true });
  const y = tape.input([1], { tensor: gpu.upload(Float32Array.of(3)), wantsGrad: true });
  // d/dx (x + x + relu(x) + y) = 3, d/dy = 1.
  const loss = add(add(add(x, x), relu(x)), y);
  const result = run(gpu, tape, { outputs: [loss], loss });
  const [[value], [dx], [dy]] = await gpu.read([
    result.of(loss),
    result.gradient(x),
    result.gradient(y),
  ]);
  assert.deepEqual([value, dx, dy], [9, 3, 1]);
});

Deno.test("gradients of a value with many consumers are all added up", async () => {
  const tape = new Tape();
  const x = tape.input([1], { tensor: gpu.upload(Float32Array.of(-1)), wantsGrad: true });
  const h = add(x, x);
  const loss = add(add(relu(h), h), add(h, relu(x)));
  const result = run(gpu, tape, { outputs: [], loss });
  // relu is shut at −2 and −1: two paths through h, each 2.
  assert.deepEqual([...(await gpu.read([result.gradient(x)]))[0]], [4]);
});

Deno.test("nodes that nothing asks for are not run", () => {
  const tape = new Tape();
  const x = tape.input([4]);
  const wanted = relu(x);
  relu(relu(x));
  assert.equal(schedule(tape, [wanted]).actions.length, 1);
});

Deno.test("a forward chain needs two buffers, whatever its length", () => {
  const chain = (length: number) => {
    const tape = new Tape();
    let x = tape.input([1024]);
    for (let i = 0; i < length; i++) x = relu(x);
    return peakBytes(schedule(tape, [x]));
  };
  assert.equal(chain(10), 2 * sizeClass(4096));
  assert.equal(chain(50), chain(10));
});

Deno.test("every buffer of a run goes back to the pool once its results are recycled", async () => {
  const before = gpu.pool.liveBytes;
  for (let i = 0; i < 3; i++) {
    const tape = new Tape();
    const x = tape.input([1], { tensor: gpu.temporary(Float32Array.of(i)), wantsGrad: true });
    run(gpu, tape, { outputs: [], loss: add(relu(x), x) });
  }
  await gpu.read([gpu.zeros([1])]);
  gpu.startRun();
  gpu.startRun();
  assert.ok(gpu.pool.liveBytes <= before);
});

Deno.test("a loss that no weight leads to is refused", () => {
  const tape = new Tape();
  const x = tape.input([1]);
  assert.throws(() => schedule(tape, [], relu(x)), /no weight or input leads to the loss/);
});

Deno.test("a kernel that does not compile is named with its line", async () => {
  const { kernel } = await import("../../src/gpu/kernel.ts");
  const own = await Gpu.open();
  const bad = kernel(
    "bad",
    "@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1)\nfn main() { y[0] = nope; }",
  );
  own.run(bad, { y: own.empty([1]) }, {}, 1);
  await assert.rejects(() => own.read([own.empty([1])]), /Cannot compile bad: line 3/);
  own.close();
});

Deno.test("memory is labelled by the place in the network, whatever op the place has", () => {
  const labels = (kind: string) => {
    const tape = new Tape();
    const x = tape.input([64]);
    const block = (name: string) =>
      tape.scope(name, () => relu(tape.scope(kind, () => add(relu(x), x))));
    const out = add(block("left"), block("right"));
    return schedule(tape, [out]).actions.flatMap((a) => a.alloc.map((slot) => slot.label));
  };
  assert.deepEqual(labels("sep3"), labels("sep5"));
  assert.equal(new Set(labels("sep3")).size, labels("sep3").length);
});

Deno.test("what an op expects has to have its element type, and integers take no gradient", () => {
  const tape = new Tape();
  const x = tape.input([4, 3], { wantsGrad: true });
  const index = argmax(x);
  assert.equal(index.dtype, "u32");
  assert.throws(
    () => relu(index),
    /Cannot apply relu: input 0 has elements of type u32, expected f32/,
  );
  assert.throws(() => embedding(x, relu(x)), /input 1 has elements of type f32, expected u32/);
  assert.throws(() => embedding(x, tape.input([2], { dtype: "f32" })), /expected u32/);
  const rows = embedding(x, index);
  assert.equal(rows.dtype, "f32");
  const loss = matmul(reshape(rows, [1, 12]), tape.input([12, 1]));
  const backward = schedule(tape, [], loss).actions.filter((a) => a.kind === "backward");
  assert.deepEqual(backward.map((a) => a.node.op.name), ["matmul", "embedding"]);
});
