/** Shared-weight scores against brief trainings: equal conditions, no test image, resumable to the bit. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { correlationReport, progressLine } from "../../src/cli/correlate.ts";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import {
  type BrieflyTrained,
  correlate,
  type CorrelationOptions,
  type CorrelationState,
  summariseCorrelation,
  trainBriefly,
} from "../../src/nas/analysis/correlate.ts";
import { search } from "../../src/nas/search/search.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import type { NamedTensors } from "../../src/nn/weights.ts";
import { openData } from "../../src/nas/train/data_of.ts";
import { runAll } from "../../src/run/workers/attempts.ts";
import { brieflyTrained } from "../../src/run/workers/brief_training.ts";
import { ProcessChannel } from "../../src/run/workers/processes.ts";
import { writePictures } from "../data/make.ts";
import { readCorrelation, writeCorrelation } from "../../src/run/correlation.ts";

const gpu = await Gpu.open();
const dataset = {
  ...syntheticDataSet({ train: 640, valid: 32, test: 1, image: [8, 8, 3], classes: 3 }),
  test: () => Promise.reject(new Error("the test images were read")),
};
const { signal } = new AbortController();

const config = resolveSearchConfig({
  mode: "macro",
  preset: "smoke",
  overrides: {
    epochs: 1,
    batch: 64,
    rounds: 1,
    perRound: 2,
    "space.stem": 1,
    "selection.drawn": 2,
    "selection.images": 32,
  },
});

async function sharedWeights(): Promise<NamedTensors> {
  const store = memoryStore();
  for await (const _ of search(config, { signal, store, gpu, dataset }));
  const tensors = store.files.get("supernet.safetensors") as NamedTensors;
  const prefix = "trainer/weights/";
  return Object.fromEntries(
    Object.entries(tensors).filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}

const shared = { from: "a search", tensors: await sharedWeights(), statistics: false };

const options = (more: Partial<CorrelationOptions> = {}): CorrelationOptions => ({
  config,
  shared,
  gpu,
  dataset,
  signal,
  seed: 1,
  architectures: 3,
  minutes: 1,
  ...more,
});

async function all(given: CorrelationOptions): Promise<CorrelationState[]> {
  const states: CorrelationState[] = [];
  for await (const state of correlate(given)) states.push(structuredClone(state));
  return states;
}

const states = await all(options());

Deno.test("different architectures are trained for as many steps each; a stopped measurement goes on", async () => {
  assertEquals(
    states.map((s) => s.architectures.filter((a) => a.trainedAccuracy !== undefined).length),
    [0, 1, 2, 3],
  );
  const last = states.at(-1)!;
  assertEquals(new Set(last.architectures.map((a) => a.choice.join())).size, 3);
  // The recipe of the preset: one epoch of 640 images in batches of 32.
  assertEquals([last.steps, last.batch], [20, 32]);
  assert(last.architectures.every((a) => a.parameters > 0 && a.sharedScore >= 0));
  const accuracies = (s: CorrelationState) => s.architectures.map((a) => a.trainedAccuracy);
  const resumed = await all(options({ earlier: structuredClone(states[1]) }));
  assertEquals(accuracies(resumed.at(-1)!), accuracies(last));
  assertEquals(resumed.length, 3, "what was trained is not trained again");

  const run = Deno.makeTempDirSync({ prefix: "denas-" });
  assertEquals(readCorrelation(run), null);
  writeCorrelation(run, states[1], null);
  assertEquals(readCorrelation(run), states[1]);
  assert(/"choice": \[\d, /.test(Deno.readTextFileSync(`${run}/correlation.json`)));
  Deno.writeTextFileSync(`${run}/correlation.json`, "{}");
  await assertRejects(
    () => Promise.resolve().then(() => readCorrelation(run)),
    /measure anew with --again/,
  );
});

Deno.test("trainings on a worker give the accuracies of this process", async () => {
  const photos = Deno.makeTempDirSync({ prefix: "denas-" });
  await writePictures(photos, { train: 12, valid: 6, test: 2 }, { size: [8, 8] });
  const ours = { ...config, data: photos };
  const places = { cacheDir: "/nonexistent" };
  const parts = {
    ...{ config: ours, gpu, signal, seed: 1 },
    dataset: await openData(ours, "search", { find: places }),
  };
  const trainings = [1, 0].map((op) => ({
    choice: states[0].architectures[op].choice,
    steps: 2,
  }));
  const value = { config: ours, seed: 1, tuning: {}, find: places };
  const channel = new ProcessChannel({ kind: "train", plugins: [], value }, 1);
  try {
    const found: unknown[] = [];
    const jobs = { channel, payloads: trainings, schema: brieflyTrained };
    for await (const one of runAll(jobs, signal)) found.push(one.found);
    for (const [i, training] of trainings.entries()) {
      const { seconds: _, ...expected } = await trainBriefly(parts, training);
      const { seconds: _s, ...value } = (found[i] as { value: BrieflyTrained }).value;
      assertEquals(value, expected);
    }
  } finally {
    await channel.close();
    Deno.removeSync(photos, { recursive: true });
  }
});

Deno.test("the time left counts trainings that run at the same time", () => {
  const trained = {
    choice: [0],
    parameters: 1,
    sharedScore: 0.5,
    trainedAccuracy: 0.5,
    seconds: 60,
  };
  const { trainedAccuracy: _a, seconds: _s, ...open } = trained;
  const state = { seed: 1, minutes: 2, steps: 9, batch: 8, architectures: [trained] };
  const of = (n: number, workers: number) => {
    const architectures = [trained, ...Array.from({ length: n }, () => open)];
    return progressLine({ ...state, architectures }, workers).split("  ").at(-1);
  };
  assertEquals([of(4, 1), of(4, 2), of(4, 0), of(2, 8)], [
    "4 min 0 s left",
    "2 min 0 s left",
    "4 min 0 s left",
    "1 min 0 s left",
  ]);
});

Deno.test("too little time is said before anything is trained for nothing", async () => {
  await assertRejects(
    () => all(options({ minutes: 1e-6 })),
    /there is time for 0 steps.*--minutes/,
  );
});

Deno.test("more different architectures than a space has are not looked for forever", async () => {
  const overrides = { ...config, maxParams: 1 };
  await assertRejects(() => all(options({ config: overrides })), /the space gave 0/);
});

Deno.test("the summary of known figures, in words", () => {
  const made = (figures: [number, number][]): CorrelationState => ({
    seed: 1,
    minutes: 2,
    steps: 100,
    batch: 64,
    architectures: figures.map(([sharedScore, trainedAccuracy], i) => ({
      choice: [i],
      parameters: 1000 - i,
      sharedScore,
      trainedAccuracy,
      seconds: 1,
    })),
  });
  const perfect = made(Array.from({ length: 8 }, (_, i) => [0.1 * i, 0.5 + 0.01 * i]));
  const summary = summariseCorrelation(perfect)!;
  assertEquals([summary.kendall.value, summary.parametersKendall], [1, -1]);
  assertAlmostEquals(summary.spearman.value, 1);
  const text = correlationReport(perfect, summary);
  assert(
    text.includes("Shared weights rank better than chance: of two networks they put about 100 %"),
  );
  // SciPy: kendalltau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]) = −0.4714.
  const weak = made([[12, 1], [2, 4], [1, 7], [12, 1], [2, 0]]);
  const { kendall } = summariseCorrelation(weak)!;
  assertAlmostEquals(kendall.value, -0.4714045, 1e-6);
  assert(correlationReport(weak, summariseCorrelation(weak)!).includes("Not shown that shared"));
  assertEquals(summariseCorrelation(made([[1, 1], [2, 2]])), null);
});
