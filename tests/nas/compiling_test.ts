/** All kernels are compiled before a run's first step, and that does not change the results. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { allowed } from "../../src/nas/decisions.ts";
import type { Cursor } from "../../src/nas/space.ts";
import { compileAhead } from "../../src/nas/search/compiling.ts";
import {
  resolveRetrainConfig,
  resolveSearchConfig,
  type SearchConfig,
} from "../../src/nas/config/config.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { openSpace } from "../../src/nas/registry.ts";
import { retrain } from "../../src/nas/train/retrain.ts";
import { search } from "../../src/nas/search/search.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import { smallArch as arch } from "./small_arch.ts";

const dataset = syntheticDataSet({ train: 24, valid: 8, test: 9, image: [8, 8, 3], classes: 3 });
const child = { "space.blocks": 1, "space.stem": 1 };
const retrainConfig = resolveRetrainConfig({
  space: "micro",
  preset: "smoke",
  overrides: { epochs: 1, batch: 2, logEvery: 1, ...child },
});

const smallSearch = (mode: string, more: Record<string, unknown>) =>
  resolveSearchConfig({
    mode,
    preset: "smoke",
    overrides: { epochs: 1, batch: 2, logEvery: 1, "space.stem": 1, ...more },
  });
const few = { rounds: 2, perRound: 3, "selection.best": 1, "selection.drawn": 0 };
const layers = { "space.layers": 3, "space.branches": 4 };
const runs = {
  retrain: null,
  search: smallSearch("micro", { ...child, "strategy.controller.optimizer": "adam" }),
  "search whose controller learns with momentum": smallSearch("macro", {
    ...layers,
    "strategy.controller.optimizer": "momentum",
  }),
  "search of NNabla's kind": smallSearch("macro", { ...layers, strategy: "enas-nnabla" }),
  "search that trains what it finds": smallSearch("micro", {
    ...child,
    ...few,
    rounds: 1,
    "evaluator.kind": "train",
  }),
  "search on a table": smallSearch("macro", {
    ...layers,
    ...few,
    "evaluator.kind": "table",
    "evaluator.table": tableOf(smallSearch("macro", layers)),
  }),
};

/** A table of all architectures of a small space. */
function tableOf(config: SearchConfig): string {
  const space = openSpace(config.space);
  const all: number[][] = [];
  const add = (at: Cursor, choice: number[]) => {
    if (!at.decision) all.push(choice);
    else for (const option of allowed(at.decision)) add(at.choose(option), [...choice, option]);
  };
  add(space.start(), []);
  const path = join(Deno.makeTempDirSync({ prefix: "denas-" }), "all.csv");
  const rows = all.map((choice, i) => `${choice.join(" ")},${i / 10}`);
  Deno.writeTextFileSync(path, ["arch,accuracy", ...rows].join("\n"));
  return path;
}

/** The events of a run on a device of its own; and the pipelines that were compiled ahead, and in all. */
async function go(name: keyof typeof runs, ahead: boolean) {
  const gpu = await Gpu.open();
  if (!ahead) gpu.dryRun = () => [];
  const compile = gpu.compile.bind(gpu);
  let compiled = NaN;
  gpu.compile = async function* (...args) {
    yield* compile(...args);
    compiled = gpu.counters.pipelines;
  };
  const io = { signal: new AbortController().signal, store: memoryStore(), gpu, dataset };
  const config = runs[name];
  const events = config ? search(config, io) : retrain(arch, retrainConfig, io);
  const seen: RunEvent[] = [];
  for await (const event of events) seen.push(event);
  const { pipelines } = gpu.counters;
  gpu.close();
  return { seen, compiled, pipelines };
}

/** Results of a run, without times, memory and compile events. */
const found = ({ seen }: Awaited<ReturnType<typeof go>>) =>
  seen.filter(({ type }) => type !== "compile").map((event) =>
    JSON.stringify(event, (key, value) => /seconds|perSecond|peakBytes/i.test(key) ? 0 : value)
  );

for (const name of Object.keys(runs) as (keyof typeof runs)[]) {
  Deno.test(`A ${name} has its kernels before its first step, and ends as one that compiles on the way`, async () => {
    const [ahead, onTheWay] = [await go(name, true), await go(name, false)];
    assert.deepEqual(found(ahead), found(onTheWay));
    // A retraining names classes at its very end; of a search's networks a few are recorded.
    const unforeseen = { retrain: 1, "search on a table": 0 }[name as string] ?? 3;
    const { compiled, pipelines } = ahead;
    assert.ok(compiled >= pipelines - unforeseen, `${compiled} of ${pipelines} pipelines`);
  });
}

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

Deno.test("A dry run takes no memory and dispatches nothing", async () => {
  const gpu = await Gpu.open();
  const never = new AbortController().signal;
  const dryRun = () => gpu.pool.release(gpu.pool.acquire(1 << 20));
  for await (const _ of compileAhead(gpu, gpu.dryRun(dryRun), never));
  assert.equal(gpu.pool.ownedBytes, 0);
  assert.equal(gpu.counters.dispatches, 0);
  gpu.close();
});
