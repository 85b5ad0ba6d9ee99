import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { loadDataSet, type LoadOptions } from "../../src/data/load.ts";
import { flatPng, inFolder, writePictures } from "./make.ts";

function load(dir: string, more: Partial<LoadOptions> = {}) {
  const cacheDir = join(dir, "cache");
  return loadDataSet(dir, { cacheDir, splits: "search", seed: 1, ...more });
}

Deno.test("an image folder is split by class, and by seed", () =>
  inFolder(async (dir) => {
    await writePictures(dir, { train: 20, test: 3 });
    const data = await load(dir);
    assertEquals(data.classes, ["ant", "bee"]);
    assertEquals(data.image, [32, 32, 3]);
    assertEquals([data.train.n, data.valid.n, data.testCount], [36, 4, 6]);
    assertEquals([...data.valid.labels].toSorted(), [0, 0, 1, 1]);
    const colours = (pixels: Uint8Array, n: number) =>
      Array.from({ length: n }, (_, i) => [...pixels.subarray(i * 3072, i * 3072 + 3)].join());
    const all = [...colours(data.train.pixels, 36), ...colours(data.valid.pixels, 4)];
    assertEquals(new Set(all).size, 40);
    for (let i = 0; i < 36; i++) {
      assertEquals(data.train.pixels[i * 3072 + 1], data.train.labels[i]);
    }
    assertEquals((await load(dir)).train, data.train);
    assert(String((await load(dir, { seed: 2 })).valid.pixels) !== String(data.valid.pixels));
    assertEquals((await data.test()).n, 6);
    const final = await load(dir, { splits: "final" });
    assertEquals([final.train.n, final.valid.n], [40, 0]);
    const few = await load(dir, { trainLimit: 10, validLimit: 1 });
    assertEquals([few.train.n, few.valid.n], [10, 1]);
    assertEquals(new Set(few.train.labels).size, 2);
  }));

Deno.test("a validation folder is taken as it is", () =>
  inFolder(async (dir) => {
    await writePictures(dir, { train: 5, valid: 3, test: 2 });
    const data = await load(dir);
    assertEquals([data.train.n, data.valid.n, data.testCount], [10, 6, 4]);
    assertEquals(data.valid.pixels[2], 10);
    const final = await load(dir, { splits: "final" });
    assertEquals([final.train.n, final.valid.n], [16, 0]);
  }));

Deno.test("size and channels follow the pictures", () =>
  inFolder(async (dir) => {
    await writePictures(dir, { train: 4, test: 2 }, { size: [90, 48], grey: true });
    assertEquals((await load(dir)).image, [64, 64, 1]);
    assertEquals((await load(dir, { side: 40 })).image, [40, 40, 1]);
    await Deno.writeFile(join(dir, "train", "ant", "red.png"), flatPng(50, 50, [200, 0, 0]));
    assertEquals((await load(dir)).image, [64, 64, 3]);
    await assertRejects(
      () => load(dir, { side: 3 }),
      /side 3: expected a whole number of 4 … 1024/,
    );
  }));

Deno.test("a colour test picture in a grey set is turned to grey", () =>
  inFolder(async (dir) => {
    await writePictures(dir, { train: 4, test: 1 }, { grey: true });
    await Deno.writeFile(join(dir, "test", "bee", "000.png"), flatPng(9, 9, [255, 0, 0]));
    const test = await (await load(dir)).test();
    const at = [...test.labels].indexOf(1);
    assertEquals(test.pixels[at * 1024], 76);
  }));

Deno.test("unreadable pictures are skipped and named up to one in twenty", () =>
  inFolder(async (dir) => {
    await writePictures(dir, { train: 20, test: 2 });
    await Deno.writeTextFile(join(dir, "train", "ant", "003.png"), "no picture");
    await Deno.writeTextFile(join(dir, "train", "bee", "readme.txt"), "hello");
    const data = await load(dir);
    assertEquals(data.train.n + data.valid.n, 39);
    assertEquals(data.notes.length, 2);
    assert(/1 files in .*bee are not .png.*\(readme\.txt\)/.test(data.notes[0]));
    assert(
      /Skipped .*ant\/003\.png \(it is no PNG, JPEG, WebP, GIF or BMP file\)/.test(data.notes[1]),
    );
    await Deno.truncate(join(dir, "train", "ant", "004.png"), 60);
    await Deno.truncate(join(dir, "train", "ant", "005.png"), 60);
    await assertRejects(
      () => load(dir),
      /3 of 40 pictures are unreadable, expected at most 5 %; .*003\.png/,
    );
  }));

Deno.test("an image folder with parts or classes missing is refused", () =>
  inFolder(async (dir) => {
    await writePictures(dir, { train: 3 });
    await assertRejects(() => load(dir), /it has no folder test, expected .*test\/<class>/);
    await writePictures(dir, { test: 2 }, { classes: ["ant"] });
    await assertRejects(
      () => load(dir),
      /test: it has no class bee, expected the classes of train \(ant, bee\)/,
    );
    await writePictures(dir, { test: 2 }, { classes: ["bee", "cat"] });
    await assertRejects(() => load(dir), /test: it has a class cat/);
    await Deno.remove(join(dir, "test", "cat"), { recursive: true });
    assertEquals((await load(dir)).testCount, 4);
    await Deno.mkdir(join(dir, "train", "asp"));
    await Deno.writeTextFile(join(dir, "train", "asp", "a.tif"), "x");
    await assertRejects(() => load(dir), /train\/asp: it has no pictures among 1 files/);
    await Deno.remove(join(dir, "train", "asp"), { recursive: true });
    await Deno.remove(join(dir, "train", "bee"), { recursive: true });
    await assertRejects(() => load(dir), /it has 1 class folders, expected at least 2/);
  }));
