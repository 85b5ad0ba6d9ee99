/** Searches that score untrained networks: the evaluator, the filter of a training, assisted evolution. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { syntheticDataSet } from "../../../src/data/mod.ts";
import { Gpu } from "../../../src/gpu/mod.ts";
import { parseArchFile } from "../../../src/nas/arch_formats/arch_file.ts";
import { resolveSearchConfig, type SearchConfig } from "../../../src/nas/config/config.ts";
import type { RunEvent } from "../../../src/nas/events.ts";
import { search } from "../../../src/nas/search/search.ts";
import { memoryStore } from "../../../src/nas/search/store.ts";
import { formatNb201 } from "../../../src/nas/spaces/nasbench201.ts";

const gpu = await Gpu.open();
const dataset = syntheticDataSet({ train: 8, valid: 8, test: 0, image: [8, 8, 3], classes: 3 });

function config(more: Record<string, unknown>): SearchConfig {
  return resolveSearchConfig({
    mode: "nasbench201",
    preset: "smoke",
    overrides: { strategy: "random", batch: 4, evalBatch: 4, "space.stem": 1, ...more },
  });
}

async function run(settings: SearchConfig, store = memoryStore(), stopAfter = Infinity) {
  const events: RunEvent[] = [];
  const interrupt = new AbortController();
  try {
    for await (const event of search(settings, { gpu, dataset, signal: interrupt.signal, store })) {
      events.push(event);
      if (trials(events).length >= stopAfter) interrupt.abort();
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  }
  return { events, store };
}

const trials = (events: readonly RunEvent[]) =>
  events.filter((e) => e.type === "trial" && e.on === "reward") as Extract<
    RunEvent,
    { type: "trial" }
  >[];

/** What a search found: everything but times. */
const outcome = (events: readonly RunEvent[]) => ({
  trials: new Map(trials(events).map((t) => [t.trial, t])),
  best: events.findLast((e) => e.type === "best"),
});

const untrained = config({
  "evaluator.kind": "zero-cost",
  "evaluator.scoreBatch": 6,
  rounds: 6,
});

Deno.test("a search by nwot ends with the network that scores best, and its file says how", async () => {
  const { events, store } = await run(untrained);
  const all = trials(events), done = events.at(-1)!;
  assert.ok(done.type === "done");
  assert.equal(all.length, 6);
  assert.equal(done.queries, 6);
  assert.equal(done.trainedImages, 0);
  assert.equal(done.score, Math.max(...all.map(({ score }) => score)));
  const arch = parseArchFile(store.files.get("arch.json") as string, "arch.json");
  assert.equal(arch.scoreKind, "zero-cost");
  assert.equal(new Set(all.map(({ score }) => score)).size, new Set(all.map((t) => t.key)).size);
});

Deno.test("a score that is infinite is a failed trial", async () => {
  const { events } = await run(config({
    ...{ "evaluator.kind": "zero-cost", "evaluator.score": "synflow", "evaluator.scoreBatch": 2 },
    ...{ rounds: 40, perRound: 1 },
  }));
  const failed = trials(events).filter(({ status }) => status === "failed");
  assert.ok(failed.length > 0 && failed.length < 40);
  assert.match(failed[0].reason!, /^The synflow score is -Infinity, expected a finite number$/);
});

const filter = config({
  "evaluator.kind": "train",
  "evaluator.filterScore": "grad_norm",
  "evaluator.filterTop": 0.5,
  rounds: 2,
  perRound: 4,
});

Deno.test("a filter trains the best of each round by an untrained score", async () => {
  const { events } = await run(filter);
  const all = trials(events);
  assert.equal(all.length, 8);
  for (const round of [all.slice(0, 4), all.slice(4)]) {
    const refused = round.filter(({ status }) => status === "infeasible");
    assert.equal(refused.length, 2);
    assert.match(refused[0].reason!, /^its grad_norm of \S+ is not among the best 2 of 4/);
  }
  const done = events.at(-1)!;
  assert.ok(done.type === "done" && done.trainedImages <= 4 * 8);
});

Deno.test("a filter that lets everything pass is an error", async () => {
  const all = { ...filter, perRound: 1 };
  await assert.rejects(
    run(all),
    /Cannot filter the best 50 % of a round: a round has 1 architecture/,
  );
});

const assisted = {
  strategy: "assisted-evolution",
  "strategy.untrained": 7,
  "strategy.population": 4,
  "strategy.tournament": 2,
};

Deno.test("assisted evolution trains the best of its untrained architectures first, in order", async () => {
  const { events } = await run(
    config({ ...assisted, "evaluator.kind": "train", rounds: 6, perRound: 1 }),
  );
  const all = trials(events);
  const first = all.slice(0, 7), rest = all.slice(7);
  assert.ok(first.every((t) => t.partial && t.trainedEpochs === 0));
  const ranked = first.toSorted((a, b) => b.score - a.score || a.trial - b.trial);
  assert.equal(rest.length, 6);
  assert.deepEqual(
    rest.slice(0, 4).map(({ choice }) => choice),
    ranked.slice(0, 4).map((t) => t.choice),
  );
  assert.ok(rest.slice(4).every(({ parents }) => parents?.every((p) => p >= 7)));
  const done = events.at(-1)!;
  assert.ok(done.type === "done" && done.queries === 6);
});

Deno.test("assisted evolution scores untrained networks on a table too", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = join(dir, "table.csv");
    const lines = Array.from({ length: 5 ** 6 }, (_, i) => {
      const choice = Array.from({ length: 6 }, (_, e) => Math.floor(i / 5 ** e) % 5);
      return `${formatNb201({ ops: choice })},${(choice.join("").length + i % 97) / 2}`;
    });
    await Deno.writeTextFile(path, `arch,c10_test_200\n${lines.join("\n")}\n`);
    const settings = config({
      ...assisted,
      "evaluator.kind": "table",
      "evaluator.table": path,
      rounds: 8,
      perRound: 1,
    });
    const { events } = await run(settings);
    assert.equal(trials(events).filter(({ partial }) => partial).length, 7);
    const done = events.at(-1)!;
    assert.ok(done.type === "done" && done.queries === 8);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

for (
  const [name, settings, stops] of [
    ["zero-cost", untrained, [1, 3]],
    ["a filter", filter, [4]],
    [
      "assisted evolution",
      config({ ...assisted, "evaluator.kind": "train", rounds: 6, perRound: 1 }),
      [3, 9],
    ],
  ] as const
) {
  Deno.test(`${name}: a stopped search resumes to the same result`, async () => {
    const whole = await run(settings);
    for (const stop of stops) {
      const { events: before, store } = await run(settings, memoryStore(), stop);
      const { events: after } = await run(settings, store);
      assert.deepEqual(outcome([...before, ...after]), outcome(whole.events), `stopped at ${stop}`);
    }
  });
}
