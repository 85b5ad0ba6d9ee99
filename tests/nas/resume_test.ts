/** Searches that are stopped at any point and resumed end like one that was never stopped. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { search } from "../../src/nas/search/search.ts";
import { memoryStore } from "../../src/nas/search/store.ts";

const gpu = await Gpu.open();
const dataset = syntheticDataSet({ train: 24, valid: 8, test: 0, image: [8, 8, 3], classes: 3 });

/** Two epochs of twelve steps: figures are read twice in each, after ten steps and at the end. */
const config = (mode: string) =>
  resolveSearchConfig({
    mode,
    preset: "smoke",
    overrides: {
      epochs: 2,
      batch: 2,
      rounds: 2,
      perRound: 2,
      "evaluator.rewardBatch": 4,
      "selection.drawn": 2,
      "selection.best": 1,
      "selection.images": 8,
      "space.stem": 1,
      ...mode === "micro" && { "space.blocks": 1 },
    },
  });

type Store = ReturnType<typeof memoryStore>;

/**
 * Runs to the end, or until `stop` is true for an event, then stops as by Ctrl-C. Returns whether it reached
 * the end.
 */
async function go(mode: string, store: Store, stop: (e: RunEvent) => boolean): Promise<boolean> {
  const interrupt = new AbortController();
  const io = { signal: interrupt.signal, store, gpu, dataset };
  try {
    for await (const event of search(config(mode), io)) if (stop(event)) interrupt.abort();
  } catch (error) {
    if (interrupt.signal.aborted) return false;
    throw error;
  }
  return true;
}

/** Architectures unchanged; weights as a digest of their bits. */
function found({ files }: Store) {
  const digest = createHash("sha256");
  for (const name of ["supernet.safetensors", "controller.safetensors"]) {
    const tensors = files.get(name) as Record<string, { data: Float32Array }>;
    for (const [key, { data }] of Object.entries(tensors)) digest.update(key).update(data);
  }
  return {
    arch: files.get("arch.json"),
    ranking: files.get("ranking.json"),
    weights: digest.digest("hex"),
  };
}

for (const mode of ["micro", "macro"]) {
  Deno.test(`${mode}: two searches with one seed find the same, to the bit`, async () => {
    const [a, b] = [memoryStore(), memoryStore()];
    for (const store of [a, b]) assert.ok(await go(mode, store, () => false));
    assert.ok(a.files.size === 4 && found(a).arch !== undefined);
    assert.deepEqual(found(a), found(b));
  });
}

/** Events of the first epoch, without times. */
async function firstEpoch(store: Store, stop: (e: RunEvent) => boolean) {
  const said: RunEvent[] = [];
  const listen = (e: RunEvent) => {
    if (e.type === "epoch" || e.type === "controller") said.push({ ...e, seconds: 0 } as RunEvent);
    return stop(e);
  };
  if (!await go("macro", store, listen)) await go("macro", store, listen);
  return said.slice(0, 2);
}

Deno.test("an epoch resumed among its rounds reports all of them, and its training", async () => {
  const whole = await firstEpoch(memoryStore(), () => false);
  let stopped = false;
  const once = (e: RunEvent) => e.type === "trial" && e.trial === 1 && !stopped && (stopped = true);
  assert.deepEqual(await firstEpoch(memoryStore(), once), whole);
  assert.ok(stopped);
});

Deno.test("a search stopped inside, at the end or after an epoch's training ends after resume like one that was not", async () => {
  const whole = memoryStore();
  await go("macro", whole, () => false);
  const places: ((e: RunEvent) => boolean)[] = [
    (e) => e.type === "step" && e.step === 10,
    (e) => e.type === "step" && e.step === 12,
    (e) => e.type === "trial" && e.trial === 1,
    (e) => e.type === "epoch" && e.epoch === 1,
    (e) => e.type === "step" && e.step === 24,
  ];
  for (const [i, stop] of places.entries()) {
    const store = memoryStore();
    assert.equal(await go("macro", store, stop), false);
    assert.equal(await go("macro", store, () => false), true);
    assert.deepEqual(found(store), found(whole), `place ${i}`);
  }
});
