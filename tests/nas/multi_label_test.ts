/** Several labels per image: scores by hand, and whole runs to the bit. */
import { createHash } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import { multiLabelTable } from "../../src/cli/finish.ts";
import type { DataSet, Images } from "../../src/data/dataset.ts";
import { Batches } from "../../src/data/batches.ts";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { type ArchFile, parseArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../../src/nas/config/config.ts";
import { finalConfig } from "../../src/nas/config/final_config.ts";
import { type RunEvent, runEvent } from "../../src/nas/events.ts";
import { multiLabelScores } from "../../src/nas/train/multi_label.ts";
import { retrain } from "../../src/nas/train/retrain.ts";
import { search } from "../../src/nas/search/search.ts";
import type { Model, Pass } from "../../src/nas/space.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import { logitsOf, Scorer } from "../../src/nas/train/training.ts";
import { constantInit } from "../../src/nn/init.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { globalAvgPool, matmul } from "../../src/ops/mod.ts";

Deno.test("figures of several labels equal those worked out by hand", () => {
  // Class 0 in the order of its logits: 1, 0, 1, 0; class 1: equal logits with 1 and 0, then 0, 0.
  const targets = [1, 0, /**/ 0, 1, /**/ 1, 0, /**/ 0, 0];
  const logits = [4, 1, /**/ 3, 1, /**/ 0, -1, /**/ -2, -1];
  assertEquals(multiLabelScores(logits, targets, 2), {
    // Image 0 has a label too many in class 1, image 1 in class 0.
    exactMatch: 2 / 4,
    constantMatch: 2 / 4,
    meanAveragePrecision: ((1 + 2 / 3) / 2 + 1 / 2) / 2,
    classes: [
      { positives: 2, precision: 2 / 3, recall: 1, f1: 4 / 5, averagePrecision: (1 + 2 / 3) / 2 },
      { positives: 1, precision: 1 / 2, recall: 1, f1: 2 / 3, averagePrecision: 1 / 2 },
    ],
  });
});

Deno.test("all labels absent is an answer like any other; shares of nothing are null", () => {
  const scores = multiLabelScores([-1, -2, -3, -4], [0, 0, 0, 0], 2);
  const nothing = { precision: null, recall: null, f1: null, averagePrecision: null };
  assertEquals(scores, {
    exactMatch: 1,
    constantMatch: 1,
    meanAveragePrecision: null,
    classes: [{ positives: 0, ...nothing }, { positives: 0, ...nothing }],
  });
  assertEquals(
    multiLabelTable(["cat", "dog"], { ...scores, classes: [{ ...scores.classes[0], f1: 0.5 }] }),
    `class  images  precision  recall       F1  average precision
cat         0          –       –  50.00 %                  –`,
  );
});

const gpu = await Gpu.open();

/** Every part of synthetic images gets bits as labels; among them all-zero ones. */
function withBits(set: DataSet): DataSet {
  const bits = ({ pixels, labels, n }: Images): Images => ({
    pixels,
    labels: Uint8Array.from({ length: n * 3 }, (_, i) => labels[Math.floor(i / 3)] >> i % 3 & 1),
    n,
  });
  return {
    ...set,
    task: "multi-label",
    classes: ["a", "b", "c"],
    train: bits(set.train),
    valid: bits(set.valid),
    test: async () => bits(await set.test()),
  };
}

const dataset = withBits(
  syntheticDataSet({ train: 26, valid: 9, test: 11, image: [8, 8, 3], classes: 8 }),
);

Deno.test("evaluation gives the figures of plain loops over each image once, whatever the batch", async () => {
  const store = new WeightStore();
  const w = store.param("w", [3, 3], constantInit(0.3));
  store.materialise(gpu, 1);
  const model: Model = {
    forward: (x) => ({ logits: matmul(globalAvgPool(x), w) }),
  };
  const { task, image, mean, deviation } = dataset;
  const test = await dataset.test();
  const pass: Pass = {
    training: false,
    dropout: false,
    batchStatistics: false,
    seed: 1,
    step: 0,
    steps: 1,
  };
  const results = [];
  for (const batch of [1, 4, 11, 64]) {
    const batches = new Batches(gpu, test, {
      ...{ task, image, mean, deviation, batch, seed: 1, augment: null },
    });
    const [tally] = await new Scorer(gpu).score([model], batches.sequential(), pass);
    const logits = await logitsOf(gpu, model, batches, pass);
    results.push({ accuracy: tally.accuracy, logits: [...logits] });
    let loss = 0;
    logits.forEach((z, i) => loss += Math.log1p(Math.exp(test.labels[i] ? -z : z)) / logits.length);
    assert(Math.abs(tally.loss - loss) < 1e-6, `${tally.loss} instead of ${loss}`);
    assertEquals(tally.accuracy, multiLabelScores(logits, test.labels, 3).exactMatch);
  }
  for (const result of results) assertEquals(result, results[0]);
});

const small = (space: string) => ({
  ...{ epochs: 2, "space.stem": 1, "space.filters": 4 },
  ...space === "micro" && { "space.blocks": 1 },
});

type Store = ReturnType<typeof memoryStore>;
type Run = (io: { signal: AbortSignal; store: Store }) => AsyncIterable<RunEvent>;

/** Events until the end, or until `stop` is true for one, then stopped as by Ctrl-C. */
async function go(run: Run, store: Store, stop: (e: RunEvent) => boolean = () => false) {
  const interrupt = new AbortController();
  const seen: RunEvent[] = [];
  try {
    for await (const event of run({ signal: interrupt.signal, store })) {
      seen.push(runEvent.parse(event));
      if (stop(event)) interrupt.abort();
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  }
  return seen;
}

function digest(store: Store, name: string): string {
  const hash = createHash("sha256");
  const tensors = store.files.get(name) as Record<string, { data: Float32Array }>;
  for (const [key, { data }] of Object.entries(tensors)) hash.update(key).update(data);
  return hash.digest("hex");
}

for (const mode of ["micro", "macro"]) {
  Deno.test(`${mode}: a search and a retraining on several labels, stopped or not, end with the same bits`, async () => {
    const config = resolveSearchConfig({
      mode,
      preset: "smoke",
      overrides: {
        ...small(mode),
        batch: 8,
        rounds: 2,
        perRound: 2,
        "evaluator.rewardBatch": 4,
        "selection.drawn": 2,
        "selection.best": 1,
        "selection.images": 0,
      },
    });
    const searching: Run = (io) => search(config, { ...io, gpu, dataset });
    const [whole, other] = [memoryStore(), memoryStore()];
    const [start] = await go(searching, whole) as Extract<RunEvent, { type: "start" }>[];
    assertEquals(start.data!.task, "multi-label");
    await go(searching, other, (e) => e.type === "trial" && e.trial === 1);
    assertEquals(other.files.get("arch.json"), undefined);
    await go(searching, other);
    assertEquals(other.files.get("arch.json"), whole.files.get("arch.json"));
    assertEquals(digest(other, "supernet.safetensors"), digest(whole, "supernet.safetensors"));
    const arch = parseArchFile(whole.files.get("arch.json") as string, "arch.json");
    assertEquals([arch.task, arch.classes], ["multi-label", ["a", "b", "c"]]);
    await retrainTwice(mode, arch);
  });
}

async function retrainTwice(space: string, arch: ArchFile): Promise<void> {
  const config = resolveRetrainConfig({
    space,
    preset: "smoke",
    overrides: { ...small(space), batch: 5 },
  });
  const training: Run = (io) => retrain(arch, config, { ...io, gpu, dataset });
  const [whole, other] = [memoryStore(), memoryStore()];
  const done = (await go(training, whole)).at(-1) as Extract<RunEvent, { type: "done" }>;
  await go(training, other, (e) => e.type === "epoch");
  const again = (await go(training, other)).at(-1) as Extract<RunEvent, { type: "done" }>;
  assertEquals(digest(other, "weights.safetensors"), digest(whole, "weights.safetensors"));
  assertEquals(again.multiLabel, done.multiLabel);
  assertEquals(done.multiLabel!.exactMatch, done.testAccuracy);
  assertEquals(done.multiLabel!.classes.length, 3);
  assertEquals([done.confusion, done.perClassAccuracy], [undefined, undefined]);
}

Deno.test("training learns labels that pictures show", async () => {
  const easy = withBits(
    syntheticDataSet({ train: 96, valid: 8, test: 32, image: [8, 8, 3], classes: 8 }),
  );
  const arch = {
    ...{ format: "denas-arch", version: 2, space: "macro", input: [8, 8, 3], classes: 3 },
    ...{ choice: [0, 0, 1, 0, 1, 1], settings: { stem: 1, layers: 3, filters: 4 } },
  } as ArchFile;
  const config = resolveRetrainConfig({
    space: "macro",
    preset: "smoke",
    overrides: { ...small("macro"), "space.filters": 8, epochs: 12, batch: 16 },
  });
  const store = memoryStore();
  const events = await go((io) => retrain(arch, config, { ...io, gpu, dataset: easy }), store);
  const { multiLabel } = events.at(-1) as Extract<RunEvent, { type: "done" }>;
  const { exactMatch, constantMatch, meanAveragePrecision } = multiLabel!;
  assert(exactMatch > 0.6 && constantMatch < 0.3, `${exactMatch}, constant ${constantMatch}`);
  assert(meanAveragePrecision! > 0.9, `${meanAveragePrecision}`);
});

Deno.test("pictures of a folder keep the side that they had in the search", () => {
  const arch: ArchFile = {
    ...{ format: "denas-arch", version: 2, space: "macro", input: [224, 224, 3], classes: 6 },
    ...{
      choice: [0, 0, 1, 0, 1, 1],
      settings: { stem: 4, layers: 3, filters: 4 },
      data: "/photos",
    },
  };
  const side = (given: Record<string, unknown>, from = arch) =>
    finalConfig(from, { preset: "quick", given }).image;
  assertEquals([side({}), side({ data: "/others" }), side({ image: 64 })], [224, 224, 64]);
  // Published sets have a size of their own, and an architecture out of a script says none.
  assertEquals([side({ data: "cifar10" }), side({}, { ...arch, data: undefined })], [0, 0]);
});
