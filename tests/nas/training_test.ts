import assert from "node:assert/strict";
import type { Batch } from "../../src/data/batches.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveRetrainConfig } from "../../src/nas/config.ts";
import type { Model, Pass } from "../../src/nas/space.ts";
import { Trainer } from "../../src/nas/training.ts";
import { constantInit } from "../../src/nn/init.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { matmul } from "../../src/ops/mod.ts";

const pass: Pass = { training: true, batchStatistics: true, seed: 1, step: 0, steps: 1 };

Deno.test("the L2 term is twice λ times the weight, and leaves the auxiliary head alone", async () => {
  const gpu = await Gpu.open();
  const store = new WeightStore();
  const weights = ["head/w", "aux/head/w"].map((name) =>
    store.param(name, [2, 3], constantInit(0.5))
  );
  store.materialise(gpu, 1);
  // Images of zeros: no gradient but that of the L2 term.
  const model: Model = {
    forward: (images) => {
      const [logits, aux] = weights.map((w) => matmul(images, w));
      return { logits, aux };
    },
  };
  const { optimizer } = resolveRetrainConfig({
    space: "micro",
    overrides: { "optimizer.l2": 0.01, "optimizer.nesterov": false },
  });
  const batch: Batch = {
    images: gpu.upload(new Float32Array(8), [4, 2]),
    labels: gpu.upload(Uint32Array.from([0, 1, 2, 0]), [4]),
    n: 4,
  };
  await new Trainer(gpu, store, optimizer, 0.4).step(model, batch, pass, 0.1);
  const after = await store.tensors();
  const decayed = Math.fround(0.5 - 0.1 * 2 * 0.01 * 0.5);
  after["head/w"].data.forEach((w) => assert.ok(Math.abs(w - decayed) < 1e-7, `${w}`));
  after["aux/head/w"].data.forEach((w) => assert.equal(w, 0.5));
  gpu.close();
});
