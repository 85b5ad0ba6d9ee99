import assert from "node:assert/strict";
import type { Batch } from "../../src/data/batches.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../../src/nas/config/config.ts";
import { openStrategy } from "../../src/nas/search/parts.ts";
import { openSpace } from "../../src/nas/registry.ts";
import type { Model, Pass } from "../../src/nas/space.ts";
import { Trainer } from "../../src/nas/train/training.ts";
import { constantInit, valuesInit } from "../../src/nn/init.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { matmul } from "../../src/ops/mod.ts";

const pass: Pass = { training: true, batchStatistics: true, seed: 1, step: 0, steps: 1 };

/** Weights of 0.5 after a step without any gradient but that of the L2 term, at rate 0.1 and λ 0.01. */
async function decayed(overrides: Record<string, unknown>) {
  const gpu = await Gpu.open();
  const store = new WeightStore();
  const [w, auxW] = ["head/w", "aux/head/w", "unused/w"].map((name) =>
    store.param(name, [2, 3], constantInit(0.5))
  );
  store.materialise(gpu, 1);
  const model: Model = {
    forward: (images) => ({ logits: matmul(images, w), aux: matmul(images, auxW) }),
  };
  const { optimizer } = resolveRetrainConfig({
    space: "micro",
    overrides: { "optimizer.l2": 0.01, "optimizer.nesterov": false, ...overrides },
  });
  const batch: Batch = {
    images: gpu.upload(new Float32Array(8), [4, 2]),
    labels: gpu.upload(Uint32Array.from([0, 1, 2, 0]), [4]),
    n: 4,
  };
  await new Trainer(gpu, store, optimizer, 0.4).step(model, batch, pass, 0.1);
  const after = await store.tensors();
  gpu.close();
  return Object.fromEntries(Object.entries(after).map(([name, { data }]) => [name, data[5]]));
}

const once = Math.fround(0.5 - 0.1 * 2 * 0.01 * 0.5);

Deno.test("the L2 term is twice λ times the weight; it leaves the auxiliary head and unused weights alone", async () => {
  const after = await decayed({});
  assert.ok(Math.abs(after["head/w"] - once) < 1e-7, `${after["head/w"]}`);
  assert.deepEqual([after["aux/head/w"], after["unused/w"]], [0.5, 0.5]);
});

Deno.test("in its other form the L2 term is λ times the weight", async () => {
  const after = await decayed({ "optimizer.l2Half": true });
  const half = Math.fround(0.5 - 0.1 * 0.01 * 0.5);
  assert.ok(Math.abs(after["head/w"] - half) < 1e-7, `${after["head/w"]}`);
});

Deno.test("as released, weights that a step does not use decay as well", async () => {
  const after = await decayed({ "optimizer.decayAll": true });
  assert.ok(Math.abs(after["unused/w"] - once) < 1e-7, `${after["unused/w"]}`);
  assert.equal(after["aux/head/w"], 0.5);
});

/** The mean gradient norm over two steps of a linear classifier on weights of 0, at rate 0. */
async function gradientNorm(overrides: Record<string, unknown>, w0 = 0): Promise<number> {
  const gpu = await Gpu.open();
  const store = new WeightStore();
  const [w, auxW] = ["head/w", "aux/head/w"].map((name) =>
    store.param(name, [2, 3], constantInit(w0))
  );
  store.materialise(gpu, 1);
  const model: Model = {
    forward: (images) => ({ logits: matmul(images, w), aux: matmul(images, auxW) }),
  };
  const { optimizer } = resolveRetrainConfig({
    space: "micro",
    overrides: { "optimizer.l2": 0, ...overrides },
  });
  const trainer = new Trainer(gpu, store, optimizer, 0.5);
  for (const scale of [1, 2]) {
    const batch: Batch = {
      images: gpu.upload(Float32Array.of(1, 0, 0, 1).map((v) => v * scale), [2, 2]),
      labels: gpu.upload(Uint32Array.of(0, 2), [2]),
      n: 2,
    };
    await trainer.step(model, batch, pass, 0);
  }
  const { gradientNorm } = await trainer.tally();
  gpu.close();
  return gradientNorm;
}

Deno.test("the gradient's norm is that of all weights that a step updates, before clipping", async () => {
  // Each image has softmax − label over 2 images: two rows of (⅔, ⅓, ⅓) / 2; the head's is half of that.
  const trunk = Math.sqrt(2 * (4 + 1 + 1) / 9) / 2;
  const mean = (norm: number) => (norm + 2 * norm) / 2;
  const both = mean(trunk * Math.sqrt(1 + 0.25));
  const near = (got: number, wanted: number) =>
    assert.ok(Math.abs(got / wanted - 1) < 1e-6, `${got}, expected ${wanted}`);
  near(await gradientNorm({}), both);
  near(await gradientNorm({ "optimizer.clip": "global", "optimizer.clipNorm": 0.01 }), both);
  near(await gradientNorm({ "optimizer.clip": "tensor", "optimizer.clipNorm": 0.01 }), both);
  near(await gradientNorm({ "optimizer.freezeAux": true }), mean(trunk));
});

Deno.test("the L2 term counts in the gradient's norm", async () => {
  // Six weights of 2 with gradient 2·0.1·2 on top; the auxiliary head has no such term.
  const rows = [[-2 / 3, 1 / 3, 1 / 3], [1 / 3, 1 / 3, -2 / 3]].flat().map((g) => g / 2);
  const norm = (scale: number) =>
    Math.hypot(...rows.map((g) => g * scale + 0.4), ...rows.map((g) => g * scale / 2));
  const got = await gradientNorm({ "optimizer.l2": 0.1, "optimizer.l2Half": false }, 2);
  assert.ok(Math.abs(got / ((norm(1) + norm(2)) / 2) - 1) < 1e-6, `${got}`);
});

Deno.test("weights that are no numbers any more are not saved", async () => {
  const gpu = await Gpu.open();
  const store = new WeightStore();
  store.param("head/w", [2, 3], valuesInit([0, 1, 2, 3, NaN, 5]));
  store.materialise(gpu, 1);
  const { optimizer } = resolveRetrainConfig({ space: "micro" });
  const trainer = new Trainer(gpu, store, optimizer, 0.4);
  await assert.rejects(() => trainer.snapshot(), {
    message:
      "Cannot go on training: weights/head/w holds NaN, expected numbers; the last checkpoint is " +
      "good, try a smaller learning rate (--set optimizer.lrMax=…)",
  });
  gpu.close();
});

Deno.test("a controller that learned from no number is not saved", async () => {
  const gpu = await Gpu.open();
  const config = resolveSearchConfig({ mode: "macro", preset: "smoke" });
  const strategy = await openStrategy(config, openSpace(config.space), { gpu });
  const trials = await strategy.ask(2);
  await strategy.tell(trials.map((t) => ({ ...t, score: { value: NaN } })));
  await assert.rejects(() => strategy.snapshot(), /holds NaN, expected numbers; .*controller\.lr/);
  gpu.close();
});
