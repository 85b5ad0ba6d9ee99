/** Runs that begin with the weights of other runs. */
import assert from "node:assert/strict";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { type ArchFile, parseArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { finalConfig } from "../../src/nas/config/final_config.ts";
import { retrain } from "../../src/nas/train/retrain.ts";
import { search } from "../../src/nas/search/search.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import type { EarlierWeights } from "../../src/nas/train/warm_start.ts";
import { assertRejects, assertSameNumbers } from "../assert.ts";

const gpu = await Gpu.open();
const dataset = syntheticDataSet({ train: 16, valid: 8, test: 6, image: [8, 8, 3], classes: 3 });

type Store = ReturnType<typeof memoryStore>;
type Tensors = EarlierWeights["tensors"];
type WarmStart = Extract<RunEvent, { type: "warmStart" }>;

const small = { "space.filters": 2, "space.stem": 1, batch: 4 };
const searchConfig = (mode: string, changes: Record<string, unknown> = {}) =>
  resolveSearchConfig({
    mode,
    preset: "smoke",
    overrides: {
      ...{ epochs: 1, rounds: 1, perRound: 2, "evaluator.rewardBatch": 4, ...small },
      ...mode === "micro" && { "space.blocks": 1 },
      ...{ "selection.drawn": 1, "selection.best": 1, "selection.images": 4 },
      ...changes,
    },
  });

/** Events until the end, or until `stop`, then stopped as by Ctrl-C. */
async function go(
  store: Store,
  what: { mode: string } | { arch: ArchFile; form: string },
  initial: EarlierWeights | "none" | "gone",
  stop: (e: RunEvent) => boolean = () => false,
  changes: Record<string, unknown> = {},
): Promise<RunEvent[]> {
  const interrupt = new AbortController();
  const io = {
    signal: interrupt.signal,
    store,
    gpu,
    dataset,
    initial(): EarlierWeights {
      if (typeof initial === "string") throw new Error("the folder is gone");
      return initial;
    },
  };
  const given = { initFrom: initial === "none" ? "" : "earlier", ...changes };
  const run = "mode" in what ? search(searchConfig(what.mode, given), io) : retrain(
    what.arch,
    finalConfig(what.arch, {
      preset: "smoke",
      given: { form: what.form, epochs: 1, batch: 4, "optimizer.l2": 0, ...given },
    }),
    io,
  );
  const seen: RunEvent[] = [];
  try {
    for await (const event of run) {
      seen.push(event);
      if (stop(event)) interrupt.abort();
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  }
  return seen;
}

const warm = (events: RunEvent[]) => events.find((e): e is WarmStart => e.type === "warmStart");

/** Results of a search: its supernet under the engine's names, and its winner. */
async function searched(mode: string) {
  const store = memoryStore();
  await go(store, { mode }, "none");
  const prefix = "trainer/weights/";
  const tensors = Object.fromEntries(
    Object.entries(store.files.get("supernet.safetensors") as Tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
  return { tensors, arch: parseArchFile(store.files.get("arch.json") as string, "arch.json") };
}

/** The weights in the checkpoint that a warm start leaves. */
async function firstWeights(store: Store): Promise<Tensors> {
  const { tensors } = (await store.load())!;
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name.replace(/^.*weights\//, ""), tensor]),
  );
}

for (const mode of ["micro", "macro"]) {
  const { tensors, arch } = await searched(mode);

  Deno.test(`${mode}: a winner retrained in the form of the search begins with all its shared weights`, async () => {
    const store = memoryStore();
    const earlier = { from: "earlier", tensors, statistics: false };
    const first = (e: RunEvent) => e.type === "checkpoint";
    const event = warm(await go(store, { arch, form: "search" }, earlier, first))!;
    assert.ok(event.tensors > 10);
    assert.equal(event.tensors, event.ofTensors);
    assert.equal(event.parameters, event.ofParameters);
    const weights = await firstWeights(store);
    for (const [name, { data }] of Object.entries(weights)) {
      if (name.startsWith("optimizer") || name.endsWith("running")) continue;
      if (tensors[name]) assertSameNumbers(data, tensors[name].data);
    }
  });

  Deno.test(`${mode}: a search goes on with the whole supernet of another`, async () => {
    const earlier = { from: "earlier", tensors, statistics: true };
    const event = warm(await go(memoryStore(), { mode }, earlier))!;
    assert.equal(event.tensors, event.ofTensors);
  });

  Deno.test(`${mode}: with other sizes only what fits is taken, and counted`, async () => {
    const earlier = { from: "earlier", tensors, statistics: true };
    const store = memoryStore();
    const first = (e: RunEvent) => e.type === "checkpoint";
    const { "head/w": head, ...rest } = tensors;
    const cut = { ...rest, "head/w": { shape: [1, 3], data: new Float32Array(3) } };
    const event = warm(await go(store, { mode }, { ...earlier, tensors: cut }, first))!;
    assert.equal(event.tensors, event.ofTensors - 1);
    assert.equal(event.parameters, event.ofParameters - head.data.length);
  });
}

Deno.test("a start from weights of which none fits is refused, and says what to try", async () => {
  const { arch } = await searched("micro");
  const tensors = { "other/w": { shape: [2], data: new Float32Array(2) } };
  await assertRejects(
    () =>
      go(memoryStore(), { arch, form: "final" }, { from: "earlier", tensors, statistics: false }),
    /^Cannot start from earlier: none of its 1 tensors .* --form search$/,
  );
});

Deno.test("running statistics are taken from a run of the same kind only", async () => {
  const { arch } = await searched("macro");
  const store = memoryStore();
  await go(store, { arch, form: "final" }, "none");
  const tensors = store.files.get("weights.safetensors") as Tensors;
  const first = (e: RunEvent) => e.type === "checkpoint";
  const name = "stem/running";
  for (const statistics of [true, false]) {
    const store = memoryStore();
    await go(store, { arch, form: "final" }, { from: "earlier", tensors, statistics }, first);
    const { data } = (await firstWeights(store))[name];
    assert.equal(data[0] === tensors[name].data[0], statistics);
  }
});

for (const command of ["search", "retrain"]) {
  Deno.test(`a ${command} that was stopped after a warm start goes on without the run it started from`, async () => {
    const { tensors, arch } = await searched("macro");
    const earlier = { from: "earlier", tensors, statistics: false };
    const what = command === "search" ? { mode: "macro" } : { arch, form: "search" };
    const result = command === "search" ? "supernet.safetensors" : "weights.safetensors";
    const whole = memoryStore();
    await go(whole, what, earlier);
    const store = memoryStore();
    await go(store, what, earlier, (e) => e.type === "warmStart");
    const after = await go(store, what, "gone");
    assert.equal(warm(after), undefined);
    const [a, b] = [whole, store].map((s) => s.files.get(result) as Tensors);
    for (const [name, { data }] of Object.entries(a)) assertSameNumbers(b[name].data, data);
  });
}
