import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { loadDataSet, type LoadOptions } from "../../src/data/load.ts";
import { cifarRows, inFolder } from "./make.ts";

const rows = {
  cifar10: [cifarRows(5100, 1, 10, 1), cifarRows(200, 1, 10, 2)],
  cifar100: [cifarRows(500, 2, 100, 1), cifarRows(200, 2, 100, 2)],
};

async function cifar(dir: string): Promise<LoadOptions> {
  for (
    const [name, train, test] of [
      ["cifar10", "data_batch_1.bin", "test_batch.bin"],
      ["cifar100", "train.bin", "test.bin"],
    ] as const
  ) {
    await Deno.mkdir(join(dir, name));
    await Deno.writeFile(join(dir, name, train), rows[name][0]);
    await Deno.writeFile(join(dir, name, test), rows[name][1]);
  }
  return { cacheDir: join(dir, "cache"), dataDir: dir, splits: "search", seed: 1 };
}

Deno.test("act_cifar10 validates on the first 500 images of each class, in file order", () =>
  inFolder(async (dir) => {
    const options = await cifar(dir);
    const all = await loadDataSet("cifar10", { ...options, splits: "final" });
    const data = await loadDataSet("act_cifar10", options);
    assertEquals([data.train.n, data.valid.n], [100, 5000]);
    // Labels count up, so the first 5,000 images are the first 500 of each class.
    assertEquals(data.valid.pixels, all.train.pixels.subarray(0, 5000 * 3072));
    assertEquals(data.train.labels, all.train.labels.subarray(5000));
    assertEquals(data.mean, [125.3 / 255, 123 / 255, 113.9 / 255]);
    const final = await loadDataSet("act_cifar10", { ...options, splits: "final" });
    assertEquals([final.train.n, final.valid.n], [5100, 0]);
  }));

Deno.test("NAS-Bench-201 trains on half of CIFAR-10: its own list of indices, else constant halves", () =>
  inFolder(async (dir) => {
    const options = await cifar(dir);
    const all = await loadDataSet("cifar10", { ...options, splits: "final" });
    const data = await loadDataSet("nb201_cifar10", options);
    assertEquals([data.train.n, data.valid.n], [2550, 2550]);
    assert(data.notes.some((note) => note.includes("cifar-split.txt")), data.notes.join());
    assertEquals((await loadDataSet("nb201_cifar10", { ...options, seed: 7 })).train, data.train);
    const even = Array.from({ length: 2550 }, (_, i) => String(2 * i));
    const odd = even.map((index) => String(Number(index) + 1));
    const path = join(dir, "cifar-split.txt");
    const write = (train: string[], valid: string[]) =>
      Deno.writeTextFile(path, JSON.stringify({ train: ["int", train], valid: ["int", valid] }));
    await write(even, odd);
    const published = await loadDataSet("nb201_cifar10", options);
    assertEquals(published.notes.filter((note) => note.includes("random")), []);
    assertEquals(published.valid.labels, all.train.labels.filter((_, i) => i % 2 === 1));
    assertEquals(
      published.train.pixels.subarray(3072, 6144),
      all.train.pixels.subarray(6144, 9216),
    );
    await write(even, even);
    await assertRejects(
      () => loadDataSet("nb201_cifar10", options),
      /valid has index 0, expected 0 … 5099, each once/,
    );
  }));

Deno.test("NAS-Bench-201 validates on one half of CIFAR-100's test images and tests on the other", () =>
  inFolder(async (dir) => {
    const options = await cifar(dir);
    const data = await loadDataSet("nb201_cifar100", options);
    const test = await data.test();
    assertEquals([data.train.n, data.valid.n, data.testCount, test.n], [500, 100, 100, 100]);
    const first = (pixels: Uint8Array) =>
      Array.from({ length: 100 }, (_, i) => pixels.subarray(i * 3072, i * 3072 + 64).join());
    const both = new Set([...first(data.valid.pixels), ...first(test.pixels)]);
    assertEquals(both.size, 200);
    assertEquals([data.mean[0], data.deviation[2]], [129.3 / 255, 70.4 / 255]);
  }));
