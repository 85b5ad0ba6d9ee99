/** One training step of every section of the published recipes at full width and depth, with a batch of 2. */
import assert from "node:assert/strict";
import { type DataSet, type Images, syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import type { ArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../../src/nas/config/config.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { retrain } from "../../src/nas/train/retrain.ts";
import { search } from "../../src/nas/search/search.ts";
import { releasedMacro, releasedMicro } from "../../src/nas/spaces/released.ts";
import { memoryStore } from "../../src/nas/search/store.ts";

/** One for all: recipes of a mode have many kernels in common. */
const gpu = await Gpu.open();

const cifar = syntheticDataSet({ train: 2, valid: 2, test: 2, image: [32, 32, 3], classes: 10 });
/** Pictures of 16 × 16 in place of 32 × 32: no weight of the macro space depends on them. */
const small = syntheticDataSet({ train: 2, valid: 2, test: 2, image: [16, 16, 3], classes: 10 });
/** Pictures of 16 × 16 in place of 224 × 224: width and depth are the network's. */
const defects: DataSet = (() => {
  const data = syntheticDataSet({ train: 2, valid: 2, test: 2, image: [16, 16, 3], classes: 6 });
  const rows = (images: Images): Images => ({
    ...images,
    labels: Uint8Array.from({ length: images.n * 6 }, (_, i) => i % 2),
  });
  const { train, valid, test } = data;
  return {
    ...data,
    ...{ task: "multi-label", train: rows(train), valid: rows(valid) },
    test: async () => rows(await test()),
  };
})();
const dataOf = (preset: string, space: string) =>
  preset === "codebrim" ? defects : space === "macro" ? small : cifar;
const once = { epochs: 1, batch: 2, evalBatch: 2 };

async function check(
  name: string,
  events: AsyncIterable<RunEvent>,
  parameters: number,
): Promise<void> {
  gpu.pool.resetPeak();
  const seen: RunEvent[] = [];
  for await (const event of events) seen.push(event);
  const start = seen.find((e) => e.type === "start")!;
  const step = seen.find((e) => e.type === "step")!;
  const done = seen.find((e) => e.type === "done")!;
  assert.equal(step.steps, 1);
  assert.ok(Number.isFinite(step.loss), `loss is ${step.loss}`);
  console.log(
    `${name}: ${start.parameters} parameters, loss ${
      step.loss.toFixed(3)
    }, intermediate results take at most ` +
      `${(done.peakBytes / 2 ** 20).toFixed(0)} MiB, ${gpu.counters.pipelines} pipelines`,
  );
  assert.equal(start.parameters, parameters);
}

for (
  const [preset, mode, parameters, faithful] of [
    ["paper", "micro", 5_373_140 + 412_928, false],
    // Running statistics, dropout and frozen weights are no parameters.
    ["paper", "macro", 697_860, true],
    ["nnabla", "micro", 5_373_140 + 412_928, false],
    ["nnabla", "macro", 697_860, false],
    ["codebrim", "macro", 1_265_216, false],
  ] as const
) {
  Deno.test(`${preset}: a step of the ${mode} search`, async () => {
    const config = resolveSearchConfig({
      mode,
      preset,
      faithful,
      overrides: {
        ...{
          ...once,
          "evaluator.passes": 1,
          rounds: 1,
          perRound: 1,
          "evaluator.rewardBatch": 2,
          "evaluator.rewardBatches": 1,
        },
        ...{ "selection.drawn": 1, "selection.best": 0 },
      },
    });
    const store = memoryStore();
    const dataset = dataOf(preset, mode);
    const events = search(config, { signal: new AbortController().signal, store, gpu, dataset });
    await check(`${preset} ${mode} search`, events, parameters);
  });
}

/** Rows of the macro space with one operation after the other and every second skip. */
const rows = (layers: number) =>
  Array.from(
    { length: layers },
    (_, i) => [i % 6, ...Array.from({ length: i }, (_, j) => (i + j) % 2)],
  ).flat();

for (
  const [preset, space, choice, parameters] of [
    ["paper", "micro", releasedMicro, 3_894_372 + 494_848],
    // With true separable convolutions (Q3); 42,559,392 in the legacy form.
    ["paper", "macro", releasedMacro, 30_947_424],
    // The micro network is the one above with other filters.
    ["nnabla", "macro", rows(12), 9_930_144],
    ["codebrim", "macro", rows(7), 2_177_920],
  ] as const
) {
  Deno.test(`${preset}: a step of the ${space} retraining`, async () => {
    const config = resolveRetrainConfig({ space, preset, overrides: once });
    const dataset = dataOf(preset, space);
    const arch: ArchFile = {
      format: "denas-arch",
      version: 2,
      space,
      input: [...dataset.image],
      classes: dataset.classes,
      choice: [...choice],
      settings: { stem: 1, layers: config.space.layers, filters: config.space.filters },
    };
    const io = { signal: new AbortController().signal, store: memoryStore(), gpu, dataset };
    await check(`${preset} ${space} retraining`, retrain(arch, config, io), parameters);
  });
}
