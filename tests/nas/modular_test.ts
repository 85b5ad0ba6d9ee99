import assert from "node:assert/strict";
import { Tape } from "../../src/autodiff/tape.ts";
import { Rng } from "../../src/common/random.ts";
import { describe } from "../../src/nas/analysis/describe.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import { openSpace } from "../../src/nas/registry.ts";
import { moduleLayers } from "../../src/nas/spaces/modular_network.ts";
import { entryOf, moduleOf } from "../../src/nas/spaces/modular_pool.ts";
import type { ModularArch } from "../../src/nas/spaces/modular.ts";
import type { SearchSpace } from "../../src/nas/space.ts";
import { channels, Net } from "../../src/nn/layers.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { cells, pool } from "./_modules.ts";

const open = (settings: Record<string, unknown> = {}) =>
  openSpace({ kind: "modular", modules: pool, ...settings }) as SearchSpace<ModularArch>;

/** Number of modules as all three settings of a length. */
const length = (n: number) => ({ initialModules: n, minModules: n, maxModules: n });

function declared(
  space: SearchSpace<ModularArch>,
  choice: readonly number[],
  input: readonly [number, number, number],
  classes: number,
) {
  const weights = new WeightStore();
  space.build(space.decode(choice), { weights, input, classes, form: "final" });
  return weights;
}

Deno.test("modular: networks have the parameters that an independent program counts", () => {
  // Counted by a script of its own (Python), written from the description of skeleton and layers alone.
  const counted: [Record<string, unknown>, number[], [number, number, number], number, number][] = [
    [length(4), [0, 0, 0, 0], [32, 32, 3], 10, 7_366_730],
    [length(4), [1, 2, 3, 0], [32, 32, 3], 10, 22_611_018],
    [{ ...length(1), filters: 16 }, [3], [28, 28, 1], 10, 56_410],
    [{ ...length(2), filters: 16, numStages: 2 }, [2, 1], [32, 32, 3], 7, 194_919],
  ];
  for (const [settings, choice, input, classes, parameters] of counted) {
    assert.equal(declared(open(settings), choice, input, classes).parameters(), parameters);
  }
});

Deno.test("modular: channels run from 64 to 1024 and the map from 32 to 4 pixels in four modules", () => {
  const space = open(length(4));
  const weights = declared(space, [3, 3, 3, 3], [32, 32, 3], 10);
  const shapes = new Map(weights.params().map(({ name, shape }) => [name, shape]));
  const outputs = [0, 1, 2, 3].map((p) =>
    [0, 1, 2].map((b) => shapes.get(`position${p}/block${b}/module3/restore/w`)!.at(-1))
  );
  assert.deepEqual(outputs, [[128, 128, 128], [256, 256, 256], [512, 512, 512], [
    1024,
    1024,
    1024,
  ]]);
  // The first block of a position has its module at half the width of the others.
  const inner = [0, 1, 2, 3].map((p) =>
    [0, 1, 2].map((b) => shapes.get(`position${p}/block${b}/module3/cell/vertex1/w`)!.at(-1))
  );
  assert.deepEqual(inner, [[64, 128, 128], [128, 256, 256], [256, 512, 512], [512, 1024, 1024]]);
  const { layers } = describe({
    space,
    choice: [3, 3, 3, 3],
    input: [32, 32, 3],
    classes: 10,
    form: "final",
  });
  const sides = [0, 1, 2, 3].map((p) =>
    layers!.find(({ scope }) => scope.startsWith(`position${p}/block0/module3/restore`))!.shape[1]
  );
  assert.deepEqual(sides, [32, 16, 8, 4]);
});

Deno.test("modular: only the skeleton's convolutions take part in the L2 term", () => {
  const weights = declared(open(length(2)), [1, 3], [32, 32, 3], 10);
  const decaying = weights.params().filter(({ trainable, decays }) =>
    trainable && decays !== false
  );
  for (const { name } of decaying) {
    assert.match(name, /^stem\/conv0\/w$|\/(reduce|restore|shortcut)\/w$/);
  }
  // The stem, two convolutions in each of six blocks, a shortcut for each position.
  assert.equal(decaying.length, 1 + 12 + 2);
});

/** The layers of a cell on an input of other channels than its own. */
function layersOf(cell: string, input: number, filters: number) {
  const weights = new WeightStore();
  const tape = new Tape();
  const net = new Net(tape, weights, {
    training: true,
    dropout: false,
    batchStatistics: true,
    keepStatistics: true,
    debias: false,
    legacyInit: false,
    epsilon: 1e-3,
    decay: 0.99,
    seed: 1,
    step: 0,
  });
  const out = moduleLayers(net, moduleOf(cell).dag, tape.input([1, 8, 8, input]), filters);
  return { out: channels(out), parameters: weights.parameters(), weights };
}

Deno.test("modular: summands of other widths are projected, once for all later readers", () => {
  // The same script: projections to the smallest width, at least the module's filters.
  assert.deepEqual(pick(layersOf(cells.C, 10, 4)), { out: 8, parameters: 416 });
  assert.deepEqual(pick(layersOf(cells.D, 3, 8)), { out: 27, parameters: 808 });
  assert.deepEqual(pick(layersOf(cells.C, 3, 8)), { out: 16, parameters: 272 });
  const { weights } = layersOf(
    "0110/0011/0001/0000:input,conv3x3-bn-relu,conv1x1-bn-relu,output",
    10,
    4,
  );
  const names = weights.params().map(({ name }) => name);
  assert.deepEqual(names.filter((name) => name.includes("project")).length, 5);
  // A cell without vertices between is the identity.
  assert.deepEqual(pick(layersOf(cells.A, 10, 4)), { out: 10, parameters: 0 });
});

const pick = ({ out, parameters }: { out: number; parameters: number }) => ({ out, parameters });

Deno.test("modular: --channels paper builds true NAS-Bench-101 cells", () => {
  const weights = declared(open({ ...length(1), channels: "paper" }), [1], [32, 32, 3], 10);
  const names = weights.params().map(({ name }) => name);
  assert.ok(names.includes("position0/block0/module1/cell/vertex1/project16/w"));
});

Deno.test("modular: an image that cannot be halved as often as a sequence asks for is refused", () => {
  const space = open({ ...length(7), filters: 2 });
  const choice = [0, 0, 0, 0, 0, 0, 0];
  assert.throws(() => declared(space, choice, [32, 32, 3], 10), {
    name: "UsageError",
    message:
      /^Cannot build a sequence of 7 modules on images of 32 pixels: module 6 gets a map of one pixel/,
  });
  declared(open({ ...length(6), filters: 2 }), choice.slice(1), [28, 28, 1], 10);
});

Deno.test("modular: sequences of other lengths are decoded, counted and refused", () => {
  const space = open({ initialModules: 2, minModules: 1, maxModules: 3 });
  assert.deepEqual(space.decode([1, 3, 0]), { modules: [3, 0] });
  assert.deepEqual(space.encode({ modules: [2] }), [0, 2]);
  assert.equal(Math.round(10 ** space.size!()!.log10), 4 + 16 + 64);
  assert.throws(() => space.decode([1, 3]), /got 2 choices, expected 3/);
  assert.throws(() => space.decode([1, 3, 0, 0]), /got 4 choices, expected|got 3 choices/);
  assert.throws(() => space.decode([3, 0]), /number of modules: got 3, expected 0 … 2/);
  assert.throws(() => space.decode([0, 4]), /module at position 0: got 4, expected 0 … 3/);
  assert.throws(() => open({ initialModules: 4, minModules: 5, maxModules: 6 }), {
    message: /expected minModules ≤ initialModules ≤ maxModules/,
  });
  assert.throws(
    () => open({ modules: ["01/00:input,input"] }),
    /vertex 1 is "input", expected output/,
  );
});

Deno.test("modular: mutations replace a module, or append or drop the last, within the bounds", () => {
  const space = open({ initialModules: 2, minModules: 2, maxModules: 3, probMutation: 0.8 });
  const rng = new Rng(3, 1);
  const counts = { same: 0, replaced: 0, longer: 0 };
  const tries = 4000;
  for (let i = 0; i < tries; i++) {
    const { modules } = space.mutate!({ modules: [0, 1] }, rng);
    assert.ok(modules.length === 2 || modules.length === 3);
    const changed = [0, 1].filter((id, at) => modules[at] !== id).length;
    if (modules.length === 3) {
      assert.equal(changed, 0);
      counts.longer++;
    } else if (changed === 0) counts.same++;
    else {
      assert.equal(changed, 1);
      counts.replaced++;
    }
  }
  // Three of four replacements change something; half of the other mutations would drop a module.
  const near = (got: number, expected: number) => Math.abs(got / tries - expected) < 0.03;
  assert.ok(near(counts.replaced, 0.6) && near(counts.longer, 0.1), JSON.stringify(counts));
});

Deno.test("modular: a config holds its pool, drawn or from a file, and takes the published names", () => {
  const config = resolveSearchConfig({
    mode: "modular",
    preset: "modular",
    overrides: {
      num_modules: 3,
      eval_num_samples: 20,
      eval_cycles: 30,
      population_size: 6,
      eval_weight_mode: "average",
      sliding_windows: 4,
      eval_epochs: 54,
    },
  });
  assert.equal(config.space.modules.length, 3);
  assert.equal(config.rounds, 30);
  assert.equal(config.strategy.population, 6);
  assert.deepEqual([config.evaluator.kind, config.evaluator.inherit, config.evaluator.epochs], [
    "train",
    "average",
    54,
  ]);
  assert.equal(config.evaluator.slidingWindows, 4);
  // Completing a complete config changes nothing, and says that its pool was drawn.
  assert.match(
    openSpace(config.space).notes![0],
    /^The pool of 3 modules was chosen from 20 sampled/,
  );
  const file = {
    format: "denas-modules",
    version: 1,
    source: "a table",
    seed: 1,
    samples: 4,
    modules: pool.map((text) => entryOf(moduleOf(text), 0.9)),
  };
  const given = resolveSearchConfig({ mode: "modular", overrides: { "space.modules": file } });
  assert.deepEqual(given.space.modules, pool.map((text) => moduleOf(text).text));
  assert.deepEqual(openSpace(given.space).notes, []);
});

Deno.test("modular: the published preset has the published values, and --faithful the test set, labelled", () => {
  const { space, strategy, evaluator, rounds, optimizer } = resolveSearchConfig({
    mode: "modular",
    preset: "modular",
  });
  assert.equal(space.modules.length, 5);
  const { numSamples, ranked, numStages, filters, probMutation } = space;
  assert.deepEqual([numSamples, ranked, numStages, filters, probMutation], [10, true, 3, 64, 0.8]);
  assert.deepEqual([space.initialModules, space.minModules, space.maxModules], [4, 4, 4]);
  assert.deepEqual([strategy.population, strategy.tournament, rounds], [4, 2, 10]);
  assert.deepEqual([strategy.replacement, strategy.distinct], [false, true]);
  assert.deepEqual(evaluator.thresholds, { 0: 108, 1: 60, 2: 22, 4: 10 });
  assert.deepEqual([evaluator.inherit, evaluator.slidingWindows, evaluator.fitness], [
    "reuse",
    5,
    "validation",
  ]);
  assert.deepEqual([optimizer.algorithm, optimizer.lrMax], ["adam", 1e-3]);
  const faithful = resolveSearchConfig({ mode: "modular", preset: "modular", faithful: true });
  assert.equal(faithful.evaluator.fitness, "test");
});
