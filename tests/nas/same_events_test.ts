/**
 * One seed, one story: what a run tells does not depend on how fast the machine is, on when checkpoints are
 * written, or on a kill after any of them.
 */
import assert from "node:assert/strict";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../../src/nas/config/config.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { retrain } from "../../src/nas/train/retrain.ts";
import { type RunIO, search } from "../../src/nas/search/search.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import type { State } from "../../src/nas/strategy.ts";
import { smallArch } from "./small_arch.ts";

const gpu = await Gpu.open();
const dataset = syntheticDataSet({ train: 23, valid: 8, test: 6, image: [8, 8, 3], classes: 3 });
/** Twelve steps in an epoch, the last on a smaller batch: figures are read after 5, 10 and 12. */
const sizes = { epochs: 2, batch: 2, logEvery: 5, "space.stem": 1 };

type Run = (io: RunIO) => AsyncIterable<RunEvent>;

const searches = (overrides: Record<string, unknown>): Run => (io) =>
  search(
    resolveSearchConfig({
      mode: "macro",
      preset: "smoke",
      overrides: {
        ...{
          ...sizes,
          rounds: 2,
          perRound: 2,
          "evaluator.rewardBatch": 4,
          "evaluator.policyEvaluation": true,
        },
        ...{ "selection.drawn": 2, "selection.best": 1, "selection.images": 8 },
        ...overrides,
      },
    }),
    io,
  );

const retrains: Run = (io) =>
  retrain(
    smallArch,
    resolveRetrainConfig({
      space: "micro",
      preset: "smoke",
      overrides: { ...sizes, "space.blocks": 1 },
    }),
    io,
  );

/** Milliseconds that pass between two readings of the clock. */
type Pace = 0 | 3_600_000;

/** The events of a run under such a clock, and its checkpoints with the number of events before each. */
async function told(run: Run, pace: Pace, from?: State) {
  const store = memoryStore();
  if (from) await store.save(from);
  const events: RunEvent[] = [];
  const saves: { state: State; after: number }[] = [];
  const io = {
    ...{ signal: new AbortController().signal, gpu, dataset },
    store: {
      ...store,
      save: (state: State) => {
        saves.push({ state: structuredClone(state), after: events.length });
        return store.save(state);
      },
    },
  };
  const { now } = performance;
  let time = now.call(performance);
  performance.now = () => time += pace;
  try {
    for await (const event of run(io)) events.push(event);
  } finally {
    performance.now = now;
  }
  return { events, saves };
}

const free = new Set(["checkpoint", "compile", "resume", "warn"]);
const times = new Set(["seconds", "secondsLeft", "imagesPerSecond", "peakBytes"]);

/** Parts of the events that must not differ. */
const story = (events: readonly RunEvent[]) =>
  events.filter(({ type }) => !free.has(type)).map((event) =>
    Object.fromEntries(Object.entries(event).filter(([name]) => !times.has(name)))
  );

const runs: Record<string, Run> = {
  "a search": searches({}),
  "a search that clips gradients": searches({ "optimizer.clip": "global" }),
  "a retraining": retrains,
};

for (const [what, run] of Object.entries(runs)) {
  let once: ReturnType<typeof told> | undefined;
  /** The run where each step takes an hour, which both tests need. */
  const hourly = () => once ??= told(run, 3_600_000);

  Deno.test(`${what} tells the same where each step takes an hour and a checkpoint follows it`, async () => {
    const still = await told(run, 0);
    const slow = await hourly();
    assert.deepEqual(story(slow.events), story(still.events));
    const steps = still.events.filter((e) => e.type === "step").map(({ step }) => step);
    assert.deepEqual(steps, [5, 10, 12, 17, 22, 24]);
    assert.ok(slow.saves.length >= 24 && still.saves.length < 6, `${slow.saves.length}`);
  });

  Deno.test(`${what} killed after a checkpoint goes on with the same figures`, async () => {
    const { events, saves } = await hourly();
    // Seven shares no factor with the steps between figures, so that runs end at every distance from them.
    for (let i = 0; i < saves.length; i += 7) {
      const { state, after } = saves[i];
      const again = await told(run, 0, state);
      assert.deepEqual(story(again.events).slice(1), story(events.slice(after)), `checkpoint ${i}`);
    }
  });
}

Deno.test("an epoch's figures are means over all its steps: losses by images, norms by steps", async () => {
  const { events } = await told(searches({ logEvery: 1 }), 0);
  const epochs = events.filter((e) => e.type === "epoch");
  const steps = events.filter((e) => e.type === "step");
  assert.equal(steps.length, 24);
  for (const [e, epoch] of epochs.entries()) {
    const its = steps.slice(12 * e, 12 * e + 12);
    const byImages = (value: (s: typeof its[number]) => number) =>
      its.reduce((sum, s, i) => sum + value(s) * (i === 11 ? 1 : 2), 0) / 23;
    const norm = its.reduce((sum, s) => sum + s.gradientNorm!, 0) / 12;
    assert.ok(Math.abs(epoch.loss - byImages((s) => s.loss)) < 1e-5);
    assert.ok(Math.abs(epoch.trainAccuracy - byImages((s) => s.trainAccuracy)) < 1e-6);
    assert.ok(norm > 0 && Math.abs(epoch.gradientNorm! / norm - 1) < 1e-5);
    assert.ok(its.some((s) => Math.abs(s.loss - epoch.loss) > 0.01), "steps differ");
  }
});
