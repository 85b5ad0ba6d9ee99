/** Kernels are compiled before a run's first step: all of them, without a change to what the run computes. */
import assert from "node:assert/strict";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { compileAhead } from "../../src/nas/compiling.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../../src/nas/config.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { retrain } from "../../src/nas/retrain.ts";
import { search } from "../../src/nas/search.ts";
import { memoryStore } from "../../src/nas/store.ts";
import { smallArch as arch } from "./small_arch.ts";

const dataset = syntheticDataSet({ train: 24, valid: 8, test: 9, image: [9, 9, 3], classes: 3 });
const child = { "child.blocks": 1, "child.stem": 1 };
const retrainConfig = resolveRetrainConfig({
  space: "micro",
  preset: "smoke",
  overrides: { epochs: 1, batch: 2, logEvery: 1, ...child },
});
const searchConfig = resolveSearchConfig({
  mode: "micro",
  preset: "smoke",
  overrides: { epochs: 2, batch: 2, logEvery: 1, ...child },
});

/** The events of a run on a device of its own, each with the number of pipelines by then. */
async function go(command: "search" | "retrain", ahead: boolean) {
  const gpu = await Gpu.open();
  if (!ahead) gpu.rehearse = () => [];
  const io = { signal: new AbortController().signal, store: memoryStore(), gpu, dataset };
  const events = command === "search" ? search(searchConfig, io) : retrain(arch, retrainConfig, io);
  const seen: { event: RunEvent; pipelines: number }[] = [];
  for await (const event of events) seen.push({ event, pipelines: gpu.counters.pipelines });
  gpu.close();
  return seen;
}

/** What a run found, without times and without word of compiling. */
const found = (seen: Awaited<ReturnType<typeof go>>) =>
  seen.flatMap(({ event }) =>
    event.type === "compile"
      ? []
      : [JSON.stringify(event, (key, value) => /seconds|perSecond/i.test(key) ? 0 : value)]
  );

/** Pipelines at the first step, and at the end of training. */
function counts(seen: Awaited<ReturnType<typeof go>>): [number, number] {
  const steps = seen.filter(({ event }) => event.type === "step");
  return [steps[0].pipelines, steps.at(-1)!.pipelines];
}

for (const command of ["retrain", "search"] as const) {
  Deno.test(`A ${command} whose kernels are compiled ahead ends as one that compiles on the way`, async () => {
    const [ahead, onTheWay] = [await go(command, true), await go(command, false)];
    assert.deepEqual(found(ahead), found(onTheWay));
  });
}

Deno.test("The pipelines of a retraining are there before its first step", async () => {
  const gpu = await Gpu.open();
  const listed = new Set<number>();
  const compile = gpu.compile.bind(gpu);
  gpu.compile = async function* (...args) {
    yield* compile(...args);
    listed.add(gpu.counters.pipelines);
  };
  const io = { signal: new AbortController().signal, store: memoryStore(), gpu, dataset };
  for await (const event of retrain(arch, retrainConfig, io)) {
    if (event.type === "step" || event.type === "epoch") listed.add(gpu.counters.pipelines);
  }
  gpu.close();
  assert.equal(listed.size, 1);
});

Deno.test("At most a few pipelines of a search are missing before its first step", async () => {
  const [first, last] = counts(await go("search", true));
  assert.ok(last - first <= 3, `${first} pipelines at first, ${last} in the end`);
});

Deno.test("Compiling ends at the next word when the run is told to stop, with what is there", async () => {
  const gpu = await Gpu.open();
  const interrupt = new AbortController();
  let words = 0;
  const compile = gpu.compile.bind(gpu);
  gpu.compile = async function* (...args) {
    for await (const word of compile(...args)) {
      words++;
      interrupt.abort();
      yield word;
    }
  };
  const store = memoryStore();
  const io = { signal: interrupt.signal, store, gpu, dataset };
  const seen: string[] = [];
  await assert.rejects(async () => {
    for await (const { type } of retrain(arch, retrainConfig, io)) seen.push(type);
  }, { name: "AbortError" });
  assert.equal(words, 1);
  assert.equal(seen.at(-1), "checkpoint");
  assert.ok(!seen.includes("step"));
  // The rest of such a run is the whole run.
  const rest: RunEvent[] = [];
  const again = { ...io, signal: new AbortController().signal };
  for await (const event of retrain(arch, retrainConfig, again)) rest.push(event);
  assert.equal(rest.at(-1)!.type, "done");
  gpu.close();
});

Deno.test("A rehearsal takes no memory and dispatches nothing", async () => {
  const gpu = await Gpu.open();
  const never = new AbortController().signal;
  const rehearse = () => gpu.pool.release(gpu.pool.acquire(1 << 20));
  for await (const _ of compileAhead(gpu, rehearse, never));
  assert.equal(gpu.pool.ownedBytes, 0);
  assert.equal(gpu.counters.dispatches, 0);
  gpu.close();
});
