/** One training step of every section of the `paper` preset at full width and depth, with a batch of 2. */
import assert from "node:assert/strict";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import type { ArchFile } from "../../src/nas/arch_file.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../../src/nas/config.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { retrain } from "../../src/nas/retrain.ts";
import { search } from "../../src/nas/search.ts";
import { releasedMacro, releasedMicro } from "../../src/nas/spaces/released.ts";
import { memoryStore } from "../../src/nas/store.ts";

const dataset = syntheticDataSet({ train: 2, valid: 2, test: 2, image: [32, 32, 3], classes: 10 });
const once = { epochs: 1, batch: 2 };

async function check(
  mode: string,
  gpu: Gpu,
  events: AsyncIterable<RunEvent>,
  parameters: number,
): Promise<void> {
  const seen: RunEvent[] = [];
  for await (const event of events) seen.push(event);
  const start = seen.find((e) => e.type === "start")!;
  const step = seen.find((e) => e.type === "step")!;
  const done = seen.find((e) => e.type === "done")!;
  assert.equal(step.steps, 1);
  assert.equal(start.parameters, parameters);
  assert.ok(Number.isFinite(step.loss), `loss is ${step.loss}`);
  console.log(
    `${mode}: ${start.parameters} parameters, loss ${
      step.loss.toFixed(3)
    }, intermediate results take at most ` +
      `${(done.peakBytes / 2 ** 20).toFixed(0)} MiB, ${gpu.counters.pipelines} pipelines`,
  );
  gpu.close();
}

for (const [mode, parameters] of [["micro", 5_373_140 + 412_928], ["macro", 697_860]] as const) {
  Deno.test(`paper: a step of the ${mode} search`, async () => {
    const gpu = await Gpu.open();
    const config = resolveSearchConfig({
      mode,
      preset: "paper",
      overrides: {
        ...once,
        rounds: 1,
        perRound: 1,
        rewardBatch: 2,
        "selection.drawn": 1,
        "selection.best": 0,
      },
    });
    const store = memoryStore();
    const events = search(config, { signal: new AbortController().signal, store, gpu, dataset });
    await check(`${mode} search`, gpu, events, parameters);
  });
}

for (
  const [space, released, parameters] of [
    ["micro", releasedMicro, 3_894_372 + 494_848],
    // With true separable convolutions (Q3); 42,559,392 in the legacy form.
    ["macro", releasedMacro, 30_947_424],
  ] as const
) {
  Deno.test(`paper: a step of the ${space} retraining, with the released architecture`, async () => {
    const gpu = await Gpu.open();
    const config = resolveRetrainConfig({ space, preset: "paper", overrides: once });
    const arch: ArchFile = {
      format: "denas-arch",
      version: 1,
      space,
      input: [32, 32, 3],
      classes: 10,
      choice: [...released],
      stem: 1,
      layers: config.child.layers,
      filters: config.child.filters,
    };
    const io = { signal: new AbortController().signal, store: memoryStore(), gpu, dataset };
    await check(`${space} retraining`, gpu, retrain(arch, config, io), parameters);
  });
}
