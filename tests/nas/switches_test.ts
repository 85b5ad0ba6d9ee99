/** Effects of a recipe's switches in runs of a few steps. */
import assert from "node:assert/strict";
import { run, Tape } from "../../src/autodiff/mod.ts";
import type { Batch } from "../../src/data/batches.ts";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import type { ArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../../src/nas/config/config.ts";
import { openData } from "../../src/nas/train/data_of.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { retrain } from "../../src/nas/train/retrain.ts";
import { search } from "../../src/nas/search/search.ts";
import type { Pass } from "../../src/nas/space.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import { Trainer } from "../../src/nas/train/training.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { spaceAt } from "./child_config.ts";

const gpu = await Gpu.open();
const dataset = syntheticDataSet({ train: 24, valid: 10, test: 6, image: [20, 20, 3], classes: 3 });
const micro = [0, 0, 1, 1, 0, 2, 1, 4];

/** The events of a search of a few steps. */
async function events(mode: string, overrides: Record<string, unknown>): Promise<RunEvent[]> {
  const config = resolveSearchConfig({
    mode,
    preset: "smoke",
    overrides: {
      ...{ epochs: 2, batch: 2, rounds: 1, perRound: 2, "evaluator.rewardBatch": 4, evalBatch: 4 },
      ...{ "selection.drawn": 2, "selection.best": 1, "selection.images": 0 },
      ...mode === "micro" && { "space.blocks": 1 },
      ...overrides,
    },
  });
  const io = { signal: new AbortController().signal, store: memoryStore(), gpu, dataset };
  const seen: RunEvent[] = [];
  for await (const event of search(config, io)) seen.push(event);
  return seen;
}

const of = <T extends RunEvent["type"]>(seen: readonly RunEvent[], type: T) =>
  seen.filter((e): e is Extract<RunEvent, { type: T }> => e.type === type);

Deno.test("rounds follow every so many epochs, figures every so many steps", async () => {
  const seen = await events("micro", { epochs: 4, roundsEvery: 2, logEvery: 4 });
  const rewards = of(seen, "trial").filter(({ on }) => on === "reward");
  assert.deepEqual(rewards.map(({ epoch }) => epoch), [1, 1, 3, 3]);
  assert.deepEqual(of(seen, "controller").map(({ epoch }) => epoch), [1, 3]);
  assert.equal(of(seen, "epoch").filter((e) => e.validAccuracy === undefined).length, 2);
  const steps = of(seen, "step").map(({ step }) => step);
  assert.deepEqual(steps, [4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48]);
});

Deno.test("a faithful search scores each architecture on images of its own, and the policy on all", async () => {
  const faithful = {
    "evaluator.ownBatches": true,
    "evaluator.policyEvaluation": true,
    "evaluator.rewardDropout": true,
  };
  const seen = await events("micro", faithful);
  for (const { score } of of(seen, "trial")) assert.equal(score * 4 % 1, 0);
  const averages = of(seen, "epoch").map((e) => e.policyAccuracy!);
  assert.equal(averages.length, 2);
  for (const a of averages) assert.ok(Math.abs(a * 10 - Math.round(a * 10)) < 1e-6, `${a}`);
  const plain = await events("micro", {});
  assert.ok(of(plain, "epoch").every((e) => e.policyAccuracy === undefined));
  const finals = of(plain, "trial").filter(({ on }) => on === "selection");
  assert.ok(finals.some(({ score }) => score * 4 % 1 !== 0), "candidates are scored on all images");
});

Deno.test("every space searches with all legacy switches on", async () => {
  for (const mode of ["micro", "macro", "macro-range"]) {
    const config = resolveSearchConfig({ mode, preset: "smoke", faithful: true });
    const { augment, space, evaluator, optimizer } = config;
    const seen = await events(mode, {
      ...{ augment: { ...augment, cutout: 8, pad: 2, inEvaluation: true }, normalise: false },
      "space.legacyInit": space.legacyInit,
      ...mode === "micro" && { "space.auxHead": true, "space.legacyReduce": space.legacyReduce },
      "evaluator.rewardStatistics": evaluator.rewardStatistics,
      ...{ "optimizer.decayAll": optimizer.decayAll, "optimizer.freezeAux": optimizer.freezeAux },
    });
    assert.ok(of(seen, "step").every(({ loss }) => Number.isFinite(loss)), mode);
    assert.equal(of(seen, "done").length, 1);
  }
});

Deno.test("validation in a retraining follows every so many epochs and the last one", async () => {
  const overrides = { epochs: 3, batch: 8, "space.blocks": 1, evalEvery: 2, evalBatch: 3 };
  const config = resolveRetrainConfig({ space: "micro", preset: "smoke", overrides });
  const arch: ArchFile = {
    ...{ format: "denas-arch", version: 2, space: "micro", input: [20, 20, 3], classes: 3 },
    ...{ choice: micro, settings: { stem: 2, layers: 3, filters: 4 } },
  };
  const io = { signal: new AbortController().signal, store: memoryStore(), gpu, dataset };
  const seen: RunEvent[] = [];
  for await (const event of retrain(arch, config, io)) seen.push(event);
  const validated = of(seen, "epoch").map((e) => e.validAccuracy !== undefined);
  assert.deepEqual(validated, [false, true, false]);
  assert.notEqual(of(seen, "done")[0].validAccuracy, undefined);
});

Deno.test("pixels that are not normalised stay 0 … 255", async () => {
  const data = await openData(
    { ...resolveSearchConfig({ mode: "micro" }), normalise: false },
    "search",
    { dataset },
  );
  assert.deepEqual([data.mean, data.deviation], [[0, 0, 0], [1 / 255, 1 / 255, 1 / 255]]);
});

/** A micro network after a step in training: its weights before and after, and the gradients' names. */
async function trained(overrides: Record<string, unknown>) {
  const space = spaceAt("micro", { layers: 3, filters: 4, blocks: 1, auxHead: true });
  const store = new WeightStore();
  const context = { weights: store, input: [20, 20, 3], classes: 3, form: "final" } as const;
  const model = space.build(space.decode(micro), context);
  store.materialise(gpu, 1);
  const before = await store.tensors();
  const { optimizer } = resolveRetrainConfig({ space: "micro", preset: "smoke", overrides });
  const pixels = new Float32Array(4 * 20 * 20 * 3).map((_, i) => Math.sin(i * i));
  const batch: Batch = {
    images: gpu.upload(pixels, [4, 20, 20, 3]),
    labels: gpu.upload(Uint32Array.from([0, 1, 2, 0]), [4]),
    n: 4,
  };
  const pass: Pass = { training: true, batchStatistics: true, seed: 1, step: 0, steps: 1 };
  await new Trainer(gpu, store, optimizer, 0.4).step(model, batch, pass, 0.1);
  const after = await store.tensors();
  const changed = store.params().filter((p) => p.trainable).filter(({ name }) =>
    before[name].data.some((v, i) => v !== after[name].data[i])
  );
  return new Set(changed.map(({ name }) => name.startsWith("aux/") ? "head" : "trunk"));
}

Deno.test("a frozen auxiliary head stays as it is, whatever else decays; otherwise it learns", async () => {
  assert.deepEqual(await trained({}), new Set(["trunk", "head"]));
  assert.deepEqual(await trained({ "optimizer.freezeAux": true }), new Set(["trunk"]));
  const all = { "optimizer.freezeAux": true, "optimizer.decayAll": true };
  assert.deepEqual(await trained(all), new Set(["trunk"]));
});

Deno.test("dropout stays on while shared weights are scored where a recipe says so", async () => {
  const space = spaceAt("macro", { layers: 3, filters: 4, keep: 0.5 });
  const weights = new WeightStore();
  const context = { weights, input: [8, 8, 3], classes: 3, form: "search" } as const;
  const model = space.build(space.decode([0, 1, 1, 2, 0, 1]), context);
  weights.materialise(gpu, 1);
  const images = gpu.upload(
    new Float32Array(4 * 8 * 8 * 3).map((_, i) => Math.sin(i * i)),
    [4, 8, 8, 3],
  );
  const logits = async (pass: Partial<Pass>) => {
    const tape = new Tape();
    const full = { training: false, batchStatistics: true, seed: 1, step: 0, steps: 1, ...pass };
    const out = model.forward(tape.input([4, 8, 8, 3], { tensor: images }), full).logits;
    return [...(await gpu.read([run(gpu, tape, { outputs: [out] }).of(out)]))[0]];
  };
  assert.deepEqual(await logits({}), await logits({ step: 1 }));
  assert.notDeepEqual(await logits({ dropout: true }), await logits({}));
  assert.notDeepEqual(await logits({ dropout: true }), await logits({ dropout: true, step: 3 }));
});

/** The deviation of a weight's first values, over the one of an untruncated √(2 / fanIn). */
async function spread(mode: string, name: RegExp, fanIn: number, legacyInit: boolean) {
  const sizes = { layers: 3, filters: 36, blocks: 2, auxHead: false, legacyInit };
  const weights = new WeightStore();
  spaceAt(mode, sizes).supernet!({ weights, input: [8, 8, 3], classes: 3, form: "search" });
  weights.materialise(gpu, 1);
  const tensors = await weights.tensors();
  const all = Object.entries(tensors).filter(([key]) => name.test(key));
  assert.ok(all.length > 0);
  const values = all.flatMap(([, { data }]) => [...data]);
  const square = values.reduce((sum, v) => sum + v * v, 0) / values.length;
  return Math.sqrt(square / (2 / fanIn));
}

Deno.test("first weights count a sum's inputs; as released, the rows of a bank or all channels", async () => {
  // A normal that is cut at two deviations has 0.8796 of one.
  for (
    const [mode, name, fanIn, legacyInit] of [
      ["macro", /op1\/out\/dw$/, 9, false],
      ["macro", /op1\/out\/dw$/, 9 * 36, true],
      ["macro", /op0\/out\/w$/, 9 * 36, true],
      ["micro", /layer0\/block1\/x\/sep5\/0\/in1\/dw$/, 25, false],
      ["micro", /layer0\/block1\/x\/sep5\/0\/in1\/dw$/, 3, true],
      ["micro", /layer0\/block0\/x\/sep3\/1\/in1\/pw$/, 36, false],
      ["micro", /layer0\/block0\/x\/sep3\/1\/in1\/pw$/, 2, true],
      ["micro", /layer0\/out\/w\/\d$/, 36, false],
      ["micro", /layer0\/out\/w\/\d$/, 4, true],
    ] as const
  ) {
    const ratio = await spread(mode, name, fanIn, legacyInit);
    assert.ok(Math.abs(ratio - 0.8796) < 0.06, `${mode} ${name} ${legacyInit}: ${ratio}`);
  }
});
