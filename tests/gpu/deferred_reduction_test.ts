import assert from "node:assert/strict";
import { accumulate } from "../../src/autodiff/run.ts";
import { Gpu } from "../../src/gpu/device.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";

const gpu = await Gpu.open();

/** Sums rows of `splits` × `n` numbers that a device buffer holds, into `to`. */
function reduce(rows: Tensor, to: Tensor, add = false): void {
  const [splits, n] = rows.shape;
  gpu.reduceSplits({ splits, n, to, add }, (sums) => gpu.copy(rows, sums, splits * n));
}

/** Whole numbers, so that float32 sums are exact. */
const numbers = (splits: number, n: number, seed: number) =>
  Float32Array.from({ length: splits * n }, (_, i) => (i * 7 + seed * 13) % 31 - 15);

const upload = (splits: number, n: number, seed: number) =>
  gpu.upload(numbers(splits, n, seed), [splits, n]);

function expected(splits: number, n: number, seed: number, before = 0): Float32Array {
  const rows = numbers(splits, n, seed);
  return Float32Array.from({ length: n }, (_, k) => {
    let sum = before;
    for (let s = 0; s < splits; s++) sum += rows[s * n + k];
    return sum;
  });
}

const part = (slab: Tensor, offset: number, n: number): Tensor => ({ ...slab, offset, shape: [n] });

const kinds = [[1, 1], [3, 130], [4, 64], [9, 7], [64, 144], [255, 5], [1, 1000]];
const byFour = [[1, 4], [3, 132], [4, 64], [9, 8], [64, 144], [255, 12], [1, 1000]];

/**
 * Layouts: position of the first sum, distance between sums, and sizes; all multiples of four, or one that is
 * not.
 */
const slabsOf = [
  { of: "any size", first: 3, apart: 2, sizes: kinds },
  { of: "four and more", first: 4, apart: 8, sizes: byFour },
  { of: "four and more at odd places", first: 4, apart: 1, sizes: byFour },
];

for (const { of, first, apart, sizes } of slabsOf) {
  Deno.test(`sums of many reductions, results of ${of}, into two slabs are two dispatches, and nothing beside them changes`, async () => {
    const sources = sizes.map(([splits, n], i) => upload(splits, n, i));
    const slabs = [0, 1].map(() => gpu.upload(new Float32Array(4000).fill(0.5)));
    const before = gpu.counters.dispatches;
    const want = slabs.map(() => new Float32Array(4000).fill(0.5));
    let at = first;
    sizes.forEach(([splits, n], i) => {
      const add = i % 3 === 0;
      reduce(sources[i], part(slabs[i % 2], at, n), add);
      want[i % 2].set(expected(splits, n, i, add ? 0.5 : 0), at);
      at += n + apart;
    });
    assert.equal(gpu.counters.dispatches, before);
    const got = await gpu.read(slabs);
    assert.equal(gpu.counters.dispatches, before + 2);
    assert.deepEqual(got, want);
  });
}

Deno.test("gradients of a weight that is used twice are added in their order", async () => {
  const sources = [upload(5, 70, 1), upload(8, 70, 2), upload(3, 40, 3)];
  const slab = gpu.upload(new Float32Array(200).fill(9));
  const before = gpu.counters.dispatches;
  reduce(sources[0], part(slab, 64, 70));
  reduce(sources[1], part(slab, 64, 70), true);
  // Overlaps half of it.
  reduce(sources[2], part(slab, 100, 40), true);
  const [got] = await gpu.read([slab]);
  // Within one dispatch nothing says which comes first.
  assert.equal(gpu.counters.dispatches, before + 3);
  const first = expected(5, 70, 1), second = expected(8, 70, 2), third = expected(3, 40, 3);
  const want = new Float32Array(200).fill(9);
  first.forEach((v, i) => want[64 + i] = v + second[i]);
  third.forEach((v, i) => want[100 + i] += v);
  assert.deepEqual(got, want);
});

Deno.test("whatever reads or writes a sum comes after it", async () => {
  const source = upload(6, 50, 4), other = upload(1, 50, 5);
  const sum = expected(6, 50, 4), one = expected(1, 50, 5);
  const [read, written, copied] = [0, 1, 2].map(() => gpu.empty([50]));
  const sink = gpu.empty([50]), target = gpu.empty([50]);
  reduce(source, read);
  accumulate(gpu, read, sink, false);
  reduce(source, written);
  accumulate(gpu, { ...other, shape: [50] }, written, true);
  reduce(source, copied);
  gpu.copy(copied, target);
  const got = await gpu.read([sink, written, target]);
  assert.deepEqual(got, [sum, sum.map((v, i) => v + one[i]), sum]);
});

Deno.test("more partial results than there is room for are summed in several dispatches", async () => {
  const splits = 40, n = 10_000, times = 7;
  const source = upload(splits, n, 6);
  const slab = gpu.empty([times * n]);
  const before = gpu.counters.dispatches;
  for (let i = 0; i < times; i++) reduce(source, part(slab, i * n, n));
  const [got] = await gpu.read([slab]);
  const dispatches = gpu.counters.dispatches - before;
  assert.ok(dispatches <= times, `${dispatches}`);
  if (gpu.adapter.fallback) assert.ok(dispatches > 1, `${dispatches}`);
  for (let i = 0; i < times; i++) {
    assert.deepEqual(got.slice(i * n, (i + 1) * n), expected(splits, n, 6));
  }
});

Deno.test("a reduction larger than all the room for partial results gets room of its own", async () => {
  const splits = 9, n = 1_000_003;
  const source = upload(splits, n, 7), small = upload(4, 64, 8);
  const [large, little, after] = [gpu.empty([n]), gpu.empty([64]), gpu.empty([64])];
  reduce(small, little);
  reduce(source, large);
  reduce(small, after);
  const got = await gpu.read([large, little, after]);
  const four = expected(4, 64, 8);
  assert.deepEqual(got, [expected(splits, n, 7), four, four]);
});

Deno.test("what only asks for choices leaves nothing to be summed", async () => {
  const source = upload(2, 10, 9);
  const to = gpu.empty([10]);
  gpu.questions(() => gpu.reduceSplits({ splits: 2, n: 10, to, add: false }, () => {}));
  const before = gpu.counters.dispatches;
  await gpu.read([to, source]);
  assert.equal(gpu.counters.dispatches, before);
});

Deno.test("reductions within reductions are refused, and the next one works", async () => {
  const source = upload(2, 10, 9);
  const to = gpu.empty([10]);
  const nested = () =>
    gpu.reduceSplits({ splits: 2, n: 10, to, add: false }, () => reduce(source, gpu.empty([10])));
  assert.throws(nested, /Cannot nest reductions/);
  reduce(source, to);
  assert.deepEqual(await gpu.read([to]), [expected(2, 10, 9)]);
});
