/** Retrainings that are stopped and resumed end like one that was never stopped. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveRetrainConfig } from "../../src/nas/config/config.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { retrain } from "../../src/nas/train/retrain.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import { smallArch as arch } from "./small_arch.ts";

const gpu = await Gpu.open();
const dataset = syntheticDataSet({ train: 24, valid: 8, test: 9, image: [8, 8, 3], classes: 3 });
/** Two epochs of twelve steps: figures are read after ten steps and at the end of each. */
const config = resolveRetrainConfig({
  space: "micro",
  preset: "smoke",
  overrides: { epochs: 2, batch: 2, "space.blocks": 1, "space.stem": 1, "space.dropPathKeep": 0.8 },
});

type Store = ReturnType<typeof memoryStore>;

/** Events until the end, or until `stop` is true for one, then stopped as by Ctrl-C. */
async function go(store: Store, stop: (e: RunEvent) => boolean = () => false): Promise<RunEvent[]> {
  const interrupt = new AbortController();
  const seen: RunEvent[] = [];
  try {
    for await (
      const e of retrain(arch, config, { signal: interrupt.signal, store, gpu, dataset })
    ) {
      seen.push(e);
      if (stop(e)) interrupt.abort();
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  }
  return seen;
}

/** Results of a run: digest of the weights, its last event and its epochs, without times. */
function outcome({ files }: Store, events: RunEvent[]) {
  const digest = createHash("sha256");
  const tensors = files.get("weights.safetensors") as Record<string, { data: Float32Array }>;
  for (const [key, { data }] of Object.entries(tensors)) digest.update(key).update(data);
  const told = events.filter((e) => e.type === "epoch" || e.type === "done")
    .map((e) => ({ ...e, seconds: 0, peakBytes: 0 }));
  return { weights: digest.digest("hex"), told };
}

const store = memoryStore();
const whole = outcome(store, await go(store));

Deno.test("a retraining ends with accuracies and a confusion matrix over the whole test set", () => {
  const done = whole.told.at(-1) as Extract<RunEvent, { type: "done" }>;
  assert.equal(done.confusion!.flat().reduce((a, b) => a + b, 0), 9);
  const right = done.confusion!.reduce((sum, row, c) => sum + row[c], 0);
  assert.equal(done.testAccuracy, right / 9);
  assert.equal(done.perClassAccuracy!.length, 3);
  assert.equal(done.trainedImages, 48);
});

Deno.test("the weights of the best validation epoch stay beside the last ones, and both are tested", async () => {
  const store = memoryStore();
  const snapshots = new Map<number, Record<string, { data: ArrayLike<number> }>>();
  const io = {
    ...{ signal: new AbortController().signal, store, gpu, dataset },
    snapshots: {
      every: 12,
      save: (step: number, tensors: Record<string, { data: ArrayLike<number> }>) =>
        void snapshots.set(step, tensors),
    },
  };
  const longer = { ...config, epochs: 5, evalTestEachEpoch: true };
  const seen: RunEvent[] = [];
  for await (const e of retrain(arch, longer, io)) seen.push(e);
  const epochs = seen.filter((e) => e.type === "epoch");
  const done = seen.find((e) => e.type === "done")!;
  const top = Math.max(...epochs.map((e) => e.validAccuracy!));
  const first = epochs.find((e) => e.validAccuracy === top)!;
  assert.ok(first.epoch < 5, "the last epoch is not the best here");
  const { epoch, testAccuracy } = first;
  assert.deepEqual(done.best, { epoch, validAccuracy: top, testAccuracy });
  assert.equal(done.testAccuracy, epochs[4].testAccuracy);
  for (const [file, step] of [["weights", 60], ["weights_best", 12 * epoch]] as const) {
    const tensors = store.files.get(`${file}.safetensors`) as Record<
      string,
      { data: Float32Array }
    >;
    for (const [name, { data }] of Object.entries(tensors)) {
      assert.deepEqual(data, snapshots.get(step)![name].data, `${file} ${name}`);
    }
  }
  assert.match(seen.find((e) => e.type === "warn")!.message, /test images are looked at/);
});

Deno.test("who trains on every image has no best epoch, but a curve of the test images if asked", async () => {
  const all = { ...dataset, valid: { ...dataset.valid, n: 0 } };
  const io = () => ({
    ...{ signal: new AbortController().signal, store: memoryStore(), gpu, dataset: all },
  });
  const curves = async (evalTestEachEpoch: boolean) => {
    const seen: RunEvent[] = [];
    for await (
      const e of retrain(arch, { ...config, allTraining: true, evalTestEachEpoch }, io())
    ) seen.push(e);
    assert.equal(seen.find((e) => e.type === "done")!.best, undefined);
    return seen.filter((e) => e.type === "epoch").map((e) => e.testAccuracy);
  };
  assert.deepEqual(await curves(false), [undefined, undefined]);
  assert.ok((await curves(true)).every((a) => a! >= 0 && a! <= 1));
});

for (const step of [10, 12, 22, 24]) {
  Deno.test(`a retraining stopped at step ${step} of 24 ends like one that was not`, async () => {
    const store = memoryStore();
    const before = await go(store, (e) => e.type === "step" && e.step === step);
    assert.ok(!before.some((e) => e.type === "done"));
    const after = await go(store);
    assert.deepEqual(outcome(store, [...before, ...after]), whole);
  });
}
