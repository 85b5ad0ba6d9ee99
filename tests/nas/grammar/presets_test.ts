/** The published trainings of grammar spaces (Schrodi et al., NeurIPS 2023), value by value. */
import assert from "node:assert/strict";
import { resolveRetrainConfig, resolveSearchConfig } from "../../../src/nas/config/config.ts";
import { learningRate } from "../../../src/nas/train/training.ts";

const search = (preset: string) => resolveSearchConfig({ mode: "grammar", preset });
const retrain = (preset: string) => resolveRetrainConfig({ space: "grammar", preset });

type Config = ReturnType<typeof search> | ReturnType<typeof retrain>;

/** Figures of a training that the publication gives. */
const figures = ({ batch, augment, optimizer: o, space }: Config) => ({
  batch,
  flip: augment.flip,
  pad: augment.pad,
  cutout: augment.cutout,
  lr: o.lrMax,
  momentum: o.momentum,
  nesterov: o.nesterov,
  // λ of λ/2 · Σw².
  decay: o.l2Half ? o.l2 : 2 * o.l2,
  clip: o.clip === "none" ? null : o.clipNorm,
  filters: space.filters,
  grammar: space.grammar,
});

const usual = {
  ...{ flip: true, pad: 4, cutout: 0, momentum: 0.9, nesterov: false, clip: null, filters: 16 },
  grammar: "nb201_variable_multi_multi",
};
const published: Record<string, [epochs: number, ReturnType<typeof figures>]> = {
  hnas: [200, { ...usual, batch: 256, lr: 0.1, decay: 5e-4, nesterov: true }],
  "hnas-synthetic": [64, { ...usual, batch: 64, lr: 0.01, decay: 3e-4, flip: false, pad: 0 }],
  "hnas-activations": [
    182,
    { ...usual, batch: 128, lr: 0.1, decay: 1e-4, grammar: "activations" },
  ],
  "hnas-darts": [50, {
    ...usual,
    ...{ batch: 64, lr: 0.025, decay: 3e-4, clip: 5, grammar: "darts" },
  }],
};

for (const [preset, [epochs, expected]] of Object.entries(published)) {
  Deno.test(`preset ${preset} trains every architecture as published`, () => {
    const config = search(preset);
    assert.equal(config.evaluator.kind, "train");
    assert.equal(config.evaluator.epochs, epochs);
    assert.equal(config.strategy.kind, "gp-hwl");
    assert.deepEqual(figures(config), expected);
    if (preset === "hnas-darts") return;
    assert.equal(retrain(preset).epochs, epochs);
    assert.deepEqual(figures(retrain(preset)), expected);
  });
}

Deno.test("networks of DARTS cells are trained again at their full size", () => {
  const config = retrain("hnas-darts"), { space } = config;
  assert.deepEqual([config.epochs, config.batch, config.augment.cutout], [600, 96, 16]);
  assert.deepEqual([space.layers, space.filters, space.auxHead], [20, 36, true]);
  assert.deepEqual([config.auxWeight, space.dropPathKeep], [0.4, 0.7]);
  assert.deepEqual([search("hnas-darts").space.layers, search("hnas-darts").space.auxHead], [
    8,
    false,
  ]);
});

Deno.test("rates fall as published: per epoch by a cosine, of activations in two steps", () => {
  const { optimizer } = search("hnas");
  for (const epoch of [0, 1, 100, 199]) {
    const rate = 0.05 * (1 + Math.cos(Math.PI * epoch / 200));
    assert.ok(Math.abs(learningRate(optimizer, epoch, (epoch + 0.9) / 200) - rate) < 1e-9);
  }
  const activations = search("hnas-activations").optimizer;
  const rates = [0, 90, 91, 136, 137, 181].map((epoch) =>
    learningRate(activations, epoch, epoch / 182).toFixed(4)
  );
  assert.deepEqual(rates, ["0.1000", "0.1000", "0.0100", "0.0100", "0.0010", "0.0010"]);
});
