import { assert, assertEquals, assertSameNumbers, assertThrows } from "@std/assert";
import { type Augment, type Batch, Batches, type BatchOptions } from "../../src/data/batches.ts";
import { type Images, statistics } from "../../src/data/dataset.ts";
import { syntheticImages } from "../../src/data/synthetic.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { hash, Stream, uniform } from "../../src/common/random.ts";
import { noise } from "./make.ts";

const full: Augment = { pad: 4, flip: true, cutout: 8, cutoutLegacy: false };

function optionsFor(
  images: Images,
  image: readonly [number, number, number],
  more: Partial<BatchOptions> = {},
): BatchOptions {
  return { image, ...statistics(images, image[2]), batch: 16, seed: 7, augment: full, ...more };
}

/** Reads the bits of a batch: pixels and labels. */
async function bits(gpu: Gpu, { images, labels }: Batch): Promise<[Uint32Array, Uint32Array]> {
  const [pixels, classes] = await gpu.readU32([images, labels]);
  return [pixels, classes];
}

/** The batch as plain loops, from the indices of its images. */
function reference(
  images: Images,
  chosen: readonly number[],
  { image: [h, w, c], mean, deviation, seed }: BatchOptions,
  { pad, flip, cutout, cutoutLegacy }: Augment,
  step: number,
): Float32Array {
  const y = new Float32Array(chosen.length * h * w * c);
  for (const [i, index] of chosen.entries()) {
    const draw = (k: number, below: number) => hash(seed, Stream.augment, step, i * 8 + k) % below;
    const [top, left] = [draw(0, 2 * pad + 1) - pad, draw(1, 2 * pad + 1) - pad];
    const mirrored = flip && draw(2, 2) === 1;
    const corner = cutoutLegacy ? 0 : cutout / 2;
    const [cutRow, cutColumn] = [draw(3, h) - corner, draw(4, w) - corner];
    for (let row = 0; row < h; row++) {
      for (let column = 0; column < w; column++) {
        const from = [row + top, (mirrored ? w - 1 - column : column) + left];
        const outside = from[0] < 0 || from[0] >= h || from[1] < 0 || from[1] >= w;
        const cut = row >= cutRow && row < cutRow + cutout &&
          column >= cutColumn && column < cutColumn + cutout;
        for (let k = 0; k < c; k++) {
          const byte = images.pixels[((index * h + from[0]) * w + from[1]) * c + k];
          y[((i * h + row) * w + column) * c + k] = outside || cut
            ? 0
            : (byte / 255 - mean[k]) / deviation[k];
        }
      }
    }
  }
  return y;
}

/** An image that can be told from all others: its number in its first two bytes. */
function numbered(n: number, [h, w, c]: readonly [number, number, number]): Images {
  const images = syntheticImages(n, [h, w, c]);
  for (let i = 0; i < n; i++) {
    images.pixels[i * h * w * c] = i & 255;
    images.pixels[i * h * w * c + 1] = i >> 8;
  }
  return images;
}

/** With this table the values of a batch are the bytes. */
const plain = (c: number) => ({
  mean: new Array<number>(c).fill(0),
  deviation: new Array<number>(c).fill(1 / 255),
  augment: null,
});

async function numbersOf(gpu: Gpu, { images, n }: Batch): Promise<number[]> {
  const [values] = await gpu.read([images]);
  const size = values.length / n;
  return Array.from({ length: n }, (_, i) => {
    return Math.round(values[i * size]) + 256 * Math.round(values[i * size + 1]);
  });
}

Deno.test("batches on the device", async (t) => {
  const gpu = await Gpu.open();

  await t.step("50,000 images in chunks of 128 MiB and of 1 MiB give the same bits", async () => {
    const image = [32, 32, 3] as const;
    const images = syntheticImages(50_000, image);
    const options = optionsFor(images, image, { batch: 128 });
    const large = new Batches(gpu, images, options);
    const small = new Batches(gpu, images, { ...options, chunkBytes: 2 ** 20 });
    assertEquals(large.stepsPerEpoch, 391);
    for (const step of [0, 17, 390]) {
      const expected = await bits(gpu, large.next(step));
      const got = await bits(gpu, small.next(step));
      got.forEach((values, i) => assertSameNumbers(values, expected[i]));
      assertEquals(expected[0].length, (step === 390 ? 80 : 128) * 3072);
    }
    const [got, expected] = [await bits(gpu, small.random(3)), await bits(gpu, large.random(3))];
    got.forEach((values, i) => assertSameNumbers(values, expected[i]));
  });

  const cases: [readonly [number, number, number], Augment | null][] = [
    [[32, 32, 3], full],
    [[28, 28, 1], { ...full, cutout: 14 }],
    [[7, 5, 3], { pad: 2, flip: true, cutout: 4, cutoutLegacy: true }],
    [[5, 9, 1], { pad: 1, flip: false, cutout: 0, cutoutLegacy: false }],
    [[13, 13, 3], null],
  ];
  for (const [image, augment] of cases) {
    const text = augment ? JSON.stringify(augment) : "no augmentation";
    await t.step(`images of ${image.join(" × ")} equal plain loops with ${text}`, async () => {
      const images = numbered(53, image);
      const options = optionsFor(images, image, { augment, chunkBytes: 4096 });
      const order = new Batches(gpu, images, { ...options, ...plain(image[2]) });
      const batches = new Batches(gpu, images, options);
      for (const step of [0, 3, 11]) {
        const chosen = await numbersOf(gpu, order.next(step));
        const { images: tensor, labels } = batches.next(step);
        const [pixels] = await gpu.read([tensor]);
        const none = { pad: 0, flip: false, cutout: 0, cutoutLegacy: false };
        assertSameNumbers(pixels, reference(images, chosen, options, augment ?? none, step));
        const [classes] = await gpu.readU32([labels]);
        assertEquals([...classes], chosen.map((i) => images.labels[i]));
      }
    });
  }

  await t.step("an epoch holds each image once, and the next has another order", async () => {
    const image = [4, 3, 3] as const;
    const images = numbered(1000, image);
    for (const dataMemory of [2 ** 31, 6000]) {
      const options = optionsFor(images, image, { ...plain(3), batch: 96, dataMemory });
      const batches = new Batches(gpu, images, options);
      const orders: number[][] = [];
      for (const epoch of [0, 1]) {
        batches.startEpoch(epoch);
        const seen: number[] = [];
        for (let step = 0; step < batches.stepsPerEpoch; step++) {
          seen.push(...await numbersOf(gpu, batches.next(epoch * batches.stepsPerEpoch + step)));
        }
        assertEquals(seen.toSorted((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));
        orders.push(seen);
      }
      assert(orders[0].filter((v, i) => v === orders[1][i]).length < 50);
      assert(orders[0].filter((v, i) => v === i).length < 50);
    }
  });

  await t.step("evaluation sees each image once in its order, the last batch smaller", async () => {
    const image = [4, 3, 1] as const;
    const images = numbered(75, image);
    for (const dataMemory of [2 ** 31, 200]) {
      const options = optionsFor(images, image, { ...plain(1), batch: 30, dataMemory });
      const batches = new Batches(gpu, images, { ...options, augment: full });
      const seen: number[][] = [];
      for (const batch of batches.sequential()) seen.push(await numbersOf(gpu, batch));
      assertEquals(seen.map((part) => part.length), [30, 30, 15]);
      assertEquals(seen.flat(), Array.from({ length: 75 }, (_, i) => i));
      const some = [...batches.sequential(40)].map((batch) => batch.n);
      assertEquals(some, [30, 10]);
    }
  });

  await t.step(
    "smaller batches of an evaluation, and ones that are augmented where asked",
    async () => {
      const image = [9, 9, 3] as const;
      const images = syntheticImages(20, image);
      const options = optionsFor(images, image, { batch: 16 });
      const batches = new Batches(gpu, images, options);
      const sizes = [...batches.sequential(15, 6)].map((batch) => batch.n);
      assertEquals([...sizes, batches.random(1, 5).n], [6, 6, 3, 5]);
      const augmented = { ...full, inEvaluation: true };
      const other = new Batches(gpu, images, { ...options, augment: augmented });
      const [first] = other.sequential(16);
      const chosen = Array.from({ length: 16 }, (_, i) => i);
      const [got] = await gpu.read([first.images]);
      assertSameNumbers(got, reference(images, chosen, options, full, 0));
    },
  );

  await t.step("a turn about the centre takes each pixel from between four others", async () => {
    const [h, w, c] = [7, 6, 2];
    const images = syntheticImages(5, [h, w, c]);
    const turned = { ...full, pad: 1, flip: false, cutout: 3, rotate: 1.2 };
    const options = optionsFor(images, [h, w, c], { batch: 5, augment: turned });
    const batches = new Batches(gpu, images, {
      ...options,
      augment: { ...turned, inEvaluation: true },
    });
    const [batch] = batches.sequential();
    const [got] = await gpu.read([batch.images]);
    const { mean, deviation, seed } = options;
    const draw = (i: number, k: number, below: number) =>
      hash(seed, Stream.augment, 0, i * 8 + k) % below;
    const value = (i: number, r: number, x: number, k: number) =>
      r < 0 || r >= h || x < 0 || x >= w
        ? 0
        : (images.pixels[((i * h + r) * w + x) * c + k] / 255 - mean[k]) / deviation[k];
    let at = 0;
    for (let i = 0; i < 5; i++) {
      const angle = (2 * uniform(seed, Stream.augment, 0, i * 8 + 5) - 1) * 1.2;
      for (let row = 0; row < h; row++) {
        for (let column = 0; column < w; column++) {
          const y = row + draw(i, 0, 3) - 1 - (h - 1) / 2;
          const x = column + draw(i, 1, 3) - 1 - (w - 1) / 2;
          const from = Math.cos(angle) * y - Math.sin(angle) * x + (h - 1) / 2;
          const to = Math.sin(angle) * y + Math.cos(angle) * x + (w - 1) / 2;
          const [r, q] = [Math.floor(from), Math.floor(to)];
          const [u, v] = [from - r, to - q];
          const [dy, dx] = [row - draw(i, 3, h) + 1, column - draw(i, 4, w) + 1];
          const cut = dy >= 0 && dy < 3 && dx >= 0 && dx < 3;
          for (let k = 0; k < c; k++) {
            const want = (1 - u) * ((1 - v) * value(i, r, q, k) + v * value(i, r, q + 1, k)) +
              u * ((1 - v) * value(i, r + 1, q, k) + v * value(i, r + 1, q + 1, k));
            assert(Math.abs(got[at++] - (cut ? 0 : want)) < 1e-3, `${i} ${row} ${column} ${k}`);
          }
        }
      }
    }
  });

  await t.step(
    "a shift takes each pixel from between four others and repeats the edges",
    async () => {
      const [h, w, c] = [7, 6, 2];
      const images = syntheticImages(5, [h, w, c]);
      const shifted = { ...full, pad: 0, cutout: 0, shift: 0.4 };
      const options = optionsFor(images, [h, w, c], { batch: 5, augment: shifted });
      const batches = new Batches(gpu, images, {
        ...options,
        augment: { ...shifted, inEvaluation: true },
      });
      const [batch] = batches.sequential();
      const [got] = await gpu.read([batch.images]);
      const { mean, deviation, seed } = options;
      const value = (i: number, r: number, x: number, k: number) => {
        const [row, column] = [Math.min(r, h - 1), Math.min(x, w - 1)];
        const byte = images.pixels[((i * h + row) * w + column) * c + k];
        return (byte / 255 - mean[k]) / deviation[k];
      };
      let at = 0;
      for (let i = 0; i < 5; i++) {
        const draw = (k: number) => 2 * uniform(seed, Stream.augment, 0, i * 8 + k) - 1;
        const mirrored = hash(seed, Stream.augment, 0, i * 8 + 2) % 2 === 1;
        for (let row = 0; row < h; row++) {
          for (let column = 0; column < w; column++) {
            const x = mirrored ? w - 1 - column : column;
            const from = Math.min(Math.max(row + draw(0) * 0.4 * h, 0), h - 1);
            const to = Math.min(Math.max(x + draw(1) * 0.4 * w, 0), w - 1);
            const [r, q] = [Math.floor(from), Math.floor(to)];
            const [u, v] = [from - r, to - q];
            for (let k = 0; k < c; k++) {
              const want = (1 - u) * ((1 - v) * value(i, r, q, k) + v * value(i, r, q + 1, k)) +
                u * ((1 - v) * value(i, r + 1, q, k) + v * value(i, r + 1, q + 1, k));
              assert(Math.abs(got[at++] - want) < 1e-3, `${i} ${row} ${column} ${k}`);
            }
          }
        }
      }
      assertThrows(
        () => new Batches(gpu, images, { ...options, augment: { ...shifted, pad: 1 } }),
        /Cannot augment with shift 0.4, pad 1 and rotate 0/,
      );
    },
  );

  await t.step("a reward batch depends on seed and step alone and repeats no image", async () => {
    const image = [4, 3, 1] as const;
    const images = numbered(100, image);
    const options = optionsFor(images, image, { ...plain(1), batch: 60 });
    const take = async (seed: number, steps: number[]) => {
      const batches = new Batches(gpu, images, { ...options, seed });
      const found: number[][] = [];
      for (const step of steps) {
        const batch = batches.random(step);
        found.push(await numbersOf(gpu, batch));
        const [labels] = await gpu.readU32([batch.labels]);
        assertEquals([...labels], found.at(-1)!.map((i) => images.labels[i]));
      }
      return found;
    };
    const [a, b] = await take(1, [5, 6]);
    assertEquals(new Set(a).size, 60);
    assertEquals((await take(1, [6]))[0], b);
    assert(String((await take(2, [6]))[0]) !== String(b));
    assert(String(a) !== String(b));
  });

  await t.step(
    "images larger than the batch's are cropped at random, in evaluation around their centre",
    async () => {
      const [h, w, c] = [6, 5, 3];
      const sizes = Uint32Array.from([6, 5, 9, 5, 6, 14, 8, 8, 7, 6, 20, 5, 6, 6]);
      const n = sizes.length / 2;
      const offsets = [0];
      for (let i = 0; i < n; i++) offsets.push(offsets[i] + sizes[2 * i] * sizes[2 * i + 1] * c);
      const pixels = noise(offsets[n], 5);
      const images: Images = { pixels, sizes, labels: Uint8Array.from([0, 1, 2, 3, 4, 5, 6]), n };
      const at = (i: number, row: number, column: number, k: number) => {
        const [height, width] = sizes.subarray(2 * i, 2 * i + 2);
        const inside = row >= 0 && row < height && column >= 0 && column < width;
        return inside ? pixels[offsets[i] + (row * width + column) * c + k] : 0;
      };
      const augment = { pad: 1, crop: true, flip: true, cutout: 0, cutoutLegacy: false };
      const chosen = new Set<string>();
      for (const dataMemory of [2 ** 31, 600]) {
        const options = { image: [h, w, c], ...plain(c), batch: 4, seed: 3, dataMemory } as const;
        const batches = new Batches(gpu, images, { ...options, augment });
        for (let step = 0; step < 12; step++) {
          const batch = batches.next(step);
          const [got] = await gpu.read([batch.images]);
          const [labels] = await gpu.readU32([batch.labels]);
          labels.forEach((i, b) => {
            const draw = (k: number, below: number) =>
              hash(3, Stream.augment, step, b * 8 + k) % below;
            const top = draw(6, sizes[2 * i] - h + 1);
            const left = draw(7, sizes[2 * i + 1] - w + 1);
            chosen.add([i, top, left].join());
            const [down, right] = [draw(0, 3) - 1, draw(1, 3) - 1];
            const mirrored = draw(2, 2) === 1;
            for (let p = 0; p < h * w * c; p++) {
              const [row, column, k] = [Math.floor(p / (w * c)), Math.floor(p / c) % w, p % c];
              const from = mirrored ? w - 1 - column : column;
              const want = at(i, top + down + row, left + right + from, k);
              assert(Math.abs(got[b * h * w * c + p] - want) < 1e-3, `${step} ${b} ${p}`);
            }
          });
        }
        const [first] = [...batches.sequential(4)];
        const [got] = await gpu.read([first.images]);
        for (let p = 0; p < 4 * h * w * c; p++) {
          const [b, row, column, k] = [
            Math.floor(p / (h * w * c)),
            Math.floor(p / (w * c)) % h,
            Math.floor(p / c) % w,
            p % c,
          ];
          const top = (sizes[2 * b] - h) >> 1;
          const left = (sizes[2 * b + 1] - w) >> 1;
          assert(Math.abs(got[p] - at(b, top + row, left + column, k)) < 1e-3, `${p}`);
        }
      }
      // The longest image alone has 15 places.
      assert(chosen.size > 20, `${chosen.size}`);
      const small = { ...images, sizes: sizes.with(1, 4) };
      assertThrows(
        () => new Batches(gpu, small, { image: [h, w, c], ...plain(c), batch: 4, seed: 3 }),
        /expected 7 images of 6 × 5 × 3 or more/,
      );
    },
  );

  await t.step("a set that is larger than the data memory gives the same values", async () => {
    const image = [9, 9, 3] as const;
    const images = numbered(64, image);
    const options = optionsFor(images, image, { ...plain(3), augment: full, batch: 20 });
    const shards = new Batches(gpu, images, { ...options, dataMemory: 5000 });
    const order = new Batches(gpu, images, { ...options, ...plain(3), dataMemory: 5000 });
    for (const step of [0, 1, 3]) {
      const chosen = await numbersOf(gpu, order.next(step));
      const [pixels] = await gpu.read([shards.next(step).images]);
      assertSameNumbers(pixels, reference(images, chosen, options, full, step));
    }
  });

  await t.step("a step makes no buffer", () => {
    const image = [8, 8, 1] as const;
    const images = numbered(40, image);
    const batches = new Batches(gpu, images, optionsFor(images, image));
    const first = batches.next(0);
    const second = batches.next(1);
    assertEquals(first.images.buffer.id, second.images.buffer.id);
    assertEquals(first.labels.buffer.id, second.labels.buffer.id);
  });

  await t.step("what does not fit is refused", () => {
    const image = [8, 8, 1] as const;
    const images = numbered(4, image);
    const make = (more: Partial<BatchOptions>) => () =>
      new Batches(gpu, images, optionsFor(images, image, more));
    assertThrows(make({ chunkBytes: 48 }), /one has 64 bytes, expected at most 48/);
    assertThrows(make({ image: [8, 8, 3] }), /got 256 bytes and 4 labels, expected 4 images/);
    assertThrows(make({ mean: [0, 0] }), /got 2 means/);
    assertThrows(make({ batch: 0 }), /Cannot make batches of 0/);
    assertThrows(make({ augment: { ...full, pad: -1 } }), /pad -1/);
    const empty = { pixels: new Uint8Array(), labels: new Uint8Array(), n: 0 };
    assertThrows(() => new Batches(gpu, empty, optionsFor(images, image)), /got 0 images/);
  });

  gpu.close();
});
