/**
 * Properties of ENAS as a whole that need no training: published counts, shapes, rates, schedules and
 * conventions, item by item (Pham et al. 2018, and the code released with it).
 */
import assert from "node:assert/strict";
import { run, Tape, type Value } from "../src/autodiff/mod.ts";
import { Gpu } from "../src/gpu/mod.ts";
import { parseChoice } from "../src/nas/arch_formats/arch_file.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../src/nas/config/config.ts";
import type { Settings } from "../src/nas/definition.ts";
import { describe } from "../src/nas/analysis/describe.ts";
import { numberings, readFormText, renumber, writeForm } from "../src/nas/arch_formats/mod.ts";
import { openStrategy } from "../src/nas/search/parts.ts";
import { openSpace } from "../src/nas/registry.ts";
import type { Form } from "../src/nas/space.ts";
import { dropPathKeep } from "../src/nas/spaces/micro_network.ts";
import { releasedMacro, releasedMicro } from "../src/nas/spaces/released.ts";
import type { EnasStrategy } from "../src/nas/strategies/enas.ts";
import { learningRate } from "../src/nas/train/training.ts";
import { factorisedReduction, Net } from "../src/nn/layers.ts";
import { WeightStore } from "../src/nn/weights.ts";
import { avgPool2d, conv2d, maxPool2d, sigmoidCrossEntropy, skipPenalty } from "../src/ops/mod.ts";

const gpu = await Gpu.open();
const search = (mode: string, overrides = {}) =>
  resolveSearchConfig({ mode, preset: "paper", overrides });
const final = (space: string, overrides = {}) =>
  resolveRetrainConfig({ space, preset: "paper", overrides });

/** A network for CIFAR-10: the supernet, or one architecture. */
function cifar(
  { space, form = "search" }: { space: Settings; form?: Form },
  choice?: readonly number[],
  side = 32,
) {
  const what = choice ? { choice } : { supernet: true };
  const input = [side, side, 3] as const;
  return describe({ space: openSpace(space), ...what, input, classes: 10, form });
}

/** Result of a computation on constants. */
async function compute(
  data: readonly number[],
  shape: readonly number[],
  of: (x: Value, tape: Tape) => Value,
): Promise<number[]> {
  const tape = new Tape();
  const y = of(tape.input(shape, { tensor: gpu.upload(Float32Array.from(data), shape) }), tape);
  return [...(await gpu.read([run(gpu, tape, { outputs: [y] }).of(y)]))[0]];
}

Deno.test("parameter counts: both supernets, both released networks, both auxiliary heads", () => {
  assert.equal(cifar(search("macro")).parameters, 697_860);
  const legacy = final("macro", { "space.legacyFixed": true });
  assert.equal(cifar(legacy, releasedMacro).parameters, 42_559_392);
  for (const legacyReduce of [false, true]) {
    const config = search("micro", { "space.legacyReduce": legacyReduce });
    const { parameters, auxParameters } = cifar(config);
    assert.deepEqual([parameters, auxParameters], [5_373_140, 412_928]);
  }
  const { parameters, auxParameters } = cifar(final("micro"), releasedMicro);
  assert.deepEqual([parameters, auxParameters], [3_894_372, 494_848]);
  const nnabla = cifar(resolveRetrainConfig({ space: "micro", preset: "nnabla" }), releasedMicro);
  assert.equal(nnabla.parameters + nnabla.auxParameters, 9_041_648);
});

Deno.test("multiply-adds: the published estimates to one per cent", () => {
  const close = (macs: number | null, published: number) =>
    assert.ok(Math.abs(macs! / published - 1) < 0.01, `${macs}, expected about ${published}`);
  // With every skip taken all reductions run, which is what the estimates count.
  const all = (op: number, layers = 12) =>
    Array.from({ length: layers }, (_, i) => [op, ...new Array(i).fill(1)]).flat();
  const defects = resolveSearchConfig({ mode: "macro", preset: "codebrim" });
  close(cifar(defects, all(4, 7), 224).macs, 0.86e9);
  close(cifar(defects, all(2, 7), 224).macs, 14.7e9);
  close(cifar(search("macro"), all(4)).macs, 10.4e6);
  close(cifar(search("macro"), all(2)).macs, 184.6e6);
  const legacy = final("macro", { "space.legacyFixed": true });
  close(cifar(legacy, releasedMacro).macs, 5.65e9);
  close(cifar(final("micro"), releasedMicro).macs, 0.62e9);
});

Deno.test("shapes of the released micro network: 180 and 360 and 720 channels, 288 and 576 where it halves", () => {
  const { layers } = cifar(final("micro"), releasedMicro);
  const outputs = Array.from(
    { length: 17 },
    (_, l) => layers!.findLast(({ scope }) => scope.split("/")[0] === `layer${l}`)!.shape.join(),
  );
  const stage = (n: number, shape: string) => new Array(n).fill(shape);
  assert.deepEqual(outputs, [
    ...stage(5, "1,32,32,180"),
    "1,16,16,288",
    ...stage(5, "1,16,16,360"),
    "1,8,8,576",
    ...stage(5, "1,8,8,720"),
  ]);
});

Deno.test("learning rates: those of published logs, restarts at 10, 30, 70, 150, 310 and 630", () => {
  const at = (epoch: number, { optimizer }: ReturnType<typeof final | typeof search>) =>
    learningRate(optimizer, epoch, 0);
  assert.equal(at(14, search("macro")).toFixed(4), "0.0453");
  assert.equal(at(306, final("macro")).toFixed(4), "0.0011");
  assert.equal(at(307, final("macro")).toFixed(4), "0.0010");
  const starts = Array.from({ length: 631 }, (_, e) => e).filter((e) =>
    at(e, final("micro")) === 0.05
  );
  assert.deepEqual(starts, [0, 10, 30, 70, 150, 310, 630]);
});

Deno.test("controllers: 41,856 and 41,733 weights; the micro policy's entropy is at most 58.5058", async () => {
  const strategy = async (mode: string) => {
    const config = search(mode);
    return await openStrategy(config, openSpace(config.space), { gpu }) as EnasStrategy<unknown>;
  };
  assert.equal((await strategy("macro")).parameters, 41_856);
  const micro = await strategy("micro");
  assert.equal(micro.parameters, 41_733);
  // Two cells, five blocks: per block 2·ln(b + 2) of the inputs and 2·ln 5 of the operations.
  const maximum = 2 *
    [2, 3, 4, 5, 6].reduce((sum, n) => sum + 2 * Math.log(n) + 2 * Math.log(5), 0);
  assert.ok(Math.abs(maximum - 58.5058) < 1e-4);
  const trials = await micro.ask(8);
  const { entropy } = await micro.tell(trials.map((t) => ({ ...t, score: { value: 0 } })));
  assert.ok(entropy! > 54 && entropy! < maximum, `entropy ${entropy}`);
});

Deno.test("the released architectures, of 300 and 40 integers, come back from text and from choices", () => {
  for (
    const [name, config, released, length] of [
      ["macro", final("macro"), releasedMacro, 300],
      ["micro", final("micro"), releasedMicro, 40],
    ] as const
  ) {
    const space = openSpace(config.space);
    const choice = parseChoice(released.join(" "))!;
    assert.equal(choice.length, length);
    assert.deepEqual(space.encode(space.decode(choice)), released);
    const { arch } = readFormText(released.join(" "), { space: name })!;
    for (const numbering of numberings) {
      const text = writeForm(arch, "script", numbering) as string;
      const back = readFormText(text, { space: name, numbering })!;
      assert.deepEqual(back.arch.choice, released, `${name} as ${numbering}`);
    }
  }
});

for (const [h, w] of [[6, 8], [7, 5], [7, 7]]) {
  Deno.test(`a factorised reduction of ${h}×${w} is 1×1 convolutions of the even pixels and of the odd ones`, async () => {
    const store = new WeightStore();
    const mode = {
      ...{ training: true, dropout: true, batchStatistics: true, keepStatistics: false },
      ...{ debias: true, legacyInit: false, epsilon: 1e-5, decay: 0.9, seed: 1, step: 0 },
    };
    const shape = [2, h, w, 3];
    const x = new Float32Array(2 * h * w * 3).map((_, i) => Math.sin(i * 1.7));
    const layer = (input: Value) =>
      factorisedReduction(new Net(input.tape!, store, mode), "fr", input, { out: 6 });
    layer(new Tape().input(shape));
    store.materialise(gpu, 4);
    const got = await compute([...x], shape, layer);
    const weights = await store.tensors();
    const columns = ["even", "odd"].flatMap((name, shift) =>
      [0, 1, 2].map((o) => normalised(strided(x, [h, w], shift, weights[`fr/${name}`].data, o)))
    );
    assert.equal(got.length, 6 * columns[0].length);
    got.forEach((v, i) => {
      const want = columns[i % 6][Math.floor(i / 6)];
      assert.ok(Math.abs(v - want) < 1e-4, `${i}: ${v}, not ${want}`);
    });
  });
}

/** Channel o of the pixels [2i + shift, 2j + shift] of two images times a matrix [3, 3]; outside is zero. */
function strided(
  x: Float32Array,
  [h, w]: readonly [number, number] | number[],
  shift: number,
  weights: ArrayLike<number>,
  o: number,
): number[] {
  const result: number[] = [];
  for (let n = 0; n < 2; n++) {
    for (let r = shift; r < h + shift; r += 2) {
      for (let c = shift; c < w + shift; c += 2) {
        const at = ((n * h + r) * w + c) * 3;
        const inside = r < h && c < w;
        result.push(inside ? [0, 1, 2].reduce((s, k) => s + x[at + k] * weights[k * 3 + o], 0) : 0);
      }
    }
  }
  return result;
}

/** To mean 0 and variance 1. */
function normalised(values: number[]): number[] {
  const mean = (v: number[]) => v.reduce((s, x) => s + x, 0) / v.length;
  const m = mean(values);
  const deviation = Math.sqrt(mean(values.map((v) => (v - m) ** 2)) + 1e-5);
  return values.map((v) => (v - m) / deviation);
}

Deno.test("SAME with stride 2 pads the far side first, average pools divide by the cells inside, maxima ignore padding", async () => {
  const counts = [[4, 3, [3, 2]], [5, 3, [2, 3, 2]], [4, 5, [4, 3]], [7, 5, [3, 5, 5, 3]]] as const;
  for (const [side, k, along] of counts) {
    const ones = (n: number) => new Array<number>(n).fill(1);
    const shape = [1, side, side, 1];
    const sums = await compute(ones(side * side), shape, (x, tape) => {
      const w = tape.input([k, k, 1, 1], { tensor: gpu.upload(Float32Array.from(ones(k * k))) });
      return conv2d(x, w, { stride: 2 });
    });
    assert.deepEqual(sums, along.flatMap((a) => along.map((b) => a * b)), `${k}×${k} on ${side}`);
    for (const stride of [1, 2]) {
      const pool = { k, stride, padding: "same" } as const;
      const means = await compute(ones(side * side), shape, (x) => avgPool2d(x, pool));
      assert.ok(means.every((v) => Math.abs(v - 1) < 1e-6), `averages leave padding out: ${means}`);
      const negative = ones(side * side).map((v) => -v);
      const most = await compute(negative, shape, (x) => maxPool2d(x, pool));
      assert.ok(most.every((v) => v === -1), `padding is no maximum: ${most}`);
    }
  }
});

Deno.test("drop-path keeps 0.6 in layer 16 at the last step, everything at the first", () => {
  const { space } = final("micro");
  const keep = (layer: number, step: number, steps: number) =>
    dropPathKeep(layer, space.layers, space.dropPathKeep, { step, steps });
  assert.ok(Math.abs(keep(16, 219_239, 219_240) - 0.6) < 1e-12);
  assert.ok(keep(16, 0, 219_240) > 0.99999);
  assert.ok(Math.abs(keep(0, 999, 1000) - (1 - 0.4 / 17)) < 1e-12);
});

Deno.test("the skip penalty is zero where the sigmoids of both logits are 0.6 and 0.4", async () => {
  const q = Math.log(0.4 / 0.6);
  const [penalty] = await compute([q, q, q], [1, 3], (x) => skipPenalty(x, { rho: 0.4 }));
  assert.ok(Math.abs(penalty) < 1e-6, `${penalty}`);
});

Deno.test("exact match: an image without any label is met by logits below zero only", async () => {
  const logits = [...[-1, -2, -3], ...[-1, 0.1, -3]];
  const hits = await compute(logits, [2, 3], (x, tape) => {
    const none = tape.input([2, 3], { tensor: gpu.upload(new Float32Array(6), [2, 3]) });
    return sigmoidCrossEntropy(x, none)[2];
  });
  assert.deepEqual(hits, [1]);
});

Deno.test("NNabla's operation numbers and back are the original's: the mapping undoes itself", () => {
  const all = [0, 1, 2, 3, 4, 5];
  const choice = all.flatMap((op, i) => [op, ...new Array<number>(i).fill(1)]);
  const there = renumber("macro", choice);
  const ops = all.map((i) => there[i * (i + 1) / 2]);
  assert.deepEqual(ops, [0, 2, 1, 3, 5, 4]);
  assert.deepEqual(renumber("macro", there), choice);
  assert.deepEqual(renumber("micro", releasedMicro), releasedMicro);
});
