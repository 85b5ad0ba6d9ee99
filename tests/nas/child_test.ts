import assert from "node:assert/strict";
import { run, Tape } from "../../src/autodiff/mod.ts";
import { Gpu } from "../../src/gpu/device.ts";
import type { Form, Model, Pass } from "../../src/nas/space.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { add, softmaxCrossEntropy } from "../../src/ops/mod.ts";
import { spaceAt } from "./child_config.ts";

const gpu = await Gpu.open();
const INPUT = [8, 8, 3] as const;
const CLASSES = 5;
const BATCH = 2;
const training: Pass = { training: true, batchStatistics: true, seed: 3, step: 4, steps: 10 };
const pixels = new Float32Array(BATCH * 8 * 8 * 3).map((_, i) => Math.sin(i * i));
const images = gpu.upload(pixels, [BATCH, ...INPUT]);
const labels = gpu.upload(Uint32Array.from([1, 4]), [BATCH]);

/** Loss and logits of one pass; with gradients, if asked for. */
async function step(model: Model, pass: Pass, backward = false) {
  const tape = new Tape();
  const { logits, aux } = model.forward(
    tape.input([BATCH, ...INPUT], { tensor: images }),
    pass,
  );
  const wanted = tape.input([BATCH], { tensor: labels });
  const [main] = softmaxCrossEntropy(logits, wanted);
  const loss = aux ? add(main, softmaxCrossEntropy(aux, wanted)[0]) : main;
  const outputs = [loss, logits];
  const result = run(gpu, tape, { outputs, ...(backward ? { loss } : {}) });
  const touched = result.touched.map(({ param }) => param);
  const [[value], values, ...grads] = await gpu.read([
    ...outputs.map((v) => result.of(v)),
    ...touched.map(({ grad }) => grad!),
  ]);
  return { loss: value, logits: [...values], touched, grads };
}

const finite = (values: ArrayLike<number>) => Array.from(values).every(Number.isFinite);

/** Macro choices with one operation everywhere and every second skip. */
const macroChoice = (op: number) =>
  Array.from({ length: 4 }, (_, i) => [op, ...Array.from({ length: i }, (_, j) => (i + j) % 2)])
    .flat();
/** Micro choices where one pair of operations reads inputs and nodes. */
const microChoice = (p: number, q: number) => {
  const cell = [0, p, 1, q, 2, q, 1, p];
  return [...cell, ...cell];
};

/** Ranges of one operation after the other that are wide, of the others a single channel. */
const rangeChoice = (wide: number) =>
  Array.from({ length: 4 }, (_, i) => [
    ...Array.from({ length: 6 }, (_, op) => op === wide ? [1, 2] : [op % 4, 0]).flat(),
    ...Array.from({ length: i }, (_, j) => (i + j) % 2),
  ]).flat();

const choices = {
  macro: Array.from({ length: 6 }, (_, op) => macroChoice(op)),
  // Every layer has all operations.
  "macro-range": [rangeChoice(0), rangeChoice(3)],
  micro: Array.from({ length: 25 }, (_, i) => microChoice(Math.floor(i / 5), i % 5)),
};
const small = {
  macro: spaceAt("macro", { layers: 4, filters: 4 }),
  "macro-range": spaceAt("macro-range", { layers: 4, filters: 4 }),
  micro: spaceAt("micro", { layers: 3, filters: 4, blocks: 2 }),
};

for (const name of ["macro", "macro-range", "micro"] as const) {
  for (const form of ["search", "final"] as const) {
    Deno.test(`${name}, ${form}: every operation runs forward and backward with finite values`, async () => {
      const space = small[name];
      const shared = new WeightStore();
      if (form === "search") {
        space.supernet!({ weights: shared, input: INPUT, classes: CLASSES, form });
        shared.materialise(gpu, 1);
      }
      for (const choice of choices[name]) {
        const weights = form === "search" ? shared : new WeightStore();
        const model = space.build(space.decode(choice), {
          weights,
          input: INPUT,
          classes: CLASSES,
          form,
        });
        if (!weights.materialised) weights.materialise(gpu, 1);
        const { loss, logits, touched, grads } = await step(model, training, true);
        const what = `${name} ${form} ${choice}`;
        assert.ok(Number.isFinite(loss) && loss > 0, `${what}: loss ${loss}`);
        assert.equal(logits.length, BATCH * CLASSES);
        assert.ok(finite(logits), what);
        touched.forEach((p, i) => assert.ok(finite(grads[i]), `${what}: gradient of ${p.name}`));
        if (form === "final") {
          const trainable = weights.params().filter((p) => p.trainable);
          assert.deepEqual(new Set(touched), new Set(trainable), what);
        }
      }
    });
  }
}

/** d loss along the gradient, measured by differences, over what the gradient promises. */
async function slope(name: keyof typeof choices, form: Form, choice: number[]) {
  const weights = new WeightStore();
  const space = small[name];
  const into = { weights, input: INPUT, classes: CLASSES, form };
  const model = space.build(space.decode(choice), into);
  weights.materialise(gpu, 2);
  const { touched, grads } = await step(model, training, true);
  const start = await weights.tensors();
  const square = grads.reduce((sum, g) => sum + g.reduce((s, v) => s + v * v, 0), 0);
  const at = async (length: number) => {
    const moved = { ...start };
    touched.forEach((p, i) => {
      const data = start[p.name].data.map((v, j) => v + length * grads[i][j] / Math.sqrt(square));
      moved[p.name] = { shape: p.shape, data: Float32Array.from(data) };
    });
    weights.load(moved);
    return (await step(model, training)).loss;
  };
  // Batch norm over the few pixels of so small a network bends the loss: short steps.
  const h = 2e-4;
  return (await at(h) - await at(-h)) / (2 * h) / Math.sqrt(square);
}

Deno.test("the loss changes along the gradient as the gradient says, in every network", async () => {
  const micro = [0, 0, 1, 2, 2, 4, 0, 1, 1, 3, 0, 4, 1, 0, 2, 2];
  const macro = [0, 3, 1, 5, 0, 1, 1, 1, 0, 1];
  for (const form of ["search", "final"] as const) {
    const all = [["macro", macro], ["macro-range", rangeChoice(2)], ["micro", micro]] as const;
    for (const [name, choice] of all) {
      const ratio = await slope(name, form, choice);
      assert.ok(Math.abs(ratio - 1) < 0.02, `${name} ${form}: ${ratio}`);
    }
  }
});

Deno.test("a final network evaluates with running statistics: each image for itself, no dropout", async () => {
  const weights = new WeightStore();
  const space = small.micro;
  const arch = space.decode(microChoice(0, 3));
  const into = { weights, input: INPUT, classes: CLASSES, form: "final" as const };
  const model = space.build(arch, into);
  weights.materialise(gpu, 1);
  for (let i = 0; i < 3; i++) await step(model, { ...training, step: i });
  const evaluation: Pass = { ...training, training: false, batchStatistics: false };
  const before = await weights.tensors();
  const { shape: [words], data: stem } = before["stem/running"];
  assert.equal(stem[words - 1], 3, "updates of the running statistics");
  assert.ok(stem.slice(words >> 1, -1).every((variance) => variance > 0));
  const first = await step(model, evaluation);
  const second = await step(model, { ...evaluation, step: 99 });
  assert.deepEqual(first.logits, second.logits);
  assert.ok(finite(first.logits));
  assert.deepEqual(await weights.tensors(), before);
  const alone = new Tape();
  const one = gpu.upload(pixels.slice(0, 192), [1, ...INPUT]);
  const { logits } = model.forward(alone.input([1, ...INPUT], { tensor: one }), evaluation);
  const [got] = await gpu.read([run(gpu, alone, { outputs: [logits] }).of(logits)]);
  got.forEach((v, i) => assert.ok(Math.abs(v - first.logits[i]) < 1e-4, `${got} ${first.logits}`));
});

Deno.test("a search child without running statistics is told by the batch, and keeps no state", async () => {
  const space = small.macro;
  const into = { input: INPUT, classes: CLASSES, form: "search" as const };
  const plain = new WeightStore();
  space.supernet!({ ...into, weights: plain });
  assert.ok(plain.params().every(({ trainable }) => trainable));
  const keeping = new WeightStore();
  const running = { ...into, weights: keeping, sharedStatistics: true };
  space.supernet!(running);
  assert.ok(keeping.params().some(({ trainable }) => !trainable));
  keeping.materialise(gpu, 1);
  const model = space.build(space.decode(macroChoice(1)), running);
  const unseen = { ...training, training: false, batchStatistics: false };
  assert.ok(finite((await step(model, unseen)).logits));
});

Deno.test("the skip of an output that no later layer reads is not reduced", () => {
  const space = small.macro;
  const names = (choice: number[]) => {
    const weights = new WeightStore();
    const into = { weights, input: INPUT, classes: CLASSES, form: "search" as const };
    space.build(space.decode(choice), into);
    return weights.params().map(({ name }) => name).filter((n) => /^reduce\d+\/\d+\/even$/.test(n));
  };
  const none = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  assert.deepEqual(names(none), ["reduce0/1/even", "reduce1/2/even"]);
  // Layer 1 reads the stem before the second reduction: it has to pass the first only.
  assert.deepEqual(names(none.with(2, 1)), ["reduce0/0/even", "reduce0/1/even", "reduce1/2/even"]);
  // Layer 3 reads the stem (bit 0): it has to pass both reductions.
  assert.deepEqual(names(none.with(7, 1)), [
    "reduce0/0/even",
    "reduce0/1/even",
    "reduce1/0/even",
    "reduce1/2/even",
  ]);
});
