/** The macro space of channel ranges: which channels and weights a range means, and in which width. */
import assert from "node:assert/strict";
import { run, Tape } from "../../src/autodiff/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { describe } from "../../src/nas/analysis/describe.ts";
import { finalConfig } from "../../src/nas/config/final_config.ts";
import { openSpace } from "../../src/nas/registry.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { spaceAt } from "./child_config.ts";

const gpu = await Gpu.open();
const training = { training: true, batchStatistics: true, seed: 1, step: 0, steps: 1 };

/** Three layers of four operations: channels 1 and 2 of the first operation, the first three of the others. */
const most = [0, 2, 0, 2, 0, 2];
const choice = [1, 1, ...most, 0, 2, ...most, 0, 0, 2, ...most, 1, 0];

Deno.test("a layer reads the channels of its ranges, each with the row of its own", async () => {
  const space = spaceAt("macro-range", { layers: 3, filters: 4, branches: 4, keep: 1 });
  const weights = new WeightStore();
  const context = { weights, input: [8, 8, 3], classes: 3, form: "search" } as const;
  const model = space.build(space.decode(choice), context);
  weights.materialise(gpu, 1);
  const start = await weights.tensors();
  const pixels = new Float32Array(2 * 8 * 8 * 3).map((_, i) => Math.sin(i * i));
  const images = gpu.upload(pixels, [2, 8, 8, 3]);
  /** Logits after some elements of weights got other values. */
  const logits = async (changes: Record<string, Record<number, number>>) => {
    const moved = { ...start };
    for (const [name, values] of Object.entries(changes)) {
      const data = Float32Array.from(start[name].data);
      for (const [i, v] of Object.entries(values)) data[Number(i)] = v;
      moved[name] = { shape: start[name].shape, data };
    }
    weights.load(moved);
    const tape = new Tape();
    const out = model.forward(tape.input([2, 8, 8, 3], { tensor: images }), training).logits;
    return [...(await gpu.read([run(gpu, tape, { outputs: [out] }).of(out)]))[0]];
  };
  const same = await logits({});
  const [gamma, rows] = ["layer0/op0/out/gamma", "layer0/join/w/0"];
  assert.deepEqual(start[rows].shape, [4, 4]);
  // Channels 0 and 3 and their rows are not read.
  assert.deepEqual(await logits({ [gamma]: { 0: 9, 3: 9 } }), same);
  const outside = Object.fromEntries([0, 1, 2, 3, 12, 13, 14, 15].map((i) => [i, 9]));
  assert.deepEqual(await logits({ [rows]: outside }), same);
  for (const channel of [1, 2]) {
    assert.notDeepEqual(await logits({ [gamma]: { [channel]: 9 } }), same);
    assert.notDeepEqual(await logits({ [rows]: { [4 * channel]: 9 } }), same);
  }
  // Without its row a channel counts for nothing.
  const cleared = { [rows]: { 4: 0, 5: 0, 6: 0, 7: 0 } };
  const without = await logits(cleared);
  assert.deepEqual(await logits({ ...cleared, [gamma]: { 1: 9 } }), without);
  assert.notDeepEqual(await logits({ ...cleared, [gamma]: { 2: 9 } }), without);
  // The other operations are read from their first channel on.
  assert.notDeepEqual(await logits({ "layer0/op1/out/gamma": { 0: 9 } }), same);
});

/** The final network of the choice, found with 4 channels, at this width. */
function final(filters: number, changes: Record<string, unknown> = {}) {
  const { space: settings } = finalConfig({
    ...{ format: "denas-arch", version: 2, space: "macro-range", input: [8, 8, 3], classes: 3 },
    ...{ choice, settings: { stem: 1, layers: 3, filters: 4, branches: 4 }, task: "single-label" },
  }, { preset: "paper", given: { "space.filters": filters, ...changes } });
  const space = openSpace(settings);
  return { settings, ...describe({ space, choice, input: [8, 8, 3], classes: 3, form: "final" }) };
}

Deno.test("a final network has ranges in proportion to its width, of the channels of the search", () => {
  const { settings, layers } = final(96);
  assert.deepEqual([settings.layers, settings.filters, settings.rangeFilters], [3, 96, 4]);
  const width = (scope: string) => layers!.findLast((l) => l.scope === scope)!.shape.at(-1);
  assert.equal(width("layer0/op0/out"), 48);
  assert.equal(width("layer0/op1/out"), 72);
  assert.equal(width("layer0/join"), 96);
  // The first of two reductions of three layers comes after the first: ranges do not grow with it.
  assert.equal(width("layer1/op0/in"), 192);
  assert.equal(width("layer1/op0/out"), 72);
  assert.equal(width("layer1/join"), 192);
  assert.throws(() => openSpace({ ...settings, rangeFilters: 3 }).decode(choice), {
    message:
      "Cannot decode macro-range architecture: layer 0, sep 3×3, more channels: got 2, expected 0 … 1",
  });
});

Deno.test("a final layer concatenates its operations before its skips, as the released code has it", () => {
  const { parameters, layers } = final(4);
  const bn = (c: number) => 2 * c;
  /** Ranges of n channels each, of a layer of width w: conv and sep with 3×3 and 5×5. */
  const layer = (w: number, [a, b, c, d]: number[], skips: number) => {
    const ins = 4 * (w * w + bn(w));
    const convs = 9 * w * a + 9 * w + w * b + 25 * w * c + 25 * w + w * d + bn(a + b + c + d);
    const join = (a + b + c + d) * w + bn(w);
    return ins + convs + join + (skips ? skips * w * w + bn(w) : 0);
  };
  const reductions = (from: number, read: number) => read * (from * 2 * from + bn(2 * from));
  const expected = 27 * 4 + bn(4) + layer(4, [2, 3, 3, 3], 0) +
    // After the first layer: the stem, which layer 2 reads, and layer 0.
    reductions(4, 2) + layer(8, [3, 3, 3, 3], 1) +
    reductions(8, 2) + layer(16, [3, 3, 3, 3], 2) + 16 * 3;
  assert.equal(parameters, expected);
  const order = layers!.filter(({ scope }) => scope.startsWith("layer1/")).map((l) => l.scope);
  assert.deepEqual([...new Set(order)].slice(-2), ["layer1/join", "layer1/skip"]);
  // The released code has no full convolutions here; it makes a reduction that nothing reads.
  const released = final(4, { "space.legacyFixed": true });
  assert.equal(released.parameters, expected + 8 * 16 + bn(16));
});

Deno.test("the supernet runs every operation: 792,036 weights of 12 layers with 36 channels", () => {
  const { parameters } = describe({
    ...{ space: spaceAt("macro-range"), supernet: true, input: [32, 32, 3], classes: 10 },
    form: "search",
  });
  // Parameters of whole channels, plus 6·36 rows of 36 and a norm per layer.
  assert.equal(parameters, 697_860 + 12 * (6 * 36 * 36 + 2 * 36));
});
