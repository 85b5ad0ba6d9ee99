/** Weights that a store takes over from others: every bit is checked against float32 arithmetic on the host. */
import assert from "node:assert/strict";
import { run, Tape } from "../../src/autodiff/mod.ts";
import { DataError } from "../../src/common/errors.ts";
import { Gpu } from "../../src/gpu/device.ts";
import {
  averageSource,
  type HostTensor,
  inherit,
  type Inherited,
  namedSource,
  storeSource,
  type WeightSource,
} from "../../src/nn/inherit.ts";
import { type Init, truncatedNormalInit } from "../../src/nn/init.ts";
import { convNorm, head, type Mode, Net } from "../../src/nn/layers.ts";
import { Sgd } from "../../src/nn/optimizer.ts";
import { type NamedTensors, WeightStore } from "../../src/nn/weights.ts";
import { softmaxCrossEntropy } from "../../src/ops/mod.ts";
import { assertThrows } from "../assert.ts";

const gpu = await Gpu.open();
const all = { statistics: true };
const random: Init = truncatedNormalInit(3);

type Shapes = Record<string, readonly number[]>;
const shapes: Shapes = { "a/w": [3, 3, 4, 5], "a/gamma": [5], b: [130], "a/running": [11] };

/** A materialised store; names that end in `running` are states. */
function storeOf(seed: number, declared: Shapes = shapes): WeightStore {
  const store = new WeightStore();
  for (const [name, shape] of Object.entries(declared)) {
    if (name.endsWith("running")) store.state(name, shape, random);
    else store.param(name, shape, random);
  }
  store.materialise(gpu, seed);
  return store;
}

/** The block of a tensor, index by index. */
function block({ shape, data }: HostTensor, size: readonly number[], start: readonly number[]) {
  const out = new Float32Array(size.reduce((a, b) => a * b, 1));
  for (let i = 0; i < out.length; i++) {
    let rest = i, at = 0, stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (start[axis] + rest % size[axis]) * stride;
      rest = Math.floor(rest / size[axis]);
      stride *= shape[axis];
    }
    out[i] = data[at];
  }
  return out;
}

/** Sum in the order given, then times 1/n, rounded to float32 after every step. */
function mean(tensors: readonly ArrayLike<number>[]): Float32Array {
  const { fround } = Math;
  return Float32Array.from(tensors[0], (first, i) => {
    const sum = tensors.slice(1).reduce((s, t) => fround(s + t[i]), first);
    return fround(sum * fround(1 / tensors.length));
  });
}

const meanOf = (donors: readonly NamedTensors[]): NamedTensors =>
  Object.fromEntries(
    Object.entries(donors[0]).map(([name, { shape }]) => [name, {
      shape,
      data: mean(donors.map((donor) => donor[name].data)),
    }]),
  );

const bits = (data: Float32Array | Uint32Array) =>
  new Uint32Array(data.buffer, data.byteOffset, data.length);

function assertSameBits(actual: NamedTensors, expected: NamedTensors): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected));
  for (const [name, { shape, data }] of Object.entries(expected)) {
    assert.deepEqual(actual[name].shape, shape);
    assert.deepEqual(bits(actual[name].data), bits(data), name);
  }
}

Deno.test("a copy of another store has its bits, whether it lies on the device or on the host", async () => {
  const donor = storeOf(1);
  const saved = await donor.tensors();
  for (const source of [storeSource(donor, all), namedSource(saved, all)]) {
    const child = storeOf(2);
    assert.deepEqual(inherit(child, source), { tensors: 3, parameters: 180 + 5 + 130 });
    assertSameBits(await child.tensors(), saved);
  }
  assertSameBits(await donor.tensors(), saved);
});

Deno.test("a single donor's bits are kept where arithmetic would change them", async () => {
  // A signalling NaN, −0, the smallest denormal, infinity.
  const odd = Uint32Array.of(0x7f812345, 0x80000000, 0x00000001, 0x7f800000);
  const donor = storeOf(1, { w: [4] });
  donor.load({ w: { shape: [4], data: new Float32Array(odd.buffer) } });
  const saved = await donor.tensors();
  const { dispatches } = gpu.counters;
  for (const source of [storeSource(donor, all), namedSource(saved, all)]) {
    const child = storeOf(2, { w: [4] });
    inherit(child, averageSource([source]));
    assert.deepEqual(bits((await child.tensors()).w.data), odd);
  }
  assert.equal(gpu.counters.dispatches, dispatches);
});

Deno.test("nothing is read back, and weights are inherited as they are at that moment", async () => {
  const donor = storeOf(1, { w: [64] }), child = storeOf(2, { w: [64] });
  const { reads, restore } = watchReads();
  try {
    gpu.write(donor.params()[0].tensor!, new Float32Array(64).fill(1));
    inherit(child, storeSource(donor, all));
    gpu.write(donor.params()[0].tensor!, new Float32Array(64).fill(2));
    assert.equal(reads(), 0);
  } finally {
    restore();
  }
  assert.deepEqual((await child.tensors()).w.data, new Float32Array(64).fill(1));
});

/** Counts read-backs of the device. */
function watchReads() {
  let count = 0;
  const { device } = gpu;
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    if (descriptor.usage & GPUBufferUsage.MAP_READ) count++;
    return create(descriptor);
  };
  return { reads: () => count, restore: () => device.createBuffer = create };
}

for (const n of [2, 3, 4, 7]) {
  Deno.test(`the mean of ${n} donors is their sum in order times 1/${n}, on the device, the host and mixed`, async () => {
    const donors = Array.from({ length: n }, (_, i) => storeOf(10 + i));
    const saved = await Promise.all(donors.map((d) => d.tensors()));
    const device = donors.map((d) => storeSource(d, all));
    const host = saved.map((t) => namedSource(t, all));
    const mixed = device.map((source, i) => i % 2 ? source : host[i]);
    for (const sources of [device, host, mixed]) {
      const child = storeOf(1);
      assert.equal(inherit(child, averageSource(sources)).tensors, 3);
      assertSameBits(await child.tensors(), meanOf(saved));
    }
    if (n > 2) assert.notDeepEqual(meanOf(saved), meanOf(saved.toReversed()));
    assertSameBits(await donors[0].tensors(), saved[0]);
  });
}

Deno.test("an average is over the donors that have the weight, and over the first few where there are more", async () => {
  const { b: _, ...less } = shapes;
  const donors = [storeOf(10, less), storeOf(11), storeOf(12), storeOf(13)];
  const saved = await Promise.all(donors.map((d) => d.tensors()));
  const child = storeOf(1);
  inherit(child, averageSource(donors.map((d) => storeSource(d, all)), { most: 2 }));
  const got = await child.tensors();
  assert.deepEqual(got.b.data, mean([saved[1].b.data, saved[2].b.data]));
  assert.deepEqual(got["a/w"].data, mean([saved[0]["a/w"].data, saved[1]["a/w"].data]));
});

Deno.test("a smaller weight takes the first block of a larger one where slices are asked for", async () => {
  const large = { w: [3, 3, 8, 12], d: [10, 7], v: [9], "n/running": [9] };
  const small = { w: [3, 3, 5, 6], d: [4, 7], v: [6], "n/running": [5] };
  const donors = [storeOf(1, large), storeOf(2, large)];
  const saved = await Promise.all(donors.map((d) => d.tensors()));
  const cut = (t: NamedTensors, name: keyof typeof small) =>
    block(t[name], small[name], small[name].map(() => 0));
  const options = { statistics: true, slices: true };
  const device = donors.map((d) => storeSource(d, options));
  const host = saved.map((t) => namedSource(t, options));
  for (const sources of [device, host, [device[0], host[1]]]) {
    const one = storeOf(3, small), two = storeOf(3, small);
    const before = await one.tensors();
    assert.equal(inherit(one, sources[0]).tensors, 3);
    assert.equal(inherit(two, averageSource(sources)).tensors, 3);
    const [copied, averaged] = [await one.tensors(), await two.tensors()];
    for (const name of ["w", "d", "v"] as const) {
      assert.deepEqual(copied[name].data, cut(saved[0], name));
      assert.deepEqual(averaged[name].data, mean(saved.map((t) => cut(t, name))));
    }
    // Means, variances and a count lie one after the other: a first part of them is no statistics.
    assert.deepEqual(copied["n/running"], before["n/running"]);
  }
});

Deno.test("a source may give any block, from any index on", async () => {
  const donor = storeOf(1, { w: [4, 5, 6] });
  const host = (await donor.tensors()).w;
  const tensor = donor.params()[0].tensor!;
  const cases = [
    { shape: [2, 3, 4], start: [1, 2, 1] },
    { shape: [4, 5, 1], start: [0, 0, 5] },
    { shape: [1, 5, 6], start: [3, 0, 0] },
    { shape: [4, 2, 6], start: [0, 3, 0] },
    { shape: [1, 1, 1], start: [3, 4, 5] },
  ];
  for (const { shape, start } of cases) {
    for (const from of [tensor, host]) {
      const child = storeOf(2, { w: shape });
      inherit(child, { lookup: () => [{ donor: from, start }] });
      assert.deepEqual((await child.tensors()).w.data, block(host, shape, start));
    }
  }
});

Deno.test("donors may begin anywhere in a buffer, and integers on the host are converted", async () => {
  const donor = storeOf(1, { w: [40] });
  const { data } = (await donor.tensors()).w;
  const tensor = donor.params()[0].tensor!;
  const at = (offset: number) => ({ ...tensor, shape: [8], offset: tensor.offset + offset });
  const child = storeOf(2, { w: [8] });
  const count = { shape: [8], data: Uint32Array.from({ length: 8 }, (_, i) => i) };
  inherit(child, { lookup: () => [{ donor: at(3) }, { donor: at(8) }, { donor: count }] });
  const expected = mean([data.subarray(3, 11), data.subarray(8, 16), count.data]);
  assert.deepEqual((await child.tensors()).w.data, expected);
  inherit(child, namedSource({ w: count }, all));
  assert.deepEqual((await child.tensors()).w.data, Float32Array.from(count.data));
});

Deno.test("weights of another name, shape or kind are left as they are", async () => {
  const child = storeOf(1);
  const before = await child.tensors();
  const others = { "a/w": [3, 3, 5, 4], b: [13, 10], c: [5], "a/gamma": [4] };
  const swapped = new WeightStore();
  swapped.param("a/running", [11], random);
  swapped.state("b", [130], random);
  swapped.materialise(gpu, 3);
  const donor = storeOf(2, others);
  const sources = [
    storeSource(donor, { ...all, slices: true }),
    namedSource(await donor.tensors(), all),
    storeSource(swapped, all),
    namedSource({}, all),
    averageSource([]),
  ];
  for (const source of sources) {
    assert.deepEqual(inherit(child, source), { tensors: 0, parameters: 0 });
    assertSameBits(await child.tensors(), before);
  }
});

Deno.test("states are inherited only where they are asked for, and are no parameters", async () => {
  const donor = storeOf(1);
  const saved = await donor.tensors();
  for (const statistics of [true, false]) {
    for (
      const source of [storeSource(donor, { statistics }), namedSource(saved, { statistics })]
    ) {
      const child = storeOf(2);
      const { "a/running": before } = await child.tensors();
      assert.deepEqual(inherit(child, source), { tensors: 3, parameters: 315 });
      const { "a/running": after } = await child.tensors();
      assert.deepEqual(after.data, (statistics ? saved["a/running"] : before).data);
    }
  }
});

Deno.test("a piece that does not fit is refused with its weight's name, and nothing is replaced", async () => {
  const donor = storeOf(1), child = storeOf(2);
  const before = await child.tensors();
  const whole = storeSource(donor, all);
  const b = donor.params().find(({ name }) => name === "b")!.tensor!;
  const host = (n: number, shape = [130]) => ({ shape, data: new Float32Array(n) });
  const bad: [Inherited, RegExp][] = [
    [[], /^Cannot inherit b: the source gave no pieces, expected some, or null$/],
    [
      [{ donor: b, start: [1] }],
      /^Cannot inherit b: a block \[130\] from \[1\] on of a donor \[130\]/,
    ],
    [[{ donor: b }, { donor: { ...b, shape: [129] } }], /of a donor \[129\]/],
    [[{ donor: { ...b, shape: [1, 130] } }], /as many axes/],
    [[{ donor: b, start: [-1] }], /from \[-1\]/],
    [[{ donor: b, start: [0, 0] }], /from \[0,0\]/],
    [[{ donor: host(131, [131]), start: [0.5] }], /from \[0.5\]/],
    [[{ donor: host(129) }], /a donor \[130\] has 129 elements, expected 130$/],
    [[{ donor: child.params()[1].tensor! }], /^Cannot inherit b: a block \[130\]/],
    [[{ donor: child.params()[2].tensor! }], /in the same memory, expected another store's/],
  ];
  for (const [pieces, message] of bad) {
    const source: WeightSource = {
      lookup: (name, shape, trainable) =>
        name === "b" ? pieces : whole.lookup(name, shape, trainable),
    };
    assertThrows(() => inherit(child, source), message);
    assertSameBits(await child.tensors(), before);
  }
  assert.throws(
    () => inherit(child, namedSource({ b: host(3) }, all)),
    DataError,
  );
});

Deno.test("stores without memory neither inherit nor leave anything", () => {
  const declared = new WeightStore();
  declared.param("b", [130], random);
  assertThrows(() => inherit(declared, namedSource({}, all)), /before they are materialised/);
  assertThrows(
    () => inherit(storeOf(1), storeSource(declared, all)),
    /^Cannot inherit b: its donor has no memory, expected a materialised store$/,
  );
});

const mode: Mode = {
  training: true,
  dropout: true,
  batchStatistics: true,
  keepStatistics: true,
  debias: true,
  legacyInit: false,
  epsilon: 1e-5,
  decay: 0.9,
  seed: 1,
  step: 0,
};
const images = gpu.upload(
  new Float32Array(4 * 6 * 6 * 3).map((_, i) => Math.sin(i * 1.7)),
  [4, 6, 6, 3],
);
const labels = gpu.upload(Uint32Array.of(0, 1, 2, 1), [4]);

/** A small network with batch norm, and steps of its training. */
function network(seed: number) {
  const store = new WeightStore();
  const lossOn = (tape: Tape) => {
    const net = new Net(tape, store, mode);
    const x = tape.input([4, 6, 6, 3], { tensor: images });
    const h = convNorm(net, "conv", x, { k: 3, out: 6 });
    const logits = head(net, h, { classes: 3, keep: 1 });
    return softmaxCrossEntropy(logits, tape.input([4], { tensor: labels }))[0];
  };
  lossOn(new Tape());
  store.materialise(gpu, seed);
  const sgd = new Sgd(gpu, store.slabs, {
    momentum: 0.9,
    nesterov: true,
    l2: 1e-4,
    clip: "none",
    clipNorm: 5,
  });
  const step = () => {
    const tape = new Tape();
    const loss = lossOn(tape);
    const { touched } = run(gpu, tape, { outputs: [loss], loss });
    sgd.step(touched, 0.1);
  };
  return { store, step };
}

Deno.test("a child that inherits from two trained donors trains on as one that was loaded with their mean", async () => {
  const donors = [network(1), network(2)];
  const [child, loaded, own] = [network(3), network(4), network(3)];
  for (const donor of donors) donor.step();
  // Recorded right behind the donors' steps, without waiting for them.
  const source = averageSource(donors.map(({ store }) => storeSource(store, all)));
  inherit(child.store, source);
  const saved = await Promise.all(donors.map(({ store }) => store.tensors()));
  assertSameBits(await child.store.tensors(), meanOf(saved));
  loaded.store.load(meanOf(saved));
  for (const { step } of [child, loaded, own]) step();
  const trained = await child.store.tensors();
  assertSameBits(trained, await loaded.store.tensors());
  assert.notDeepEqual(trained, meanOf(saved));
  assert.notDeepEqual(trained, await own.store.tensors());
  assert.ok(Object.keys(trained).some((name) => name.endsWith("running")));
});
