import { join } from "@std/path";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { crc32, deflateSync } from "node:zlib";
import { encode as encodePng } from "fast-png";
import jpeg from "jpeg-js";
import { squareOf } from "../../src/data/area.ts";
import { loadDataSet, type LoadOptions } from "../../src/data/load.ts";
import { decodePicture } from "../../src/data/picture.ts";
import { pictureSize } from "../../src/data/picture_header.ts";
import { flatPng, inFolder, noise, writePictures } from "./make.ts";

function load(dir: string, more: Partial<LoadOptions> = {}) {
  const cacheDir = join(dir, "cache");
  return loadDataSet(dir, { cacheDir, splits: "search", seed: 1, ...more });
}

/** A PNG from rows that are packed already, for what the encoder does not write. */
function rawPng(
  w: number,
  h: number,
  depth: number,
  type: number,
  rows: number[][],
  more: [string, number[]][] = [],
) {
  const chunk = (name: string, data: Uint8Array) => {
    const out = new Uint8Array(12 + data.length);
    const view = new DataView(out.buffer);
    view.setUint32(0, data.length);
    out.set(new TextEncoder().encode(name), 4);
    out.set(data, 8);
    view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
    return [...out];
  };
  const header = [0, 0, 0, w, 0, 0, 0, h, depth, type, 0, 0, 0];
  return Uint8Array.from([
    ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    ...chunk("IHDR", Uint8Array.from(header)),
    ...more.flatMap(([name, data]) => chunk(name, Uint8Array.from(data))),
    ...chunk("IDAT", deflateSync(Uint8Array.from(rows.flatMap((row) => [0, ...row])))),
    ...chunk("IEND", new Uint8Array()),
  ]);
}

/** EXIF data with one entry, the orientation, in big-endian order. */
const tiff = (
  orientation: number,
) => [
  0x4d,
  0x4d,
  0,
  42,
  0,
  0,
  0,
  8,
  0,
  1,
  1,
  0x12,
  0,
  3,
  0,
  0,
  0,
  1,
  0,
  orientation,
  0,
  0,
  0,
  0,
  0,
  0,
];

Deno.test("a picture is averaged by area around its centre", () => {
  // 4 wide, 2 high: columns 1 and 2 remain, each output pixel is one source pixel.
  const rgb = Uint8Array.from({ length: 24 }, (_, i) => i * 10);
  const same = squareOf({ w: 4, h: 2, rgb }, 2);
  assertEquals([...same.subarray(0, 3)], [30, 40, 50]);
  assertEquals([...same.subarray(9, 12)], [180, 190, 200]);
  // Their average.
  assertEquals([...squareOf({ w: 4, h: 2, rgb }, 1)], [105, 115, 125]);
  // 3 to 2 takes halves of the middle: (2a + b) / 3 in each direction.
  const grey = [0, 30, 90, 30, 60, 120, 0, 0, 0].flatMap((v) => [v, v, v]);
  const small = squareOf({ w: 3, h: 3, rgb: Uint8Array.from(grey) }, 2);
  assertEquals(small[0], Math.round((4 * 0 + 2 * 30 + 2 * 30 + 60) / 9));
  assertEquals(small[3], Math.round((2 * 30 + 4 * 90 + 60 + 2 * 120) / 9));
  // Enlarging repeats, and every size keeps the mean of a flat picture.
  const flat = new Uint8Array(7 * 11 * 3).fill(77);
  for (const side of [1, 2, 5, 7, 9, 32]) {
    assert(squareOf({ w: 7, h: 11, rgb: flat }, side).every((v) => v === 77));
  }
});

Deno.test("PNG files of all kinds become RGB over black", () => {
  const rgb = (bytes: Uint8Array) => [...decodePicture(bytes).rgb].map(Math.round);
  const png = (channels: number, depth: 8 | 16, values: number[]) => {
    const data = depth === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
    return encodePng({ width: values.length / channels, height: 1, channels, depth, data });
  };
  assertEquals(rgb(png(3, 8, [1, 2, 3, 4, 5, 6])), [1, 2, 3, 4, 5, 6]);
  assertEquals(rgb(png(1, 8, [9, 200])), [9, 9, 9, 200, 200, 200]);
  assertEquals(rgb(png(3, 16, [65535, 257, 32896])), [255, 1, 128]);
  assertEquals(rgb(png(2, 16, [65535, 32768])), [128, 128, 128]);
  assertEquals(rgb(png(4, 8, [255, 100, 0, 51, 10, 20, 30, 0])), [51, 20, 0, 0, 0, 0]);
  // One bit grey: 1 0 1, white is 255.
  assertEquals(rgb(rawPng(3, 1, 1, 0, [[0b10100000]])), [255, 255, 255, 0, 0, 0, 255, 255, 255]);
  // Four bits grey.
  assertEquals(rgb(rawPng(1, 2, 4, 0, [[0x70], [0xf0]])), [119, 119, 119, 255, 255, 255]);
  // A palette of two bits with a transparent entry.
  const palette: [string, number[]][] = [["PLTE", [10, 20, 30, 40, 50, 60]], ["tRNS", [255, 0]]];
  assertEquals(rgb(rawPng(2, 1, 2, 3, [[0b00010000]], palette)), [10, 20, 30, 0, 0, 0]);
  // One grey value that stands for transparent.
  assertEquals(rgb(rawPng(2, 1, 8, 0, [[7, 8]], [["tRNS", [0, 8]]])), [7, 7, 7, 0, 0, 0]);
});

Deno.test("the EXIF orientation is honoured in JPEG and PNG", () => {
  // Upright: left half dark above bright (as stored), then what each orientation makes of it.
  const [w, h] = [16, 8];
  const values = Array.from({ length: w * h }, (_, i) => {
    const [x, y] = [i % w, Math.floor(i / w)];
    return x < 8 ? (y < 4 ? 0 : 80) : (y < 4 ? 160 : 240);
  });
  const rgba = Uint8Array.from(values.flatMap((v) => [v, v, v, 255]));
  const plainJpeg = jpeg.encode({ width: w, height: h, data: rgba }, 100).data;
  // Corners in reading order: top left, top right, bottom left, bottom right.
  const expected: Record<number, number[]> = {
    1: [0, 160, 80, 240],
    2: [160, 0, 240, 80],
    3: [240, 80, 160, 0],
    4: [80, 240, 0, 160],
    5: [0, 80, 160, 240],
    6: [80, 0, 240, 160],
    7: [240, 160, 80, 0],
    8: [160, 240, 0, 80],
  };
  for (const [key, corners] of Object.entries(expected)) {
    const exif = tiff(Number(key));
    const segment = [
      0xff,
      0xe1,
      0,
      exif.length + 8,
      ...new TextEncoder().encode("Exif\0\0"),
      ...exif,
    ];
    const turned = Uint8Array.from([
      ...plainJpeg.subarray(0, 2),
      ...segment,
      ...plainJpeg.subarray(2),
    ]);
    const rows = Array.from({ length: h }, (_, y) => values.slice(y * w, y * w + w));
    const png = rawPng(w, h, 8, 0, rows, [["eXIf", exif]]);
    for (const bytes of [turned, png]) {
      const picture = decodePicture(bytes);
      assertEquals([picture.w, picture.h], Number(key) < 5 ? [w, h] : [h, w]);
      const at = (x: number, y: number) => picture.rgb[(y * picture.w + x) * 3];
      const [right, bottom] = [picture.w - 1, picture.h - 1];
      const found = [at(0, 0), at(right, 0), at(0, bottom), at(right, bottom)];
      assert(found.every((v, i) => Math.abs(v - corners[i]) <= 3), `${key}: ${found}`);
    }
    assertEquals(pictureSize(turned), { kind: "jpeg", w, h });
  }
});

Deno.test("a damaged picture is refused", () => {
  const png = encodePng({ width: 20, height: 20, channels: 3, data: noise(1200) });
  const flipped = png.slice();
  flipped[flipped.length - 40] ^= 255;
  const rgba = noise(40 * 40 * 4);
  const whole = jpeg.encode({ width: 40, height: 40, data: rgba }, 90).data;
  for (
    const bytes of [
      png.subarray(0, 300),
      flipped,
      whole.subarray(0, whole.length >> 1),
      new TextEncoder().encode("<html>not a picture</html>"),
      new Uint8Array(),
    ]
  ) assertThrows(() => decodePicture(bytes), /./);
  assertEquals(decodePicture(whole).w, 40);
});

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
    assert(/Skipped .*ant\/003\.png \(it is neither a PNG nor a JPEG file\)/.test(data.notes[1]));
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
    await Deno.writeTextFile(join(dir, "train", "asp", "a.gif"), "x");
    await assertRejects(() => load(dir), /train\/asp: it has no pictures among 1 files/);
    await Deno.remove(join(dir, "train", "asp"), { recursive: true });
    await Deno.remove(join(dir, "train", "bee"), { recursive: true });
    await assertRejects(() => load(dir), /it has 1 class folders, expected at least 2/);
  }));
