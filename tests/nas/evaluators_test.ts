/** One short run of evolution with each evaluator in each kind of space. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { parseArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { resolveSearchConfig, type SearchConfig } from "../../src/nas/config/config.ts";
import type { TrialCheckpoints } from "../../src/nas/evaluator.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { evaluators, openSpace } from "../../src/nas/registry.ts";
import { search } from "../../src/nas/search/search.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import { type EvolutionConfig, evolutionStrategy } from "../../src/nas/strategies/evolution.ts";
import type { State } from "../../src/nas/strategy.ts";
import { variationOf } from "../../src/nas/strategies/variation.ts";

const gpu = await Gpu.open();
const dataset = syntheticDataSet({ train: 8, valid: 8, test: 0, image: [8, 8, 3], classes: 3 });
const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));

const modes = ["micro", "nasbench201", "nasbench101", "nasbench-macro", "darts", "grammar"];

function config(mode: string, kind: SearchConfig["evaluator"]["kind"], more = {}): SearchConfig {
  return resolveSearchConfig({
    mode,
    preset: "smoke",
    overrides: {
      strategy: "evolution",
      "evaluator.kind": kind,
      epochs: 1,
      batch: 4,
      rounds: 3,
      perRound: 2,
      ...kind === "shared" && { "evaluator.rewardBatch": 4 },
      evalBatch: 4,
      "selection.drawn": kind === "shared" ? 1 : 0,
      "selection.best": 1,
      "selection.images": 8,
      "space.stem": 1,
      ...(mode === "darts" || mode === "micro") && { "space.blocks": 2 },
      ...mode === "grammar" && { "space.grammar": "nb201_fixed_1_none" },
      ...!("strategy" in more) && { "strategy.population": 3, "strategy.tournament": 2 },
      ...more,
    },
  });
}

async function run(settings: SearchConfig, store = memoryStore(), stop?: (e: RunEvent) => boolean) {
  const events: RunEvent[] = [];
  const interrupt = new AbortController();
  const io = settings.evaluator.kind === "table" ? {} : { gpu, dataset };
  for await (const event of search(settings, { ...io, signal: interrupt.signal, store })) {
    events.push(event);
    if (stop?.(event)) interrupt.abort();
  }
  return { events, store };
}

const trials = (events: RunEvent[]) =>
  events.filter((e) => e.type === "trial" && e.on === "reward");

for (const mode of modes) {
  // Architectures of a grammar share no weights.
  const kinds = mode === "grammar" ? ["train"] as const : ["shared", "train"] as const;
  for (const kind of kinds) {
    Deno.test(`${mode}: evolution with evaluator ${kind} ends with an architecture`, async () => {
      const { events, store } = await run(config(mode, kind));
      const arch = parseArchFile(store.files.get("arch.json") as string, "arch.json");
      const done = events.at(-1)!;
      assert.ok(done.type === "done" && done.score! >= 0 && done.score! <= 1);
      assert.deepEqual(arch.choice, done.choice);
      assert.equal(arch.scoreKind, kind === "shared" ? "shared-weights" : "trained-briefly");
      assert.equal(trials(events).length, 6);
      assert.equal(done.queries, kind === "shared" ? done.queries : 6);
      const images = kind === "shared"
        ? 8
        : 8 * new Set(trials(events).map((t) => "key" in t && t.key)).size;
      assert.equal(done.trainedImages, images);
      assert.equal(store.files.has("supernet.safetensors"), kind === "shared");
    });
  }
}

/** A made-up accuracy of choices, in per cent. */
const accuracy = (choice: readonly number[]) =>
  choice.reduce((sum, c, i) => (sum * 31 + c * (i + 7)) % 9973, 1) / 100;

/** A file with all results that evolution with this config will ask for. */
async function madeUpTable(settings: SearchConfig): Promise<string> {
  const space = openSpace(settings.space);
  const population = settings.strategy as SearchConfig["strategy"] & EvolutionConfig;
  const strategy = evolutionStrategy(variationOf(space), settings.seed, population);
  const rows = new Map<string, string>();
  for (let round = 0; round < settings.rounds; round++) {
    const asked = await strategy.ask(settings.perRound);
    for (const { arch } of asked) {
      const known = rows.get(space.key(arch)) ?? space.encode(arch).join(" ");
      rows.set(space.key(arch), known);
    }
    const value = (arch: unknown) =>
      accuracy(rows.get(space.key(arch))!.split(" ").map(Number)) * 0.01;
    await strategy.tell(asked.map((t) => ({ ...t, score: { value: value(t.arch) } })));
  }
  const path = join(dir, `${settings.space.kind}.csv`);
  const lines = [...rows.values()].map((choice) => {
    const own = accuracy(choice.split(" ").map(Number));
    return `${choice},${own},${100 - own}`;
  });
  await Deno.writeTextFile(path, ["arch,accuracy,test_accuracy", ...lines].join("\n"));
  return path;
}

for (const mode of modes) {
  Deno.test(`${mode}: evolution on a table asks it alone, and reports a column that it did not see`, async () => {
    const settings = config(mode, "table", { rounds: 12, "selection.drawn": 0 });
    settings.evaluator.table = await madeUpTable(settings);
    settings.evaluator.report = "test_accuracy";
    const { events, store } = await run(settings);
    const [start] = events, done = events.at(-1)!;
    assert.ok(start.type === "start" && start.evaluator === "table" && start.adapter === undefined);
    assert.equal(start.table!.report, "test_accuracy (test_accuracy)");
    const scores = trials(events).map((t) => t.type === "trial" ? t.score : NaN);
    assert.equal(scores.length, 24);
    assert.ok(done.type === "done" && done.queries === 24 && done.trainedImages === 0);
    assert.equal(done.score, Math.max(...scores));
    assert.ok(Math.abs(done.report!.value - (1 - done.score)) < 1e-9);
    const arch = parseArchFile(store.files.get("arch.json") as string, "arch.json");
    assert.equal(arch.scoreKind, "table");
  });
}

Deno.test("grammar: shared weights are refused before anything is trained", async () => {
  await assert.rejects(run(config("grammar", "shared")), {
    name: "UsageError",
    message:
      /^Cannot share weights in space grammar: it has no supernet, .* try --evaluator train$/,
  });
});

for (const kind of ["table", "train", "debug"] as const) {
  Deno.test(`a search with evaluator ${kind} that is stopped goes on to the same trials`, async () => {
    const settings = config("nasbench201", kind, { rounds: 5, perRound: 1 });
    if (kind === "table") settings.evaluator.table = await madeUpTable(settings);
    const whole = trials((await run(settings)).events);
    const store = memoryStore();
    const events: RunEvent[] = [];
    const stopped = run(settings, store, (e) => {
      events.push(e);
      return e.type === "trial" && e.trial === 2;
    });
    await assert.rejects(stopped, { name: "AbortError" });
    const { events: rest } = await run(settings, store);
    assert.deepEqual([...trials(events), ...trials(rest)], whole);
  });
}

Deno.test("a search that trains goes on in the middle of a round: no training is lost, none repeated", async () => {
  // Two epochs of two steps per training, six trainings per round.
  const settings = config("nasbench201", "train", {
    rounds: 2,
    perRound: 6,
    "evaluator.epochs": 2,
    "strategy.population": 20,
  });
  const whole = await run(settings);
  const store = memoryStore();
  for (const finished of [2, 5, 8]) {
    const events: RunEvent[] = [];
    const stopped = run(settings, store, (event) => {
      events.push(event);
      return event.type === "checkpoint" && event.step >= 4 * finished;
    });
    await assert.rejects(stopped, { name: "AbortError" });
    const { step } = events.at(-1) as Extract<RunEvent, { type: "checkpoint" }>;
    assert.equal(step, 4 * finished);
  }
  const { events } = await run(settings, store);
  const [done, expected] = [events.at(-1)!, whole.events.at(-1)!];
  assert.ok(done.type === "done" && expected.type === "done");
  const { seconds: _, peakBytes: __, ...rest } = done;
  const { seconds: ___, peakBytes: ____, ...same } = expected;
  assert.deepEqual(rest, same);
  // The second round, which was begun before: all of it, from the same asking.
  const last = (all: RunEvent[]) => trials(all).slice(-6);
  assert.deepEqual(last(events), last(whole.events));
});

Deno.test("a training that is cut off goes on from its checkpoint, in the middle of an epoch, to the same bits", async () => {
  // Three epochs of two steps.
  const settings = config("nasbench201", "train", { "evaluator.epochs": 3 });
  const { kind: _, ...given } = settings.evaluator;
  const space = openSpace(settings.space);
  const trial = { id: 0, arch: space.decode([1, 2, 3, 4, 1, 3]) };
  const evaluated = async (
    checkpoints?: TrialCheckpoints,
    signal = new AbortController().signal,
  ) => {
    const io = { signal, dataset, checkpoints };
    const { evaluator, figures } = await evaluators.get("train")
      .open(given, { config: settings, space, gpu, io });
    for await (const result of evaluator.evaluate([trial], "reward", signal)) {
      assert.ok(result.status === "ok");
      const { step, trainedImages } = figures();
      return { score: result.score, step, trainedImages };
    }
  };
  const whole = await evaluated();
  const saved: { step: number; state: State }[] = [];
  const stop = new AbortController();
  const checkpoints: TrialCheckpoints = {
    isDue: () => true,
    load: () => Promise.resolve(saved.at(-1) ?? null),
    save(step, state) {
      saved.push({ step, state: structuredClone(state) });
      if (step === 3) stop.abort();
      return Promise.resolve();
    },
  };
  await assert.rejects(evaluated(checkpoints, stop.signal), { name: "AbortError" });
  assert.deepEqual(await evaluated(checkpoints), whole);
  // Nothing was trained twice.
  assert.deepEqual(saved.map(({ step }) => step), [1, 2, 3, 4, 5, 6]);
});

Deno.test("a training above an error after some steps is given up, and that error counts", async () => {
  // Four epochs of two steps.
  const imagesOf = async (more: object) => {
    const settings = config("nasbench201", "train", {
      rounds: 1,
      perRound: 2,
      "evaluator.epochs": 4,
      "evaluator.giveUpAt": 3,
      ...more,
    });
    const done = (await run(settings)).events.at(-1)!;
    return done.type === "done" && done.trainedImages;
  };
  // Eight images per epoch, four per step. A network without any error is trained to the end.
  assert.equal(await imagesOf({ "evaluator.giveUpError": 1 }), 2 * 4 * 8);
  const given = await imagesOf({ "evaluator.giveUpError": 0 });
  assert.ok(given === 2 * 3 * 4 || given === 3 * 4 + 4 * 8, `${given} images`);
});

Deno.test("a search on a table is refused where settings do not fit it", async () => {
  const table = await madeUpTable(config("nasbench201", "table"));
  const refused = async (mode: string, more: object, message: RegExp) => {
    const settings = config(mode, "table", { "evaluator.table": table, ...more });
    await assert.rejects(run(settings), { message });
  };
  await refused("nasbench201", { "evaluator.table": "" }, /name its file with --table/);
  await refused(
    "nasbench201",
    { "evaluator.objective": "val" },
    /metric "val" .*accuracy, test_accuracy/,
  );
  await refused("nasbench201", { "evaluator.dataset": "svhn" }, /data set "svhn"/);
  await refused(
    "nasbench201",
    { rounds: 200 },
    /Cannot find \|.* is not one of its \d+ architectures/,
  );
  await refused("darts", {}, /table nasbench201.csv: row 2, column arch/);
  await refused(
    "nasbench201",
    { strategy: "enas" },
    /the space has none; try --strategy evolution/,
  );
});
