/**
 * Training only the best candidates; searches that end early or choose the network that they trained last.
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertSameNumbers,
} from "@std/assert";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveSearchConfig, type SearchConfig } from "../../src/nas/config/config.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { openStrategy } from "../../src/nas/search/parts.ts";
import { openSpace } from "../../src/nas/registry.ts";
import { search } from "../../src/nas/search/search.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import { NnablaStrategy } from "../../src/nas/strategies/enas_nnabla.ts";
import { bestOfEpochs, historyOf } from "../../src/run/history.ts";
import { variationOf } from "../../src/nas/strategies/variation.ts";
import { randomStrategy } from "../../src/nas/strategies/random.ts";

const gpu = await Gpu.open();
const dataset = syntheticDataSet({ train: 12, valid: 8, test: 0, image: [8, 8, 3], classes: 3 });

const tiny = {
  strategy: "enas-nnabla",
  epochs: 3,
  batch: 4,
  perRound: 3,
  "evaluator.rewardBatch": 4,
  "selection.drawn": 2,
  "selection.best": 1,
  "selection.images": 8,
  "space.filters": 2,
  "space.stem": 1,
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

/** A strategy over random samples of the tiny macro space. */
function overRandom() {
  const space = openSpace(config().space);
  return new NnablaStrategy(randomStrategy(variationOf(space), 1), space);
}

const scored = <T>(trials: readonly T[], scores: readonly number[]) =>
  trials.map((t, i) => ({ ...t, score: { value: scores[i] } }));

Deno.test("the best candidate is what is trained next, and it is scored once after its training", async () => {
  const strategy = overRandom();
  const [a, b] = await strategy.draw(2);
  assert(JSON.stringify(a) !== JSON.stringify(b), "before any candidate the policy is sampled");
  for (let iteration = 0; iteration < 2; iteration++) {
    const asked = await strategy.ask(3);
    assertEquals(asked.map(({ id }) => id - 4 * iteration), [0, 1, 2]);
    assert(asked.every(({ partial }) => partial), "untrained candidates cannot win");
    const report = await strategy.tell(scored(asked, [0.2, 0.6, 0.4]));
    assertAlmostEquals(report.reward!, 0.4, 1e-12);
    assertEquals(await strategy.draw(2), [asked[1].arch, asked[1].arch]);
    const trained = strategy.askTrained();
    assertEquals(trained, [{ id: 4 * iteration + 3, arch: asked[1].arch }]);
    assertEquals(strategy.tellTrained(scored(trained, [0.9])), { trained: 0.9 });
    const [c, d] = await strategy.draw(2);
    assert(JSON.stringify(c) !== JSON.stringify(d), "after the training it is the policy again");
  }
  // If no candidate scores, one sample of the policy is trained.
  await strategy.tell(scored(await strategy.ask(2), [0, 0]));
  const [first, second] = await strategy.draw(2);
  assertEquals(first, second);
  assertEquals(strategy.askTrained().map(({ arch }) => arch), [first]);
});

Deno.test("the policy learns from the candidates alone, in the right direction", async () => {
  const policy = config({
    strategy: "enas",
    "strategy.controller.lr": 0.05,
    "strategy.controller.entropyWeight": 0,
  });
  const space = openSpace(policy.space);
  const strategy = new NnablaStrategy(await openStrategy(policy, space, { gpu }), space);
  let probabilities: number[][] = [];
  for (let i = 0; i < 12; i++) {
    const asked = await strategy.ask(8);
    // Candidates are good where layer 0 is a pooling; what was trained says the opposite.
    const good = asked.map(({ arch }) => space.encode(arch)[0] >= 4 ? 1 : 0);
    probabilities = (await strategy.tell(scored(asked, good))).probabilities!;
    await strategy.draw(1);
    strategy.tellTrained(scored(strategy.askTrained(), [0]));
  }
  const [first] = probabilities;
  assert(first[4] + first[5] > 0.6, `pooling ${first[4] + first[5]}, at first 0.33`);
});

Deno.test("a search trains one architecture per iteration for so many passes", async () => {
  const all = await events(config({ "evaluator.passes": 2, "evaluator.rewardBatches": 2 }));
  const [start] = of(all, "start");
  assertEquals([start.strategy, start.stepsPerEpoch], ["enas-nnabla", 6]);
  const trials = of(all, "trial").filter(({ on }) => on === "reward");
  assertEquals(trials.map(({ epoch }) => epoch), [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
  assertEquals(trials.map(({ trial }) => trial), trials.map((_, i) => i));
  for (const epoch of [0, 1, 2]) {
    const candidates = trials.slice(4 * epoch, 4 * epoch + 3);
    const top = candidates.reduce((a, b) => b.score > a.score ? b : a);
    assertEquals(trials[4 * epoch + 3].choice, top.choice, `trained in iteration ${epoch}`);
  }
  // Each iteration samples first and trains then, the last one too.
  const order = all.filter(({ type }) => ["trial", "step", "epoch"].includes(type));
  const last = order.slice(order.findIndex((e) => e.type === "epoch" && e.epoch === 2) + 1);
  const types = last.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1]);
  assertEquals(types, ["trial", "step", "trial", "epoch", "trial"]);
  // Two minibatches of four images: some score is no multiple of a quarter.
  assert(trials.some(({ score }) => !Number.isInteger(4 * score)), "both minibatches count");
  const trained = of(all, "controller").map((e) => e.trained);
  assertEquals(trained, [3, 7, 11].map((i) => trials[i].score));
  assertEquals(of(all, "epoch").map((e) => e.validAccuracy), trained);
  const [done] = of(all, "done");
  assertEquals(done.trainedImages, 3 * 2 * 12);
  assertEquals(of(all, "trial").find(({ on }) => on === "selection")?.trial, 12);
});

Deno.test("the winner is the best trained network, whatever its candidates scored", async () => {
  const all = await events(config({ epochs: 2, perRound: 8, seed: 6, "selection.drawn": 0 }));
  const rewards = of(all, "trial").filter(({ on }) => on === "reward");
  const trained = rewards.filter(({ trial }) => trial % 9 === 8);
  const top = trained.reduce((a, b) => b.score > a.score ? b : a);
  const [done] = of(all, "done");
  assertEquals(done.choice, top.choice);
  assert(of(all, "best").slice(0, -1).every(({ trial }) => trial % 9 === 8));
  // Pictures of the epochs show what was trained, and the winner is the best of them.
  const shown = bestOfEpochs(historyOf(all, "events")).map(({ trial }) => trial.trial);
  assertEquals(shown, trained.map(({ trial }) => trial));
  // Nothing else competes in the end, however many were sampled untrained.
  assertEquals(of(all, "trial").filter(({ on }) => on === "selection").length, 1);
  assert(
    rewards.some(({ trial, score }) => trial % 9 !== 8 && score > top.score),
    "this seed has a candidate that scored higher before any training",
  );
});

Deno.test("the policy's own accuracy leaves what is trained alone", async () => {
  const plain = await events(config());
  const evaluated = await events(config({ "evaluator.policyEvaluation": true }));
  const trained = (all: RunEvent[]) =>
    of(all, "trial").filter(({ trial, on }) => on === "reward" && trial % 4 === 3);
  for (const [i, { choice, epoch }] of trained(evaluated).entries()) {
    const candidates = of(evaluated, "trial")
      .filter((t) => t.on === "reward" && t.epoch === epoch && t.trial % 4 !== 3);
    const top = candidates.reduce((a, b) => b.score > a.score ? b : a);
    assertEquals(choice, top.choice, `iteration ${i}`);
  }
  assert(of(evaluated, "epoch").every((e) => e.policyAccuracy !== undefined));
  assertEquals(trained(plain)[0], trained(evaluated)[0]);
});

Deno.test("momentum does not outlive an iteration", async () => {
  const few = syntheticDataSet({ train: 4, valid: 8, test: 0, image: [8, 8, 3], classes: 3 });
  const weights = async (overrides: Record<string, unknown>) => {
    const store = memoryStore();
    const { signal } = new AbortController();
    const given = config({ "optimizer.nesterov": false, ...overrides });
    for await (const _ of search(given, { signal, store, gpu, dataset: few }));
    const tensors = store.files.get("supernet.safetensors") as Record<
      string,
      { data: Float32Array }
    >;
    return Object.entries(tensors).filter(([name]) => /\bweights\//.test(name))
      .flatMap(([, { data }]) => [...data]);
  };
  // With one step per iteration there is nothing for it to add up.
  const without = await weights({ "optimizer.momentum": 0 });
  assertSameNumbers(await weights({ "optimizer.momentum": 0.9 }), without);
  const kept = await weights({ "optimizer.momentum": 0.9, "optimizer.resetMomentum": false });
  assert(kept.some((w, i) => w !== without[i]), "kept momentum is seen");
});

Deno.test("an iteration without candidates is refused", async () => {
  await assertRejects(
    () => events(config({ roundsEvery: 2 })),
    /^Cannot use strategy enas-nnabla with roundsEvery 2: .*, expected 1$/,
  );
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
    if (strategy === "enas-nnabla") {
      // Score of a trained network: scores of candidates before training end nothing.
      assertEquals(done.stopped!.score, of(all, "controller").at(-1)!.trained);
    }
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
  const given = config({ strategy: "enas", rounds: 1, epochs: 4, "strategy.controller.lr": 0.1 });
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
  const given = config({ "evaluator.passes": 2, epochs: 2, logEvery: 2 });
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
  // The candidates of that epoch had their scores before.
  assert(of(rest, "trial").every(({ trial }) => trial >= 7));
  const second = (all: RunEvent[]) => of(all, "trial").filter(({ trial }) => trial >= 7);
  assertEquals(second(rest), second(expected));
  assertEquals(store.files.get("arch.json"), whole.files.get("arch.json"));
});
