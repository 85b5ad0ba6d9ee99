import { join } from "@std/path";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { cifarForms, readCifarTest, readCifarTrain } from "../../src/data/cifar.ts";
import { type Files, readWhole, unpackedSize } from "../../src/data/file_source.ts";
import { hostFiles } from "../../src/data/files.ts";
import { readIdxPair } from "../../src/data/idx.ts";
import { loadDataSet, type LoadOptions } from "../../src/data/load.ts";
import { syntheticDataSet } from "../../src/data/synthetic.ts";
import { DataError } from "../../src/common/errors.ts";
import { cifarRows, idx, idxNames, idxSet, inFolder, noise, tar, writeIdx } from "./make.ts";

const debian = "/usr/share/datasets/fashion-mnist";
const hasDebian = (() => {
  try {
    return Deno.statSync(debian).isDirectory;
  } catch {
    return false;
  }
})();

function load(name: string, dir: string, more: Partial<LoadOptions> = {}) {
  return loadDataSet(name, { cacheDir: join(dir, "cache"), splits: "search", seed: 1, ...more });
}

Deno.test("an IDX pair is read packed and not, by its content and not its name", () =>
  inFolder(async (dir) => {
    const [images, labels] = idxSet(30, 0);
    await Deno.writeFile(join(dir, "images"), images);
    await Deno.writeFile(join(dir, "labels"), gzipSync(labels));
    const read = await readIdxPair(hostFiles, join(dir, "images"), join(dir, "labels"), 10);
    assertEquals(read.image, [7, 5, 1]);
    assertEquals(read.images.n, 30);
    assertEquals([...read.images.pixels], [...noise(30 * 35)]);
    assertEquals([...read.images.labels.subarray(0, 12)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  }));

Deno.test("a damaged IDX file is one sentence with file, value and expectation", async (t) => {
  const [images, labels] = idxSet(30, 0);
  const cases: [string, Uint8Array, Uint8Array, RegExp][] = [
    [
      "cut off",
      images.subarray(0, 500),
      labels,
      /images: it has 500 bytes, expected 1066 for 30 × 7 × 5/,
    ],
    ["without header", images.subarray(0, 9), labels, /it has 9 bytes, .* header of 16/],
    ["too long", new Uint8Array([...images, 0]), labels, /1067 bytes, expected 1066/],
    ["other magic", labels, labels, /starts with 0x00000801, .* starts with 0x00000803/],
    ["fewer labels", images, idx([29], new Uint8Array(29)), /30 images and labels 29 labels/],
    [
      "label 10",
      images,
      idx([30], new Uint8Array(30).fill(10, 4)),
      /label of image 4 is 10, expected 0 … 9/,
    ],
    [
      "damaged gzip",
      gzipSync(images).subarray(0, 300),
      labels,
      /after 300 bytes, expected a whole gzip/,
    ],
  ];
  for (const [name, a, b, message] of cases) {
    await t.step(name, () =>
      inFolder(async (dir) => {
        await Deno.writeFile(join(dir, "images"), a);
        await Deno.writeFile(join(dir, "labels"), b);
        const read = () => readIdxPair(hostFiles, join(dir, "images"), join(dir, "labels"), 10);
        await assertRejects(read, message);
        await read().catch((error) => assert(error instanceof DataError));
      }));
  }
  await t.step(
    "absent",
    () =>
      inFolder((dir) =>
        assertRejects(
          () => readIdxPair(hostFiles, join(dir, "a"), join(dir, "b")),
          /b: there is no such file/,
        )
      ),
  );
});

Deno.test("CIFAR rows are turned from planes to NHWC, from folder and archive alike", () =>
  inFolder(async (dir) => {
    const form = cifarForms.cifar10;
    const files: Record<string, Uint8Array> = {};
    form.train.forEach((name, i) => files[`x/${name}`] = cifarRows(4, 1, 10, i));
    files["x/batches.meta.txt"] = new TextEncoder().encode("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
    files["x/test_batch.bin"] = cifarRows(3, 1, 10, 9);
    const mixed = Object.entries(files).toReversed();
    await Deno.writeFile(join(dir, "c.tar.gz"), gzipSync(tar(Object.fromEntries(mixed))));
    await Deno.mkdir(join(dir, "x"));
    for (const name in files) await Deno.writeFile(join(dir, name), files[name]);
    const packed = await readCifarTrain(hostFiles, join(dir, "c.tar.gz"), form);
    const unpacked = await readCifarTrain(hostFiles, join(dir, "x"), form);
    assertEquals(packed.train, unpacked.train);
    assertEquals([packed.train.n, packed.testCount, packed.classes.join("")], [
      20,
      3,
      "abcdefghij",
    ]);
    const raw = files["x/data_batch_2.bin"];
    const [row, p, c] = [3, 77, 2];
    assertEquals(
      packed.train.pixels[((4 + row) * 1024 + p) * 3 + c],
      raw[row * 3073 + 1 + c * 1024 + p],
    );
    assertEquals([...packed.train.labels.subarray(4, 8)], [0, 1, 2, 3]);
    const test = await readCifarTest(hostFiles, join(dir, "c.tar.gz"), form);
    assertEquals(test, await readCifarTest(hostFiles, join(dir, "x"), form));
    assertEquals(test.n, 3);
  }));

Deno.test("CIFAR-100 takes the fine label", () =>
  inFolder(async (dir) => {
    await Deno.writeFile(join(dir, "train.bin"), cifarRows(101, 2, 100));
    await Deno.writeFile(join(dir, "test.bin"), cifarRows(2, 2, 100));
    const data = await load(dir, dir);
    assertEquals(data.classes.length, 100);
    assertEquals([data.train.n, data.valid.n, data.testCount], [91, 10, 2]);
    assertEquals([...data.train.labels.subarray(0, 3)], [0, 1, 2]);
  }));

Deno.test("a CIFAR folder with fewer files gives fewer images and says so", () =>
  inFolder(async (dir) => {
    await Deno.writeFile(join(dir, "data_batch_1.bin"), cifarRows(20, 1, 10));
    await Deno.writeFile(join(dir, "test_batch.bin"), cifarRows(5, 1, 10));
    const data = await load("cifar10", dir, { dataDir: dir });
    assertEquals([data.train.n, data.valid.n, data.testCount], [18, 2, 5]);
    assertEquals(data.classes[9], "truck");
    assertEquals(data.notes.length, 1);
    assert(/20 of the 50000 training images .*data_batch_2\.bin/.test(data.notes[0]));
    assertEquals((await data.test()).n, 5);
  }));

Deno.test("a damaged CIFAR file or archive is one sentence", async (t) => {
  const good = cifarRows(3, 1, 10);
  const wrong = good.slice();
  wrong[3073] = 11;
  const cases: [string, Record<string, Uint8Array>, RegExp][] = [
    [
      "cut off",
      { "data_batch_1.bin": good.subarray(0, 9000), "test_batch.bin": good },
      /data_batch_1\.bin: it has 9000 bytes, expected a multiple of 3073/,
    ],
    [
      "label 11",
      { "data_batch_1.bin": wrong, "test_batch.bin": good },
      /data_batch_1\.bin: the label of image 1 is 11, expected 0 … 9/,
    ],
    ["empty", { "data_batch_1.bin": new Uint8Array(), "test_batch.bin": good }, /it has 0 bytes/],
    ["no test file", { "data_batch_1.bin": good }, /it has no test_batch\.bin/],
    ["no training file", { "test_batch.bin": good }, /it has no data_batch_1\.bin/],
  ];
  for (const [name, files, message] of cases) {
    await t.step(name, () =>
      inFolder(async (dir) => {
        for (const file in files) await Deno.writeFile(join(dir, file), files[file]);
        await assertRejects(() => readCifarTrain(hostFiles, dir, cifarForms.cifar10), message);
        const path = join(dir, "c.tar");
        await Deno.writeFile(path, tar(files));
        await assertRejects(() => readCifarTrain(hostFiles, path, cifarForms.cifar10), message);
      }));
  }
  const whole = gzipSync(tar({ "data_batch_1.bin": good, "test_batch.bin": good }));
  const archives: [string, Uint8Array, RegExp][] = [
    ["a truncated archive", whole.subarray(0, whole.length >> 1), /ends after \d+ unpacked bytes/],
    ["no archive", noise(2000), /expected a tar or tar\.gz archive/],
    ["an empty archive", new Uint8Array(), /it has 0 bytes, expected a tar/],
  ];
  for (const [name, bytes, message] of archives) {
    await t.step(name, () =>
      inFolder(async (dir) => {
        await Deno.writeFile(join(dir, "c.tar.gz"), bytes);
        await assertRejects(
          () => readCifarTrain(hostFiles, join(dir, "c.tar.gz"), cifarForms.cifar10),
          message,
        );
      }));
  }
});

/** Files in memory, like those dropped onto a page. */
function memoryFiles(all: Record<string, Uint8Array<ArrayBuffer>>): Files {
  return {
    size: (path) => Promise.resolve(all[path]?.length ?? null),
    list: () => Promise.resolve([]),
    read(path, from, to) {
      if (all[path]) return Promise.resolve(all[path].slice(from, to));
      return Promise.reject(Object.assign(new Error(path), { name: "NotFound" }));
    },
  };
}

Deno.test("the readers read from memory what they read from a disk, pieces of an archive too", () =>
  inFolder(async (dir) => {
    const rows = (seed: number) => cifarRows(400, 1, 10, seed);
    // Noise does not shrink: the archive is read in several pieces.
    const archive = gzipSync(tar({ "data_batch_1.bin": rows(1), "test_batch.bin": rows(2) }));
    const path = join(dir, "c.tar.gz");
    await Deno.writeFile(path, archive);
    const [images, labels] = idxSet(30, 0);
    const packed = new Uint8Array(gzipSync(labels));
    const files = memoryFiles({ [path]: new Uint8Array(archive), images, labels: packed });
    const form = cifarForms.cifar10;
    assert(archive.length > 2 * 2 ** 20, `${archive.length} bytes`);
    assertEquals(
      await readCifarTrain(files, path, form),
      await readCifarTrain(hostFiles, path, form),
    );
    assertEquals(
      await readCifarTest(files, path, form),
      await readCifarTest(hostFiles, path, form),
    );
    assertEquals((await readIdxPair(files, "images", "labels", 10)).images.n, 30);
    await assertRejects(
      () => readIdxPair(files, "none", "labels"),
      /^Cannot read none: there is no such file, expected one$/,
    );
  }));

Deno.test("a file of this machine is read from anywhere to anywhere", () =>
  inFolder(async (dir) => {
    const path = join(dir, "labels.gz");
    const bytes = new Uint8Array(gzipSync(idxSet(30, 0)[1]));
    await Deno.writeFile(path, bytes);
    const read = async (...range: [number?, number?]) => [...await hostFiles.read(path, ...range)];
    assertEquals(await read(), [...bytes]);
    assertEquals(await read(3, 9), [...bytes.subarray(3, 9)]);
    assertEquals(await read(3), [...bytes.subarray(3)]);
    assertEquals(await read(bytes.length - 2, bytes.length + 10), [...bytes.subarray(-2)]);
    assertEquals(await read(bytes.length + 1), []);
    assertEquals(await unpackedSize(hostFiles, path), (await readWhole(hostFiles, path)).length);
    assertEquals(await hostFiles.size(join(dir, "none")), null);
  }));

Deno.test("validation is the last tenth, and the final training takes all images", () =>
  inFolder(async (dir) => {
    await writeIdx(dir, 47, 20);
    const search = await load(dir, dir);
    assertEquals([search.train.n, search.valid.n, search.testCount], [43, 4, 20]);
    const all = noise(47 * 35);
    assertEquals([...search.valid.pixels], [...all.subarray(43 * 35)]);
    assertEquals([...search.valid.labels], [3, 4, 5, 6]);
    const final = await load(dir, dir, { splits: "final" });
    assertEquals([final.train.n, final.valid.n], [47, 0]);
    assertEquals([...final.train.pixels], [...all]);
    const limited = await load(dir, dir, { trainLimit: 10, validLimit: 2 });
    assertEquals([limited.train.n, limited.valid.n], [10, 2]);
    assertEquals([...limited.valid.labels], [3, 4]);
    const mean = all.subarray(0, 350).reduce((s, v) => s + v / 255, 0) / 350;
    assertAlmostEquals(limited.mean[0], mean, 1e-12);
    const square = all.subarray(0, 350).reduce((s, v) => s + (v / 255 - mean) ** 2, 0) / 350;
    assertAlmostEquals(limited.deviation[0], Math.sqrt(square), 1e-12);
    await assertRejects(
      () => load(dir, dir, { trainLimit: 0 }),
      /Cannot use 0 images as trainLimit/,
    );
    await assertRejects(() => load(dir, dir, { side: 32 }), /only image folders are resized/);
  }));

Deno.test("the test files are not opened before they are asked for", async (t) => {
  for (const packed of [false, true]) {
    await t.step(packed ? "gzip" : "plain", () =>
      inFolder(async (dir) => {
        // Files that are no data set go unnoticed until the test set is read.
        await writeIdx(dir, 40, 20, packed);
        for (const name of idxNames.slice(2)) {
          await Deno.writeTextFile(join(dir, name + (packed ? ".gz" : "")), "broken");
        }
        const data = await load("mnist", dir, { dataDir: dir });
        assertEquals(data.train.n, 36);
        await assertRejects(() => data.test(), /t10k-labels.* it has 6 bytes/);
        await writeIdx(dir, 40, 20, packed);
        assertEquals((await data.test()).n, 20);
      }));
  }
});

Deno.test("test images of another size are refused", () =>
  inFolder(async (dir) => {
    await writeIdx(dir);
    await Deno.writeFile(join(dir, idxNames[2]), idx([20, 5, 7], noise(20 * 35)));
    const data = await load(dir, dir);
    await assertRejects(() => data.test(), /5 × 7 pixels, expected 7 × 5/);
  }));

Deno.test({
  name: "Debian's Fashion-MNIST has the published statistics",
  ignore: !hasDebian && !Deno.env.get("CI"),
  fn: () =>
    inFolder(async (dir) => {
      const data = await load("fashion-mnist", dir);
      assertEquals([data.train.n, data.valid.n, data.testCount], [54_000, 6_000, 10_000]);
      assertEquals(data.image, [28, 28, 1]);
      assertEquals(data.classes[data.train.labels[0]], "Ankle boot");
      assertEquals(data.flip, true);
      const final = await load("fashion-mnist", dir, { splits: "final" });
      assertAlmostEquals(final.mean[0], 0.2860, 5e-5);
      assertAlmostEquals(final.deviation[0], 0.3530, 5e-5);
      const test = await data.test();
      assertEquals(test.n, 10_000);
      assertEquals([...test.labels.subarray(0, 5)], [9, 2, 1, 1, 6]);
    }),
});

Deno.test("the synthetic set is the same each time and differs between its parts", async () => {
  const make = () =>
    syntheticDataSet({ train: 50, valid: 20, test: 10, image: [5, 3, 3], classes: 4 });
  const a = make();
  assertEquals(a.train, make().train);
  assertEquals((await a.test()).n, 10);
  assert(String(a.train.pixels.subarray(0, 45)) !== String(a.valid.pixels.subarray(0, 45)));
  assertEquals(new Set(a.train.labels).size, 4);
  assert(a.deviation.every((d) => d > 0.1 && d < 0.5));
});
