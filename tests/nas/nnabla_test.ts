/** Training only the best of the candidates; searches that end early or choose what they trained last. */
import { assert, assertAlmostEquals, assertEquals, assertSameNumbers } from "@std/assert";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveSearchConfig, type SearchConfig } from "../../src/nas/config.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { openSpace, search } from "../../src/nas/search.ts";
import { memoryStore } from "../../src/nas/store.ts";
import { EnasStrategy } from "../../src/nas/strategies/enas.ts";
import { NnablaStrategy } from "../../src/nas/strategies/enas_nnabla.ts";
import { movesOf } from "../../src/nas/strategies/moves.ts";
import { randomStrategy } from "../../src/nas/strategies/random.ts";

const gpu = await Gpu.open();
const dataset = syntheticDataSet({ train: 12, valid: 8, test: 0, image: [8, 8, 3], classes: 3 });

const tiny = {
  strategy: "enas-nnabla",
  epochs: 3,
  batch: 4,
  perRound: 3,
  rewardBatch: 4,
  "selection.drawn": 2,
  "selection.best": 1,
  "selection.images": 8,
  "child.filters": 2,
  "child.stem": 1,
  "child.blocks": 1,
};

const config = (overrides: Record<string, unknown> = {}, mode = "macro") =>
  resolveSearchConfig({ mode, preset: "smoke", overrides: { ...tiny, ...overrides } });

async function events(given: SearchConfig, store = memoryStore()): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  const { signal } = new AbortController();
  for await (const event of search(given, { signal, store, gpu, dataset })) all.push(event);
  return all;
}

const of = <T extends RunEvent["type"]>(all: RunEvent[], type: T) =>
  all.filter((e): e is Extract<RunEvent, { type: T }> => e.type === type);

Deno.test("the best candidate is what is drawn next, and it is scored once after its training", async () => {
  const { child } = config();
  const space = openSpace("macro", child);
  const strategy = new NnablaStrategy(randomStrategy(movesOf(space), 1), space);
  const [first, second] = await strategy.draw(2);
  assertEquals(first, second);
  const asked = await strategy.ask(3);
  assertEquals(asked.map(({ id }) => id), [0, 1, 2, 3]);
  assertEquals(asked[3].arch, first);
  const scores = [0.2, 0.6, 0.4, 0.9];
  const done = asked.map((t, i) => ({ ...t, score: { value: scores[i] } }));
  const report = await strategy.tell(done);
  assertEquals(report.trained, 0.9);
  assertAlmostEquals(report.reward!, 0.4, 1e-12);
  // The trained network is no candidate, however well it scores.
  assertEquals(await strategy.draw(2), [asked[1].arch, asked[1].arch]);
  assertEquals((await strategy.ask(3)).length, 4);
  await strategy.tell(asked.map((t) => ({ ...t, score: { value: 0 } })));
  assertEquals((await strategy.ask(3)).length, 3);
});

Deno.test("the policy learns from the candidates alone, in the right direction", async () => {
  const { child } = config();
  const space = openSpace("macro", child);
  const seeded = config({ "controller.lr": 0.05, "controller.entropyWeight": 0 });
  const strategy = new NnablaStrategy(new EnasStrategy(gpu, space, seeded), space);
  let probabilities: number[][] = [];
  for (let i = 0; i < 12; i++) {
    await strategy.draw(1);
    const asked = await strategy.ask(8);
    // Candidates are good where layer 0 is a pooling; what was trained says the opposite.
    const score = (choice: number[]) => choice[0] >= 4 ? 1 : 0;
    const report = await strategy.tell(asked.map((t, k) => {
      const good = score(space.encode(t.arch));
      return { ...t, score: { value: k < 8 ? good : 1 - good } };
    }));
    probabilities = report.probabilities!;
  }
  const [first] = probabilities;
  assert(first[4] + first[5] > 0.6, `pooling ${first[4] + first[5]}, at first 0.33`);
});

Deno.test("a search trains one architecture per iteration for so many passes", async () => {
  const all = await events(config({ passes: 2, rewardBatches: 2 }));
  const [start] = of(all, "start");
  assertEquals([start.strategy, start.stepsPerEpoch], ["enas-nnabla", 6]);
  const trials = of(all, "trial").filter(({ on }) => on === "reward");
  assertEquals(trials.map(({ epoch }) => epoch), [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
  assertEquals(trials.map(({ trial }) => trial), trials.map((_, i) => i));
  for (const epoch of [1, 2]) {
    const before = trials.slice(4 * epoch - 4, 4 * epoch - 1);
    const top = before.reduce((a, b) => b.score > a.score ? b : a);
    assertEquals(trials[4 * epoch + 3].choice, top.choice, `trained in iteration ${epoch}`);
  }
  // Two minibatches of four images: some score is no multiple of a quarter.
  assert(trials.some(({ score }) => !Number.isInteger(4 * score)), "both minibatches count");
  const trained = of(all, "controller").map((e) => e.trained);
  assertEquals(trained, [3, 7, 11].map((i) => trials[i].score));
  assertEquals(of(all, "epoch").map((e) => e.validAccuracy), trained);
  const [done] = of(all, "done");
  assertEquals(done.trainedImages, 3 * 2 * 12);
  assertEquals(of(all, "trial").find(({ on }) => on === "selection")?.trial, 12);
});

Deno.test("with select last the winner is what was trained last", async () => {
  const all = await events(config({ select: "last" }));
  const last = of(all, "trial").findLast(({ on }) => on === "reward");
  assertEquals(of(all, "done")[0].choice, last?.choice);
  assertEquals(of(all, "trial").filter(({ on }) => on === "selection").length, 1);
});

for (const strategy of ["enas", "enas-nnabla", "random", "evolution"]) {
  Deno.test(`${strategy}: a score over the threshold ends the search after its epoch`, async () => {
    // One image that is right out of four is enough.
    const all = await events(config({ strategy, rounds: 1, earlyStopOver: 0.01, epochs: 50 }));
    const epochs = of(all, "epoch");
    const [done] = of(all, "done");
    assert(epochs.length < 50, "the first images that are right end it");
    assertEquals(
      epochs.map((e) => e.stoppedAt !== undefined),
      epochs.map((_, i) => i === epochs.length - 1),
    );
    assertEquals(done.stopped, { epochs: epochs.length, score: epochs.at(-1)!.stoppedAt! });
    assert(done.stopped!.score > 0.01);
    assert(done.choice, "the winner is chosen as usual");
  });
}

Deno.test("random search and evolution spend what the controller spends", async () => {
  for (const strategy of ["enas", "random", "evolution"]) {
    const all = await events(config({ strategy, epochs: 2, rounds: 2 }));
    const [{ trainedImages }] = of(all, "done");
    const scored = of(all, "trial").filter(({ on }) => on === "reward").length;
    assertEquals([trainedImages, scored], [24, 12], strategy);
  }
});

Deno.test("a threshold of 1 never ends a search", async () => {
  const all = await events(config({ earlyStopOver: 1, epochs: 2 }));
  assertEquals(of(all, "epoch").length, 2);
  assertEquals(of(all, "done")[0].stopped, undefined);
});

Deno.test("the controller of the best epoch is kept, not the last", async () => {
  const store = memoryStore();
  const puts: { epoch: number; tensors: Record<string, { data: Float32Array }> }[] = [];
  let epoch = 0;
  const put = store.put;
  store.put = (name, content) => {
    if (name === "controller.safetensors") {
      puts.push({ epoch, tensors: structuredClone(content) as (typeof puts)[0]["tensors"] });
    }
    return put(name, content);
  };
  const { signal } = new AbortController();
  const scores: number[] = [];
  const given = config({ strategy: "enas", rounds: 1, epochs: 4, "controller.lr": 0.1 });
  for await (const event of search(given, { signal, store, gpu, dataset })) {
    if (event.type === "epoch") {
      epoch = event.epoch;
      scores.push(event.validAccuracy!);
    }
  }
  const best = scores.indexOf(Math.max(...scores));
  const kept = puts.at(-1)!;
  assertEquals(kept.epoch, best, `${scores}`);
  const [name] = Object.keys(kept.tensors).filter((key) => key.startsWith("policy/"));
  const file = store.files.get("controller.safetensors") as typeof kept.tensors;
  assertSameNumbers(file[name].data, kept.tensors[name].data);
});

Deno.test("a search that trains the best candidate, stopped in its training, ends after resume like one that was not", async () => {
  const given = config({ passes: 2, epochs: 2, logEvery: 2 });
  const whole = memoryStore();
  const expected = await events(given, whole);
  const store = memoryStore();
  const interrupt = new AbortController();
  const io = { signal: interrupt.signal, store, gpu, dataset };
  try {
    for await (const event of search(given, io)) {
      // In the second pass of the second epoch, which has its twelve images in three steps each.
      if (event.type === "step" && event.step >= 10) interrupt.abort();
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  }
  assert(!store.files.has("arch.json"), "it was stopped");
  const rest = await events(given, store);
  assertEquals(of(rest, "resume").map((e) => e.fromStep), [10]);
  const second = (all: RunEvent[]) => of(all, "trial").filter(({ trial }) => trial >= 4);
  assertEquals(second(rest), second(expected));
  assertEquals(store.files.get("arch.json"), whole.files.get("arch.json"));
});
