import assert from "node:assert/strict";
import { run } from "../../src/autodiff/run.ts";
import { Tape, type Value } from "../../src/autodiff/tape.ts";
import { Gpu } from "../../src/gpu/device.ts";
import {
  addPaths,
  bernoulliLogProb,
  dropout,
  logSoftmaxPick,
  matmul,
  sampleBernoulli,
  sampleCategorical,
  scale,
  weightedSum,
} from "../../src/ops/mod.ts";
import { Stream } from "../../src/common/random.ts";

const gpu = await Gpu.open();
const draw = { seed: 1, stream: Stream.dropout, step: 7 };

/** A tape with one constant of n equal elements. */
function constant(shape: number[], value: number) {
  const tape = new Tape();
  const n = shape.reduce((a, b) => a * b);
  const x = tape.input(shape, { tensor: gpu.upload(new Float32Array(n).fill(value), shape) });
  return { tape, x };
}

Deno.test("two dropouts of one step keep the wanted share, independently of each other", async () => {
  const n = 40_000;
  const { tape, x } = constant([n], 1);
  const masks = [0, 1].map((salt) => dropout(x, { keep: 0.8, salt, ...draw }));
  const result = run(gpu, tape, { outputs: masks });
  const [a, b] = await gpu.read(masks.map((m) => result.of(m)));
  const share = (test: (i: number) => boolean) => a.reduce((s, _, i) => s + Number(test(i)), 0) / n;
  assert.ok(Math.abs(share((i) => a[i] > 0) - 0.8) < 0.01);
  assert.ok(Math.abs(share((i) => b[i] > 0) - 0.8) < 0.01);
  assert.ok(Math.abs(share((i) => a[i] > 0 && b[i] > 0) - 0.64) < 0.01);
  assert.ok(a.every((v) => v === 0 || Math.abs(v - 1.25) < 1e-6));
});

Deno.test("keeping everything records nothing", () => {
  const { tape, x } = constant([4, 4], 1);
  assert.equal(dropout(x, { keep: 1, salt: 0, ...draw }), x);
  assert.equal(tape.nodes.length, 0);
  assert.throws(
    () => dropout(x, { keep: 0, salt: 0, ...draw }),
    /Cannot apply dropout: got keep 0/,
  );
});

Deno.test("drop-path drops whole examples, of each path for itself", async () => {
  const { tape, x } = constant([64, 9], 1);
  const paths = { keep: 0.5, salts: [3, 4] as const, ...draw };
  const y = addPaths(x, scale(x, 10), paths);
  const kept = addPaths(x, scale(x, 10), { ...paths, salts: [3, null] });
  const result = run(gpu, tape, { outputs: [y, kept] });
  const [got, half] = await gpu.read([result.of(y), result.of(kept)]);
  const examples = (all: Float32Array) => {
    const first = Array.from({ length: 64 }, (_, e) => all[e * 9]);
    all.forEach((v, i) => assert.equal(v, first[Math.floor(i / 9)]));
    return first;
  };
  assert.deepEqual([...new Set(examples(got))].sort((a, b) => a - b), [0, 2, 20, 22]);
  assert.deepEqual([...new Set(examples(half))].sort((a, b) => a - b), [10, 12]);
});

Deno.test("a path that is added to itself gets both gradients", async () => {
  const tape = new Tape();
  const x = tape.input([1, 3], { tensor: gpu.upload(Float32Array.of(1, 2, 3)), wantsGrad: true });
  const ones = tape.input([3, 1], { tensor: gpu.upload(Float32Array.of(1, 10, 100)) });
  const loss = matmul(addPaths(x, x, { keep: 0.999, salts: [0, null], ...draw }), ones);
  const result = run(gpu, tape, { outputs: [loss], loss });
  const [got] = await gpu.read([result.gradient(x)]);
  const want = [1, 10, 100].map((w) => w / 0.999 + w);
  got.forEach((v, i) => assert.ok(Math.abs(v / want[i] - 1) < 1e-6, `${v} instead of ${want[i]}`));
});

Deno.test("draws and their probabilities stand logits of a hundred", async () => {
  const tape = new Tape();
  const hundreds = Float32Array.of(100, -100, 0, -100, 100, 0, -100, -100, 100);
  const logits = tape.input([3, 3], { tensor: gpu.upload(hundreds) });
  const index = sampleCategorical(logits, { salt: 0, ...draw });
  const [logP, entropy] = logSoftmaxPick(logits, index);
  const result = run(gpu, tape, { outputs: [index, logP, entropy] });
  const [drawn] = await gpu.readU32([result.of(index)]);
  const figures = await gpu.read([result.of(logP), result.of(entropy)]);
  assert.deepEqual([...drawn], [0, 1, 2]);
  assert.ok(figures.every((values) => values.every((v) => Math.abs(v) < 1e-30)));
});

Deno.test("draws follow their probabilities, and bits those of twice the logit", async () => {
  const n = 30_000;
  const tape = new Tape();
  const row = [Math.log(0.5), Math.log(0.3), Math.log(0.2)];
  const logits = tape.input([n, 3], {
    tensor: gpu.upload(Float32Array.from({ length: 3 * n }, (_, i) => row[i % 3])),
  });
  const q = tape.input([n, 1], { tensor: gpu.upload(new Float32Array(n).fill(0.5)) });
  const index = sampleCategorical(logits, { salt: 0, ...draw });
  const bits = sampleBernoulli(q, { salt: 1, ...draw });
  const result = run(gpu, tape, { outputs: [index, bits] });
  const [drawn, set] = await gpu.readU32([result.of(index), result.of(bits)]);
  [0.5, 0.3, 0.2].forEach((p, k) => {
    assert.ok(Math.abs(drawn.filter((d) => d === k).length / n - p) < 0.01);
  });
  const sigma = 1 / (1 + Math.exp(-1));
  assert.ok(Math.abs(set.filter((b) => b === 1).length / n - sigma) < 0.01);
});

/** Gradient of logits [rows, k] by one of the two outputs alone, as the mean over rows. */
async function gradientBy(
  wanted: 0 | 1,
  outputs: (tape: Tape, x: Value) => readonly Value[],
  values: readonly number[],
  rows: number,
): Promise<number[]> {
  const shape = [rows, values.length / rows];
  const tape = new Tape();
  const tensor = gpu.upload(Float32Array.from(values), shape);
  const x = tape.input(shape, { tensor, wantsGrad: true });
  const ones = tape.input([rows], { tensor: gpu.upload(new Float32Array(rows).fill(1)) });
  const loss = weightedSum(outputs(tape, x)[wanted], ones);
  const result = run(gpu, tape, { outputs: [loss], loss });
  return [...(await gpu.read([result.gradient(x)]))[0]];
}

const near = (got: readonly number[], want: readonly number[]) =>
  got.forEach((v, i) => assert.ok(Math.abs(v - want[i]) < 1e-6, `${i}: ${v}, not ${want[i]}`));

Deno.test("log p and entropy give gradients of their own, also where a probability is 0", async () => {
  const values = [0, Math.log(3), -200, 1, 1, 1];
  const p = [[1 / 4, 3 / 4, 0], [1 / 3, 1 / 3, 1 / 3]];
  const h = p.map((row) => row.reduce((sum, v) => v ? sum - v * Math.log(v) : sum, 0));
  const byLogP = p.flatMap((row, r) => row.map((v, k) => (Number(k === [1, 0][r]) - v) / 2));
  const byEntropy = p.flatMap((row, r) => row.map((v) => v ? -v * (Math.log(v) + h[r]) / 2 : 0));
  const index = gpu.upload(Uint32Array.of(1, 0));
  const outputs = (tape: Tape, x: Value) => logSoftmaxPick(x, tape.input([2], { tensor: index }));
  near(await gradientBy(0, outputs, values, 2), byLogP);
  near(await gradientBy(1, outputs, values, 2), byEntropy);
});

Deno.test("bits give gradients by log p alone and by entropy alone", async () => {
  const values = [0.3, -0.7, 1.1, 0];
  const yes = values.map((q) => 1 / (1 + Math.exp(-2 * q)));
  const bits = [1, 0, 0, 1];
  const tensor = gpu.upload(Uint32Array.from(bits), [2, 2]);
  const outputs = (tape: Tape, x: Value) => bernoulliLogProb(x, tape.input([2, 2], { tensor }));
  near(await gradientBy(0, outputs, values, 2), values.map((_, i) => bits[i] - yes[i]));
  near(
    await gradientBy(1, outputs, values, 2),
    values.map((q, i) => -2 * q * yes[i] * (1 - yes[i])),
  );
});
