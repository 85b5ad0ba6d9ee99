/** Pictures are decoded once; the cached result is used again only while it is valid. */
import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { loadDataSet, type LoadOptions } from "../../src/data/load.ts";
import { PictureCache } from "../../src/data/picture_cache.ts";
import { PictureReader } from "../../src/data/picture_reader.ts";
import { flatPng, inFolder, noise, writePictures } from "./make.ts";
import { pngFrom } from "./picture_files.ts";

const wanted = { resize: 4, side: 4 };

/** Reads one picture and says whether it was kept. */
async function read(
  dir: string,
  path: string,
  want: { resize: number; side: number | null } = wanted,
) {
  let kept = 0;
  const options = { cacheDir: dir, pictures: (state: { kept: number }) => kept = state.kept };
  await using reader = new PictureReader(options, 1);
  let colour: number[] = [];
  const unreadable = await reader.read(
    [path],
    want,
    (_, { rgb }) => colour = [...rgb.subarray(0, 3)],
  );
  return { kept: kept === 1, colour, reason: unreadable.get(0), problem: reader.cacheProblem };
}

/** Files of a cache. */
async function filesIn(dir: string): Promise<string[]> {
  const files: string[] = [];
  for await (const folder of Deno.readDir(join(dir, "pictures"))) {
    for await (const { name } of Deno.readDir(join(dir, "pictures", folder.name))) {
      files.push(join(dir, "pictures", folder.name, name));
    }
  }
  return files;
}

Deno.test("a picture is decoded anew where it, its size or what is kept of it has changed", () =>
  inFolder(async (dir) => {
    const path = join(dir, "a.png");
    await Deno.writeFile(path, flatPng(9, 8, [1, 2, 3]));
    assertEquals(await read(dir, path), {
      kept: false,
      colour: [1, 2, 3],
      reason: undefined,
      problem: null,
    });
    assertEquals((await read(dir, path)).kept, true);
    assertEquals((await read(dir, path, { resize: 5, side: 5 })).kept, false);
    assertEquals((await read(dir, path, { resize: 4, side: null })).kept, false);
    // Another picture of as many bytes under the same name and time.
    const { mtime } = await Deno.stat(path);
    // Deno tells the time of a file's last change, which nobody can set back, in whole seconds.
    await new Promise((next) => setTimeout(next, 1100));
    await Deno.writeFile(path, flatPng(9, 8, [3, 2, 1]));
    await Deno.utime(path, mtime!, mtime!);
    const changed = await read(dir, path);
    assertEquals([changed.kept, changed.colour], [false, [3, 2, 1]]);
    assertEquals((await read(dir, path)).kept, true);
    for (const damage of ["a flipped bit", "a cut"]) {
      for (const file of await filesIn(dir)) {
        const bytes = await Deno.readFile(file);
        bytes[bytes.length - 1] ^= 1;
        await Deno.writeFile(file, damage === "a cut" ? bytes.subarray(0, 50) : bytes);
      }
      const again = await read(dir, path);
      assertEquals([again.kept, again.colour], [false, [3, 2, 1]], damage);
      assertEquals((await read(dir, path)).kept, true);
    }
  }));

Deno.test("the cache lets go of its oldest files beyond its limit", () =>
  inFolder(async (dir) => {
    const cache = new PictureCache(join(dir, "pictures"), 1000);
    const picture = { w: 10, h: 10, rgb: noise(300) };
    const keys = ["a", "b", "c", "d"].map((letter) => letter.repeat(64));
    for (const [i, key] of keys.entries()) {
      await cache.put(key, picture);
      const path = join(dir, "pictures", key.slice(0, 2), key.slice(2));
      await Deno.utime(path, i, i);
    }
    await cache.prune();
    assertEquals((await filesIn(dir)).length, 2);
    assertEquals(await cache.get(keys[1]), null);
    assertEquals((await cache.get(keys[3]))?.rgb, picture.rgb);
  }));

Deno.test("a cache that cannot be written is told, and the pictures are read all the same", () =>
  inFolder(async (dir) => {
    const path = join(dir, "a.png");
    await Deno.writeFile(path, flatPng(9, 8, [1, 2, 3]));
    await Deno.writeTextFile(join(dir, "pictures"), "a file in the folder's place");
    const { colour, problem } = await read(dir, path);
    assertEquals(colour, [1, 2, 3]);
    assert(problem !== null);
  }));

function load(dir: string, more: Partial<LoadOptions> = {}) {
  const cacheDir = join(dir, "cache");
  return loadDataSet(dir, { cacheDir, splits: "search", seed: 1, ...more });
}

Deno.test("pipes, devices and dead links among pictures are named instead of waited for", () =>
  inFolder(async (dir) => {
    await writePictures(dir, { train: 40, test: 2 });
    const train = join(dir, "train", "ant");
    await new Deno.Command("mkfifo", { args: [join(train, "pipe.png")] }).output();
    await Deno.symlink("/dev/zero", join(train, "zero.png"));
    await Deno.symlink("nowhere", join(train, "dead.png"));
    await Deno.symlink("000.png", join(train, "link.png"));
    const { train: { n }, valid, notes } = await load(dir);
    assertEquals(n + valid.n, 81);
    const skipped = notes.map((note) => /Skipped .*\/(\w+\.png) \((.*)\)\.$/.exec(note)!.slice(1));
    assertEquals(skipped.toSorted(), [
      ["dead.png", "there is no such file"],
      ["pipe.png", "it is no regular file"],
      ["zero.png", "it is no regular file"],
    ]);
  }));

Deno.test("test pictures are looked at before any training", () =>
  inFolder(async (dir) => {
    await writePictures(dir, { train: 4, test: 20 });
    await Deno.writeTextFile(join(dir, "test", "ant", "003.png"), "no picture");
    const data = await load(dir);
    assert(/Skipped .*test\/ant\/003\.png/.test(data.notes[0]));
    assertEquals([data.testCount, (await data.test()).n], [39, 39]);
    for (const name of ["004", "005"]) {
      await Deno.truncate(join(dir, "test", "ant", `${name}.png`), 60);
    }
    await assertRejects(() => load(dir), /3 of 40 pictures are unreadable/);
  }));

Deno.test("reading tells how far it is and ends when it is told to", () =>
  inFolder(async (dir) => {
    await writePictures(dir, { train: 4, test: 2 });
    const seen: string[] = [];
    await load(dir, { pictures: ({ done, total }) => seen.push(`${done}/${total}`) });
    assertEquals(seen.length, 12);
    assertEquals(seen.at(-1), "12/12");
    const stop = new AbortController();
    stop.abort(new Error("stopped"));
    await assertRejects(() => load(dir, { signal: stop.signal }), /^stopped$/);
  }));

Deno.test("training pictures stay whole where they are cropped at random", () =>
  inFolder(async (dir) => {
    await writePictures(dir, { train: 4, valid: 1, test: 1 }, { size: [60, 40] });
    const gradient = Uint8Array.from({ length: 40 * 100 }, (_, i) => i % 100);
    for (const part of ["train", "valid", "test"]) {
      const png = pngFrom({ w: 100, h: 40, depth: 8, type: 0 }, gradient);
      await Deno.writeFile(join(dir, part, "ant", "wide.png"), png);
    }
    const data = await load(dir, { side: 8, resize: 10, wholeTraining: true });
    assertEquals([data.image, data.resize], [[8, 8, 3], 10]);
    const sizes = new Set<string>();
    for (let i = 0; i < data.train.n; i++) {
      sizes.add(data.train.sizes!.subarray(2 * i, 2 * i + 2).join("×"));
    }
    assertEquals([...sizes].toSorted(), ["10×15", "10×25"]);
    assertEquals(data.valid.sizes, undefined);
    assertEquals(data.valid.pixels.length, 3 * 8 * 8 * 3);
    const few = await load(dir, { side: 8, wholeTraining: true, trainLimit: 2 });
    assertEquals([few.train.n, few.train.sizes!.length, few.resize], [2, 4, undefined]);
    await assertRejects(() => load(dir, { side: 8, resize: 7 }), /expected a whole number from/);
  }));
