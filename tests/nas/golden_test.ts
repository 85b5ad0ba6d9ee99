/**
 * Ten training steps of each supernet, each on another child, or of one network: the losses they had when the
 * networks agreed with an independent implementation. Whoever changes them on purpose writes the new ones here.
 */
import assert from "node:assert/strict";
import { Batches } from "../../src/data/batches.ts";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import { uniformArchitecture } from "../../src/nas/sampling.ts";
import { openSpace, spaces } from "../../src/nas/registry.ts";
import { Trainer } from "../../src/nas/train/training.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { Rng, Stream } from "../../src/common/random.ts";
import { cells } from "./_modules.ts";
import { trees } from "./grammar/_trees.ts";

const STEPS = 10;
const golden: Record<string, number[]> = {
  micro: [1.81430, 1.67134, 1.79693, 1.69843, 1.78914, 1.85104, 1.58210, 1.81147, 1.73099, 1.84266],
  "macro-range": [
    1.58853,
    1.61912,
    1.62109,
    1.67704,
    1.64564,
    1.59320,
    1.67631,
    1.62797,
    1.66825,
    1.65955,
  ],
  macro: [1.85780, 1.72451, 1.62288, 1.60720, 1.65791, 1.63280, 1.63672, 1.72545, 1.63219, 1.57091],
  nasbench201: [
    1.96609,
    1.94904,
    2.06376,
    1.76086,
    1.60857,
    1.81444,
    1.72399,
    1.92649,
    1.62098,
    1.60103,
  ],
  nasbench101: [
    4.90676,
    1.77618,
    1.85135,
    2.58188,
    6.14055,
    1.70700,
    1.98784,
    1.89488,
    2.49588,
    2.88758,
  ],
  "nasbench-macro": [
    1.82047,
    2.00082,
    1.83688,
    1.76798,
    1.80755,
    1.65659,
    1.67775,
    1.55325,
    1.68251,
    1.63422,
  ],
  darts: [1.63026, 1.54839, 1.94910, 1.69176, 1.90633, 1.87923, 2.62136, 2.43381, 1.66544, 1.77670],
  grammar: [
    1.70106,
    1.59983,
    1.66657,
    1.63658,
    1.55046,
    1.6921,
    1.58923,
    1.62865,
    1.68346,
    1.65016,
  ],
  modular: [
    1.72102,
    1.72237,
    1.75826,
    1.72039,
    1.69705,
    1.61917,
    1.58373,
    1.66463,
    1.65324,
    1.66406,
  ],
};

/** Settings of sequences of two modules, of one block each. */
const sequencesOfTwo = {
  "space.modules": [cells.B, cells.D],
  "space.numStages": 1,
  "space.initialModules": 2,
  "space.minModules": 2,
  "space.maxModules": 2,
};

async function losses(mode: string): Promise<number[]> {
  const gpu = await Gpu.open();
  const { shape } = spaces.get(mode).settings;
  const config = resolveSearchConfig({
    mode,
    preset: "paper",
    overrides: {
      batch: 32,
      ...Object.hasOwn(shape, "layers") && { "space.layers": mode === "nasbench-macro" ? 8 : 3 },
      ...Object.hasOwn(shape, "modules") && sequencesOfTwo,
      "space.filters": 4,
      ...Object.hasOwn(shape, "blocks") && { "space.blocks": 3 },
      // At larger rates a rounding error grows past the tolerance within ten steps, soonest in a deep network.
      "optimizer.lrMax": mode === "grammar" ? 0.001 : 0.005,
    },
  });
  const data = syntheticDataSet({ train: 320, image: [20, 20, 3], classes: 5 });
  const batches = new Batches(gpu, data.train, { ...config, ...data });
  const space = openSpace(config.space);
  const weights = new WeightStore();
  const context = { input: data.image, classes: 5, form: "search" as const, weights };
  const rng = new Rng(config.seed, Stream.search);
  const children = Array.from({ length: STEPS }, () => uniformArchitecture(space, rng));
  // Without shared weights, ten steps of one network: a tree with all primitives of its grammar.
  const alone = space.supernet ? null : space.build(space.notation!.parse(trees[3]), context);
  space.supernet?.(context);
  weights.materialise(gpu, config.seed);
  const trainer = new Trainer(gpu, weights, config.optimizer, 0.4);
  const result: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const model = alone ?? space.build(children[step], context);
    const pass = { training: true, batchStatistics: true, seed: config.seed, step, steps: STEPS };
    await trainer.step(model, batches.next(step), pass, config.optimizer.lrMax);
    result.push((await trainer.tally()).loss);
  }
  gpu.close();
  return result;
}

for (const mode of Object.keys(golden)) {
  Deno.test(`${mode}: ten steps have the losses that they always had`, async () => {
    const got = await losses(mode);
    const shown = got.map((l) => l.toFixed(5)).join(", ");
    assert.equal(golden[mode].length, STEPS, shown);
    got.forEach((loss, i) => {
      const wanted = golden[mode][i];
      assert.ok(
        Math.abs(loss / wanted - 1) < 1e-3,
        `step ${i}: ${loss}, expected ${wanted}; all: ${shown}`,
      );
    });
  });
}
