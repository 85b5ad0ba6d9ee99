/**
 * Trials that fail are reported to the strategy with their reason, the search continues, and none of them
 * wins.
 */
import assert from "node:assert/strict";
import residual from "../../examples/residual.ts";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import {
  defineEvaluator,
  defineSpace,
  defineStrategy,
  type Plugin,
} from "../../src/nas/definition.ts";
import type { Result } from "../../src/nas/evaluator.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { register, strategies } from "../../src/nas/registry.ts";
import { search } from "../../src/nas/search/search.ts";
import type { Model } from "../../src/nas/space.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import type { Scored, Strategy, Trial } from "../../src/nas/strategy.ts";
import { globalAvgPool, scale } from "../../src/ops/mod.ts";
import { z } from "zod";

const gpu = await Gpu.open();
const dataset = syntheticDataSet({ train: 8, valid: 8, test: 0, image: [8, 8, 3], classes: 3 });
type Of<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

/** Logits that are no numbers. */
const overflowing = ({ forward, ...rest }: Model): Model => ({
  ...rest,
  forward(images, pass) {
    const { logits, aux } = forward(images, pass);
    return { logits: scale(scale(logits, 1e30), 1e30), aux };
  },
});

/** Logits of a wrong shape, found in the first step after other operations. */
const misshapen = ({ forward, ...rest }: Model): Model => ({
  ...rest,
  forward(images, pass) {
    const { logits } = forward(images, pass);
    return { logits: globalAvgPool(logits) };
  },
});

/** Residual blocks: with body 1 first they cannot be built, body 2 diverges, body 3 fails in its first step. */
const brittle = defineSpace({
  ...residual,
  name: "brittle",
  open(settings) {
    const space = residual.open(settings);
    return {
      ...space,
      build(arch, into) {
        const [first] = space.encode(arch);
        if (first === 1 && into.form === "final") throw new Error("body 1 has no stem");
        const model = space.build(arch, into);
        if (into.form !== "final") return model;
        return first === 2 ? overflowing(model) : first === 3 ? misshapen(model) : model;
      },
    };
  },
});

/** Results of the evaluator in the next search. */
let scoreOf: (trials: readonly Trial<unknown>[]) => Iterable<Result> = () => [];
const scripted = defineEvaluator({
  name: "scripted",
  summary: "as the test says",
  settings: z.strictObject({}),
  cost: "lookup",
  needsDevice: false,
  loop: { epochs: 1, rounds: 4, perRound: 3, "selection.drawn": 0, "selection.best": 1 },
  open(_settings, { space }) {
    const known = new Map<string, Result>();
    return Promise.resolve({
      evaluator: {
        remembers: true,
        async *evaluate(trials, on) {
          const keys = new Map(trials.map(({ id, arch }) => [id, space.key(arch)]));
          if (on === "selection") {
            for (const [trial, key] of keys) yield { ...known.get(key)!, trial };
            return;
          }
          for (const result of scoreOf(trials)) {
            known.set(keys.get(result.trial)!, result);
            yield result;
          }
        },
        snapshot: () => Promise.resolve({ json: null, tensors: {} }),
        restore: () => Promise.resolve(),
      },
      target: { input: [8, 8, 3], classes: 3 },
      figures: () => ({ step: 0, trainedImages: 0, peakBytes: 0 }),
      scoreKind: "table",
      score: { label: "sum of errors, negated", unit: "", comparable: true },
      arch: { input: [8, 8, 3], classes: 3 },
      start: {},
    });
  },
});

/** Ids and scores that the strategies below were told. */
let heard: { id: number; score: number; reason?: string }[] = [];
const listener = (order: "ask" | "arrival") =>
  defineStrategy({
    name: `listener-${order}`,
    summary: "random search that notes what it is told",
    settings: strategies.get("random").settings,
    async open(settings, context) {
      const inner = await strategies.get("random").open(settings, context);
      const strategy: Strategy<unknown> = {
        ...inner,
        order,
        tell(done: Scored<unknown>[]) {
          heard.push(...done.map(({ id, score, reason }) => ({ id, score: score.value, reason })));
          return inner.tell(done);
        },
      };
      return strategy;
    },
  });
for (const one of [residual, brittle, scripted, listener("ask"), listener("arrival")]) {
  register(one as Plugin);
}

const trained = (overrides: Record<string, unknown> = {}, mode = "brittle") =>
  resolveSearchConfig({
    mode,
    preset: "smoke",
    overrides: {
      ...{ strategy: "random", evaluator: "train", batch: 4, evalBatch: 4, rounds: 2, perRound: 6 },
      ...{ "space.layers": 2, "space.perStage": 1, "space.filters": 4, "space.stem": 2 },
      ...{ "selection.images": 8, ...overrides },
    },
  });

const scriptedConfig = (overrides: Record<string, unknown> = {}) =>
  resolveSearchConfig({
    mode: "nasbench201",
    preset: "smoke",
    overrides: { strategy: "random", evaluator: "scripted", ...overrides },
  });

async function run(
  config: ReturnType<typeof trained>,
  store = memoryStore(),
  stop?: (e: RunEvent) => boolean,
) {
  const events: RunEvent[] = [];
  const interrupt = new AbortController();
  const io = { gpu, dataset, signal: interrupt.signal, store };
  for await (const event of search(config, io)) {
    events.push(event);
    if (stop?.(event)) interrupt.abort();
  }
  return { events, store };
}

const trialsOf = (events: RunEvent[]) =>
  events.filter((e): e is Of<"trial"> => e.type === "trial" && e.on === "reward");

Deno.test("a training that diverges and a network that cannot be built fail with a reason; neither wins", async () => {
  const { events, store } = await run(trained());
  const trials = trialsOf(events);
  assert.equal(trials.length, 12);
  for (const { choice: [first], status, reason, score } of trials) {
    const expected = {
      1: /^Cannot build the network: body 1/,
      2: /^Cannot go on training: the loss/,
      3: /^Cannot apply/,
    };
    const message = expected[first as 1 | 2 | 3];
    assert.equal(status, message && "failed");
    if (!message) continue;
    assert.match(reason!, message);
    assert.equal(score, 0);
  }
  const kinds = new Set(trials.map(({ choice: [first] }) => first));
  assert.ok([0, 1, 2, 3].every((first) => kinds.has(first)), "each fate occurs");
  const failed = new Set(trials.filter((t) => t.status).map((t) => t.trial));
  for (const event of events) if (event.type === "best") assert.ok(!failed.has(event.trial));
  const done = events.at(-1) as Of<"done">;
  assert.ok(done.choice![0] === 0);
  assert.ok(store.files.has("arch.json"));
  // Those that did not fail score as if nothing had failed before them.
  const sound = trialsOf((await run(trained({}, "residual"))).events);
  for (const [i, { choice, status, score }] of trials.entries()) {
    assert.deepEqual(choice, sound[i].choice);
    if (!status) assert.equal(score, sound[i].score);
  }
});

Deno.test("a search stopped between a failed trial and the next of its round goes on to the same end", async () => {
  const whole = await run(trained());
  const store = memoryStore();
  for (const results of [2, 3, 9]) {
    let seen = 0;
    const stopped = run(trained(), store, (e) => e.type === "checkpoint" && ++seen === results);
    await assert.rejects(stopped, { name: "AbortError" });
  }
  const { events } = await run(trained(), store);
  assert.deepEqual(trialsOf(events), trialsOf(whole.events).slice(-trialsOf(events).length));
  const story = (all: RunEvent[]) => {
    const { seconds: _, peakBytes: __, ...rest } = all.at(-1) as Of<"done">;
    return rest;
  };
  assert.deepEqual(story(events), story(whole.events));
});

Deno.test("a search all of whose trials fail ends with the last reason, and writes no architecture", async () => {
  const store = memoryStore();
  const diverging = trained({ "optimizer.lrMax": 1e30, "optimizer.lrMin": 1e30, rounds: 1 });
  await assert.rejects(run(diverging, store), {
    message: /^Cannot find an architecture: all trials failed \(6\); the last: Cannot /,
  });
  assert.ok(!store.files.has("arch.json"));
});

const ok = ({ id }: Trial<unknown>, value: number): Result => ({
  ...{ trial: id, seconds: 0, status: "ok" },
  score: { value },
});

Deno.test("results in any order are told in the order of asking, or as they arrive where a strategy says so", async () => {
  scoreOf = (trials) => trials.map((trial) => ok(trial, trial.id / 100)).reverse();
  for (const [order, first] of [["ask", [0, 1, 2]], ["arrival", [2, 1, 0]]] as const) {
    heard = [];
    const { events } = await run(scriptedConfig({ strategy: `listener-${order}` }));
    assert.deepEqual(heard.slice(0, 3).map(({ id }) => id), first);
    for (const { id, score } of heard) assert.equal(score, id / 100);
    assert.equal((events.at(-1) as Of<"done">).score, 0.11);
  }
});

Deno.test("trials without a score are told the lowest one, so that a strategy avoids them", async () => {
  heard = [];
  scoreOf = (trials) =>
    trials.map((trial) => {
      if (trial.id % 3 > 0) return ok(trial, -1.4e7 - trial.id);
      if (trial.id === 0) return ok(trial, NaN);
      if (trial.id === 3) return { trial: trial.id, seconds: 0, status: "ok" } as never;
      return { trial: trial.id, seconds: 0, status: "infeasible", reason: "too long" };
    });
  const { events } = await run(scriptedConfig({ strategy: "listener-ask" }));
  const told = heard.filter(({ reason }) => reason);
  assert.deepEqual(told.map(({ id }) => id), [0, 3, 6, 9]);
  assert.equal(told[0].reason, "the score is NaN, expected a finite number");
  assert.equal(told[1].reason, "the score is undefined, expected a finite number");
  assert.deepEqual(told.map(({ score }) => score), [2, 5, 8, 11].map((id) => -1.4e7 - id));
  const status = trialsOf(events).map((t) => t.status);
  assert.deepEqual(status.slice(0, 4), ["failed", undefined, undefined, "failed"]);
  assert.equal((events.at(-1) as Of<"done">).score, -1.4e7 - 1);
});

Deno.test("an evaluator that leaves out a trial, or tells of one that nobody asked for, is an error", async () => {
  scoreOf = (trials) => trials.slice(1).map((trial) => ok(trial, 1));
  await assert.rejects(run(scriptedConfig()), {
    message: "Cannot go on: the evaluator gave no result of trial 0",
  });
  scoreOf = (trials) => trials.map((trial) => ok({ ...trial, id: 7 }, 1));
  await assert.rejects(run(scriptedConfig()), {
    message: "Cannot use the result of trial 7: it was not asked for",
  });
});
