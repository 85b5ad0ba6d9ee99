/** A picture that is classified is read as it would have been in training. */
import { assertSameNumbers, assertThrows } from "../assert.ts";
import { join } from "@std/path";
import { encode as encodePng } from "fast-png";
import { readFolder } from "../../src/data/folder.ts";
import { imageOf } from "../../src/data/one_picture.ts";
import { inFolder, noise } from "./make.ts";

const wide = (grey: boolean) => {
  const [w, h] = [53, 40];
  const data = noise(w * h * 3, 9);
  if (grey) data.forEach((_, i) => data[i] = data[i - i % 3]);
  return encodePng({ width: w, height: h, channels: 3, data });
};

for (const grey of [false, true]) {
  Deno.test(`a ${grey ? "grey" : "coloured"} picture becomes the image that a folder's reader makes of it`, () =>
    inFolder(async (dir) => {
      for (const place of ["train/a", "train/b", "valid/a", "valid/b", "test/a", "test/b"]) {
        await Deno.mkdir(join(dir, place), { recursive: true });
        await Deno.writeFile(join(dir, place, "0.png"), wide(grey));
      }
      const read = await readFolder(dir, { side: 12, seed: 1, splits: "search" });
      const size = read.image.reduce((a, b) => a * b);
      const image = imageOf(wide(grey), read.image as [number, number, number], "wide.png");
      assertSameNumbers(image, read.train.pixels.subarray(0, size));
    }));
}

Deno.test("a coloured picture for a grey network is turned to luma", () => {
  const data = Uint8Array.from({ length: 48 }, (_, i) => [200, 100, 50][i % 3]);
  const bytes = encodePng({ width: 4, height: 4, channels: 3, data });
  const luma = Math.round(0.299 * 200 + 0.587 * 100 + 0.114 * 50);
  assertSameNumbers(imageOf(bytes, [2, 2, 1], "x"), [luma, luma, luma, luma]);
});

Deno.test("what is no picture, and networks whose images are no squares, are refused", () => {
  assertThrows(
    () => imageOf(new Uint8Array(9), [8, 8, 3], "a.png"),
    /^Cannot read picture a\.png: .*, expected PNG or JPEG$/,
  );
  assertThrows(
    () => imageOf(wide(false), [8, 9, 3], "a.png"),
    /^Cannot make an image of a\.png: the network takes 8×9×3, expected squares/,
  );
});
