/** A picture to classify is read in the same way as in training. */
import { assertEquals, assertRejects, assertSameNumbers } from "../assert.ts";
import { join } from "@std/path";
import { encode as encodePng } from "fast-png";
import { readFolder } from "../../src/data/folder.ts";
import { imageOf } from "../../src/data/one_picture.ts";
import { hostPictures } from "../../src/data/picture_reader.ts";
import { PicturePool } from "../../src/data/picture_pool.ts";
import { inFolder, noise } from "./make.ts";

const wide = (grey: boolean) => {
  const [w, h] = [53, 40];
  const data = noise(w * h * 3, 9);
  if (grey) data.forEach((_, i) => data[i] = data[i - i % 3]);
  return encodePng({ width: w, height: h, channels: 3, data }) as Uint8Array<ArrayBuffer>;
};

for (const grey of [false, true]) {
  Deno.test(`a ${grey ? "grey" : "coloured"} picture becomes the image that a folder's reader makes of it`, () =>
    inFolder(async (dir) => {
      for (const place of ["train/a", "train/b", "valid/a", "valid/b", "test/a", "test/b"]) {
        await Deno.mkdir(join(dir, place), { recursive: true });
        await Deno.writeFile(join(dir, place, "0.png"), wide(grey));
      }
      using pool = new PicturePool();
      for (const resize of [12, 20]) {
        const source = hostPictures({ cacheDir: dir });
        const options = { side: 12, resize, seed: 1, splits: "search", source } as const;
        const read = await readFolder(dir, options);
        const size = read.image.reduce((a, b) => a * b);
        const { image: input } = read;
        assertEquals(read.resize, resize === 12 ? undefined : 20);
        const image = await imageOf(wide(grey), { input, resize: read.resize }, "wide.png", pool);
        assertSameNumbers(image, read.train.pixels.subarray(0, size));
      }
    }));
}

Deno.test("a coloured picture for a grey network is turned to luma", async () => {
  using pool = new PicturePool();
  const data = Uint8Array.from({ length: 48 }, (_, i) => [200, 100, 50][i % 3]);
  const bytes = encodePng({ width: 4, height: 4, channels: 3, data }) as Uint8Array<ArrayBuffer>;
  const luma = Math.round(0.299 * 200 + 0.587 * 100 + 0.114 * 50);
  const image = await imageOf(bytes, { input: [2, 2, 1] }, "x", pool);
  assertSameNumbers(image, [luma, luma, luma, luma]);
});

Deno.test("what is no picture, and networks whose images are no squares, are refused", async () => {
  using pool = new PicturePool();
  await assertRejects(
    () => imageOf(new Uint8Array(9), { input: [8, 8, 3] }, "a.png", pool),
    /^Cannot read picture a\.png: .*, expected PNG, JPEG, WebP, GIF or BMP$/,
  );
  await assertRejects(
    () => imageOf(wide(false), { input: [8, 9, 3] }, "a.png", pool),
    /^Cannot make an image of a\.png: the network takes 8×9×3, expected squares/,
  );
});
