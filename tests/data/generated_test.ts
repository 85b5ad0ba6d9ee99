import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { parse } from "npyjs";
import type { Images } from "../../src/data/dataset.ts";
import { loadDataSet, type LoadOptions } from "../../src/data/load.ts";
import { npyHeader, npyParts } from "../../src/data/npy_set.ts";
import { type KnownSet, knownSets } from "../../src/data/published.ts";
import { cifarTile, digitSet, triplesOf } from "../../src/data/recipes.ts";
import { cifarRows, idx, idxNames, inFolder, noise } from "./make.ts";

const counts = { train: 30, valid: 10, test: 12 };
const sets: Record<string, KnownSet> = {
  ...knownSets,
  addnist: { ...knownSets.addnist, recipe: digitSet("sum", counts) },
  multnist: { ...knownSets.multnist, recipe: digitSet("product", counts) },
  cifartile: { ...knownSets.cifartile, recipe: cifarTile(counts) },
};

/** MNIST and CIFAR-10 of noise; `n` images of each class. */
async function sources(dir: string, n = 6): Promise<LoadOptions> {
  const mnist = join(dir, "mnist"), cifar = join(dir, "cifar10");
  await Deno.mkdir(mnist);
  await Deno.mkdir(cifar);
  const labels = Uint8Array.from({ length: 10 * n }, (_, i) => i % 10);
  const files = [1, 2].flatMap((seed) => [
    idx([10 * n, 28, 28], noise(10 * n * 784, seed)),
    idx([10 * n], labels),
  ]);
  for (const [i, bytes] of files.entries()) await Deno.writeFile(join(mnist, idxNames[i]), bytes);
  await Deno.writeFile(join(cifar, "data_batch_1.bin"), cifarRows(10 * n, 1, 10, 3));
  await Deno.writeFile(join(cifar, "test_batch.bin"), cifarRows(10 * n, 1, 10, 4));
  return { cacheDir: join(dir, "cache"), dataDir: dir, sets, splits: "search", seed: 1 };
}

/** The images of a part, each as the values of one channel or tile, to look up where they come from. */
function pieces({ pixels, labels, n }: Images, size: number) {
  return new Map(
    Array.from({ length: n }, (_, i) => [
      pixels.subarray(i * size, (i + 1) * size).join(),
      labels[i],
    ]),
  );
}

Deno.test("the pool of AddNIST has the published size, triples and balance of labels", () => {
  const pool = triplesOf("sum", "train");
  assertEquals(pool.length, 306_240);
  assertEquals(new Set(pool).size, 915);
  assertEquals(new Set(triplesOf("sum", "test")).size, 915);
  const shares = new Float64Array(20);
  for (const code of pool) {
    shares[Math.floor(code / 100) + Math.floor(code / 10) % 10 + code % 10 - 1] += 100 / 306_240;
  }
  assertEquals(Math.min(...shares).toFixed(2), "4.87");
  assertEquals(Math.max(...shares).toFixed(2), "5.49");
});

Deno.test("AddNIST and MultNIST have a digit in each channel, their sum or product as label", () =>
  inFolder(async (dir) => {
    const options = await sources(dir);
    const mnist = await loadDataSet("mnist", { ...options, splits: "final" });
    for (
      const [name, label] of [
        ["addnist", (r: number, g: number, b: number) => r + g + b - 1],
        ["multnist", (r: number, g: number, b: number) => (r * g * b) % 10],
      ] as const
    ) {
      const data = await loadDataSet(name, options);
      assertEquals([data.train.n, data.valid.n, data.testCount], [30, 10, 12]);
      assertEquals([data.mean[2], data.deviation[0], data.flip], [0.1307, 0.3081, false]);
      const all: [Images, Images][] = [
        [data.train, mnist.train],
        [data.valid, mnist.train],
        [await data.test(), await mnist.test()],
      ];
      for (const [part, source] of all) {
        const digits = pieces(source, 784);
        for (let i = 0; i < part.n; i++) {
          const image = part.pixels.subarray(i * 2352, (i + 1) * 2352);
          const [r, g, b] = [0, 1, 2].map((c) =>
            digits.get(image.filter((_, p) => p % 3 === c).join())!
          );
          assertEquals(part.labels[i], label(r, g, b));
        }
      }
    }
  }));

Deno.test("CIFARTile has four images of as many classes as its label says", () =>
  inFolder(async (dir) => {
    const options = await sources(dir);
    const cifar = await loadDataSet("cifar10", { ...options, splits: "final" });
    const data = await loadDataSet("cifartile", options);
    assertEquals([data.image, data.train.n, data.valid.n], [[64, 64, 3], 30, 10]);
    const part = await data.test();
    const known = pieces(await cifar.test(), 3072);
    for (let i = 0; i < part.n; i++) {
      const tiles = [0, 1, 2, 3].map((k) => tile(part, i, k));
      const classes = tiles.map((bytes) => known.get(bytes.join()));
      assert(!classes.includes(undefined), "test images are not augmented");
      assertEquals(new Set(classes).size, part.labels[i] + 1);
      assertEquals(new Set(tiles.map(String)).size, 4);
    }
    assert(new Set(part.labels).size > 1);
    // A training tile is an image shifted by up to four pixels: its centre is found in one.
    const lines = [...pieces(cifar.train, 3072).keys()];
    const centre = (bytes: Uint8Array) =>
      Array.from(
        { length: 8 },
        (_, x) => bytes.subarray((16 * 32 + 12 + x) * 3, (16 * 32 + 13 + x) * 3),
      );
    for (let k = 0; k < 4; k++) {
      const pixels = centre(tile(data.train, 0, k));
      const rows = [pixels, pixels.toReversed()].map((row) => row.map((p) => p.join()).join());
      assert(lines.some((line) => rows.some((row) => line.includes(row))));
    }
  }));

function tile({ pixels }: Images, image: number, place: number): Uint8Array {
  const from = image * 64 * 64 * 3 + (Math.floor(place / 2) * 32 * 64 + (place % 2) * 32) * 3;
  const rows = Array.from(
    { length: 32 },
    (_, y) => [...pixels.subarray(from + y * 192, from + y * 192 + 96)],
  );
  return Uint8Array.from(rows.flat());
}

Deno.test("a generated set is kept as files that other programs read, the same each time", () =>
  inFolder(async (dir) => {
    const options = await sources(dir);
    const first = await loadDataSet("addnist", options);
    const folder = join(options.cacheDir, "addnist");
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(names, npyParts.flatMap((part) => [`${part}_x.npy`, `${part}_y.npy`]).sort());
    const x = parse(Deno.readFileSync(join(folder, "train_x.npy")).buffer);
    assertEquals([x.dtype, x.shape], ["f4", [30, 3, 28, 28]]);
    const y = parse(Deno.readFileSync(join(folder, "train_y.npy")).buffer);
    assertEquals(Array.from(y.data as BigInt64Array, Number), [...first.train.labels]);
    const value = (first.train.pixels[2352 + 3 * 5 + 2] / 255 - 0.1307) / 0.3081;
    assertEquals((x.data as Float32Array)[2352 + 2 * 784 + 5], Math.fround(value));
    const before = npyParts.map((part) => Deno.readFileSync(join(folder, `${part}_x.npy`)));
    await Deno.remove(folder, { recursive: true });
    const second = await loadDataSet("addnist", options);
    assertEquals(second.train, first.train);
    assertEquals(npyParts.map((part) => Deno.readFileSync(join(folder, `${part}_x.npy`))), before);
    assertEquals([...Deno.readDirSync(options.cacheDir)].map(({ name }) => name), ["addnist"]);
  }));

Deno.test("a folder of arrays is a data set: bytes, or floats of a known normalisation", () =>
  inFolder(async (dir) => {
    const options = await sources(dir);
    const made = await loadDataSet("addnist", options);
    const folder = join(options.cacheDir, "addnist");
    const read = await loadDataSet(folder, options);
    assertEquals([read.train.pixels, read.classes.length], [
      made.train.pixels,
      Math.max(...made.train.labels, ...made.valid.labels) + 1,
    ]);
    const planes = Uint8Array.from({ length: 30 * 2352 }, (_, i) => i % 255);
    Deno.writeFileSync(
      join(folder, "train_x.npy"),
      Uint8Array.from([...npyHeader("|u1", [30, 3, 28, 28]), ...planes]),
    );
    const bytes = await loadDataSet(folder, options);
    assertEquals([...bytes.train.pixels.subarray(0, 3)], [0, planes[784], planes[1568]]);
    const floats = new Uint8Array(Float32Array.from(planes, (v) => v / 7).buffer);
    const refused: [string, Uint8Array, RegExp][] = [
      [
        "train_x.npy",
        Uint8Array.from([...npyHeader("<f4", [30, 3, 28, 28]), ...floats]),
        /train_x\.npy: its numbers are no pixels/,
      ],
      [
        "train_x.npy",
        Uint8Array.from([...npyHeader("|u1", [30, 3, 28, 28]), 1]),
        /train_x\.npy: it has \d+ bytes and announces/,
      ],
      ["train_y.npy", npyHeader("<f8", [0]), /train_y\.npy: .*one label for each image/],
      ["train_x.npy", new TextEncoder().encode("not an array"), /start with NUMPY/],
    ];
    for (const [name, content, why] of refused) {
      const path = join(folder, name);
      const good = Deno.readFileSync(path);
      Deno.writeFileSync(path, content);
      await assertRejects(() => loadDataSet(folder, options), why);
      Deno.writeFileSync(path, good);
    }
  }));
