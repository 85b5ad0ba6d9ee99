import assert from "node:assert/strict";
import { run, Tape, type Value } from "../../src/autodiff/mod.ts";
import { DataError } from "../../src/common/errors.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { constantInit, heInit, truncatedNormalInit, valuesInit } from "../../src/nn/init.ts";
import { head, type Mode, Net, stem } from "../../src/nn/layers.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { Rng } from "../../src/common/random.ts";
import { assertThrows } from "../assert.ts";

const gpu = await Gpu.open();
const mode: Mode = {
  training: true,
  dropout: true,
  batchStatistics: true,
  keepStatistics: false,
  debias: true,
  legacyInit: false,
  epsilon: 1e-5,
  decay: 0.9,
  seed: 1,
  step: 0,
};

function declare(): WeightStore {
  const store = new WeightStore();
  store.param("a/w", [3, 3, 4, 5], heInit(36));
  store.param("a/gamma", [5], constantInit(1));
  store.state("a/running", [11], valuesInit([...Array(11).keys()]));
  store.param("b", [70], truncatedNormalInit(2));
  return store;
}

Deno.test("a name gives the same weight again, and no other shape or kind", () => {
  const store = declare();
  const again = store.param("a/gamma", [5], constantInit(1));
  assert.equal(store.paramOf(again).name, "a/gamma");
  assert.equal(store.paramOf(again), store.params()[1]);
  assertThrows(() => store.param("a/gamma", [6], constantInit(1)), /a\/gamma as trainable \[6\]/);
  assertThrows(
    () => store.state("a/gamma", [5], constantInit(1)),
    /as state \[5\]: it is trainable/,
  );
  assertThrows(() => store.paramOf(new Tape().input([1])), /computed value/);
});

Deno.test("parameters count what is trainable, with or without a device", () => {
  const store = declare();
  assert.equal(store.parameters(), 180 + 5 + 70);
  assert.equal(store.parameters({ filter: ({ name }) => name.startsWith("a/") }), 185);
  assert.deepEqual(store.bytes(), { weights: 384 * 4, gradients: 384 * 4, states: 64 * 4 });
  store.materialise(gpu, 1);
  assert.equal(store.parameters(), 180 + 5 + 70);
  assertThrows(
    () => store.param("c", [1], constantInit(0)),
    /weight c: it was not declared before/,
  );
  assertThrows(() => store.materialise(gpu, 1), /twice/);
  assert.equal(store.slabs.length, 1);
  for (const { tensor, grad, trainable } of store.params()) {
    assert.equal(tensor!.offset % 64, 0);
    assert.equal(grad !== undefined, trainable);
    assert.equal(tensor!.buffer === store.slabs[0].weights.buffer, trainable);
    assert.equal(grad?.buffer, trainable ? store.slabs[0].grads.buffer : undefined);
  }
});

Deno.test("first values depend on the seed and the place among the declarations only", async () => {
  const [a, b, c] = [declare(), declare(), declare()];
  a.materialise(gpu, 7);
  b.materialise(gpu, 7);
  c.materialise(gpu, 8);
  const [x, y, z] = [await a.tensors(), await b.tensors(), await c.tensors()];
  assert.deepEqual(x, y);
  assert.notDeepEqual(x["a/w"], z["a/w"]);
  assert.deepEqual([...x["a/gamma"].data], [1, 1, 1, 1, 1]);
  assert.deepEqual([...x["a/running"].data], [...Array(11).keys()]);
  const host = new Float32Array(180);
  heInit(36)(host, new Rng(7, 2, 0));
  assert.deepEqual(x["a/w"].data, host);
});

Deno.test("the truncated normal has its deviation and no value beyond two of them", () => {
  const out = new Float32Array(40_000);
  truncatedNormalInit(0.5)(out, new Rng(3, 2));
  const mean = out.reduce((s, v) => s + v, 0) / out.length;
  const deviation = Math.sqrt(out.reduce((s, v) => s + v * v, 0) / out.length);
  assert.ok(Math.abs(mean) < 0.01);
  // Cutting at 2σ leaves 0.8796 of the deviation.
  assert.ok(Math.abs(deviation / 0.5 - 0.8796) < 0.01, `${deviation}`);
  assert.ok(out.every((v) => Math.abs(v) <= 1));
  heInit(8)(out, new Rng(3, 2));
  const he = Math.sqrt(out.reduce((s, v) => s + v * v, 0) / out.length);
  assert.ok(Math.abs(he / Math.sqrt(2 / 8) - 0.8796) < 0.01, `${he}`);
});

Deno.test("weights saved and loaded are the same bits; others are refused and nothing changes", async () => {
  const a = declare(), b = declare();
  a.materialise(gpu, 1);
  b.materialise(gpu, 2);
  const saved = await a.tensors();
  b.load(saved);
  assert.deepEqual(await b.tensors(), saved);
  const { b: _, ...less } = saved;
  const wrong = [
    less,
    { ...saved, more: saved.b },
    { ...saved, b: { shape: [7, 10], data: saved.b.data } },
    { ...saved, b: { shape: [70], data: saved.b.data.slice(1) } },
  ];
  for (const tensors of wrong) assert.throws(() => b.load(tensors), DataError);
  assert.deepEqual(await b.tensors(), saved);
});

Deno.test("weights beyond one binding are spread over several slabs, and a single one is refused", () => {
  const store = new WeightStore();
  for (let i = 0; i < 3; i++) store.param(`w${i}`, [12 << 20], constantInit(0));
  assert.equal(store.bytes().weights, 3 * (48 << 20));
  const huge = new WeightStore();
  huge.param("w", [(32 << 20) + 1], constantInit(0));
  assertThrows(() => huge.bytes(), /Cannot place weight w: .* try fewer filters/);
});

function image(shape: readonly number[]): Float32Array<ArrayBuffer> {
  return new Float32Array(shape.reduce((a, b) => a * b)).map((_, i) => Math.sin(i * 1.7));
}

/** Output of these layers for that image. */
async function evaluate(
  shape: readonly number[],
  layers: (net: Net, x: Value) => Value[],
  store = new WeightStore(),
): Promise<number[][]> {
  const counted = new Tape();
  layers(new Net(counted, store, mode), counted.input(shape));
  if (!store.materialised) store.materialise(gpu, 4);
  const tape = new Tape();
  const outputs = layers(
    new Net(tape, store, mode),
    tape.input(shape, { tensor: gpu.upload(image(shape), shape) }),
  );
  const result = run(gpu, tape, { outputs });
  return (await gpu.read(outputs.map((v) => result.of(v)))).map((f) => [...f]);
}

Deno.test("stems halve the size once or twice and end in batch norm", async () => {
  for (const [stride, size] of [[1, 9], [2, 5], [4, 3]]) {
    const [y] = await evaluate([2, 9, 9, 3], (net, x) => [stem(net, x, 4, stride)]);
    assert.equal(y.length, 2 * size * size * 4);
    const mean = y.reduce((s, v) => s + v, 0) / y.length;
    assert.ok(Math.abs(mean) < 1e-4, `${mean}`);
  }
});

Deno.test("a head keeps every feature when its dropout keeps all", async () => {
  const [a, b] = await evaluate([3, 4, 4, 8], (net, x) => [
    head(net, x, { classes: 5, keep: 1 }),
    head(net, x, { classes: 5, keep: 1 }),
  ]);
  assert.equal(a.length, 15);
  assert.deepEqual(a, b);
});
