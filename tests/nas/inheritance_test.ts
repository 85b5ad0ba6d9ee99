/** Inherited weights: the weights themselves, and searches that are stopped. */
import assert from "node:assert/strict";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { search } from "../../src/nas/search/search.ts";
import { memoryStore } from "../../src/nas/search/store.ts";

const gpu = await Gpu.open();
const dataset = syntheticDataSet({ train: 16, valid: 8, test: 8, image: [8, 8, 3], classes: 3 });

const config = (inherit: string, more: Record<string, unknown> = {}) =>
  resolveSearchConfig({
    mode: "modular",
    preset: "smoke",
    overrides: {
      batch: 8,
      rounds: 7,
      evalBatch: 8,
      "space.filters": 2,
      "space.stem": 1,
      "space.initialModules": 2,
      "space.minModules": 1,
      "space.maxModules": 2,
      "evaluator.inherit": inherit,
      "evaluator.thresholds": { 0: 3, 1: 2, 2: 1 },
      "evaluator.slidingWindows": 2,
      "strategy.population": 3,
      ...more,
    },
  });

type Store = ReturnType<typeof memoryStore>;

async function go(
  settings: ReturnType<typeof config>,
  store: Store,
  stop: (e: RunEvent, i: number) => boolean = () => false,
) {
  const interrupt = new AbortController();
  const events: RunEvent[] = [];
  try {
    const io = { signal: interrupt.signal, store, gpu, dataset };
    for await (const event of search(settings, io)) {
      events.push(event);
      if (stop(event, events.length)) interrupt.abort();
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  }
  return events;
}

const trialsIn = (events: RunEvent[]) => events.filter((e) => e.type === "trial");

for (const inherit of ["reuse", "average"]) {
  Deno.test(`${inherit}: a search that is stopped at any checkpoint ends with the same trials and weights`, async () => {
    const settings = config(inherit);
    const whole = memoryStore();
    const events = await go(settings, whole);
    const trials = trialsIn(events);
    assert.ok(trials.some((t) => t.inherit?.some(({ donors }) => donors.length > 0)));
    const checkpoints = events.filter(({ type }) => type === "checkpoint").length;
    for (const at of [1, 3, 4, 6, checkpoints - 1]) {
      const store = memoryStore();
      let seen = 0;
      const before = await go(settings, store, (e) => e.type === "checkpoint" && ++seen === at);
      const after = await go(settings, store);
      const told = new Map(trialsIn([...before, ...after]).map((t) => [t.trial, t]));
      assert.deepEqual([...told.values()], trials);
      assert.equal(store.files.get("arch.json"), whole.files.get("arch.json"));
      for (const { trial, on } of trials) {
        if (on !== "reward") continue;
        const load = (from: Store) => from.weights.load(`trial-${trial}`).catch(() => null);
        assert.deepEqual(await load(store), await load(whole), `weights of trial ${trial}`);
      }
    }
  });
}

Deno.test("a network begins with its donors' weights: without training it scores as they did", async () => {
  // A rate near zero: the only change between the networks is what they inherit.
  const settings = config("reuse", {
    "optimizer.lrMax": 1e-12,
    "optimizer.l2": 0,
    "space.minModules": 2,
    "evaluator.thresholds": { 0: 1 },
  });
  const store = memoryStore();
  const trials = trialsIn(await go(settings, store));
  const child = trials.findLast((t) => t.on === "reward" && t.inherit!.length >= 4)!;
  const own = await store.weights.load(`trial-${child.trial}`);
  for (const { slot, donors } of child.inherit!) {
    const donor = await store.weights.load(`trial-${donors[0]}`);
    for (const [name, { data }] of Object.entries(own)) {
      if (!name.startsWith(`${slot}/`) || name.endsWith("running")) continue;
      data.forEach((v, i) => assert.ok(Math.abs(v - donor[name].data[i]) < 1e-6, name));
    }
  }
});

Deno.test("weights that were removed or changed are named, and the search does not go on without them", async () => {
  const settings = config("reuse");
  const first = async () => {
    const store = memoryStore();
    let rounds = 0;
    await go(settings, store, (e) => e.type === "checkpoint" && ++rounds === 5);
    return store;
  };
  const missing = await first();
  for (let t = 0; t < 7; t++) await missing.weights.remove(`trial-${t}`);
  await assert.rejects(() => go(settings, missing), {
    name: "DataError",
    message: /^Cannot read weights trial-\d: there are none/,
  });
  const changed = await first();
  for (let t = 0; t < 5; t++) {
    const tensors = await changed.weights.load(`trial-${t}`).catch(() => ({}));
    await changed.weights.save(
      `trial-${t}`,
      Object.fromEntries(
        Object.keys(tensors).map((name) => [name, { shape: [1], data: new Float32Array(1) }]),
      ),
    );
  }
  await assert.rejects(() => go(settings, changed), {
    name: "DataError",
    message: /^Cannot inherit stem\/conv0\/\w+ from trial 0: its weights have \[1\], expected \[/,
  });
});

for (const mode of ["nasbench201", "nasbench101", "darts", "micro"]) {
  Deno.test(`${mode}: networks inherit the layers that earlier ones have too`, async () => {
    const settings = resolveSearchConfig({
      mode,
      preset: "smoke",
      overrides: {
        "evaluator.kind": "train",
        "strategy.kind": "evolution",
        "strategy.population": 2,
        "evaluator.inherit": "average",
        batch: 8,
        rounds: 3,
        evalBatch: 8,
        "space.stem": 1,
        ...(mode === "darts" || mode === "micro") && { "space.blocks": 2 },
      },
    });
    const trials = trialsIn(await go(settings, memoryStore()));
    const last = trials.findLast(({ on }) => on === "reward")!;
    assert.ok(last.inherit!.length > 0, JSON.stringify(last));
  });
}
