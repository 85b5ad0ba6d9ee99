/** Folders of pictures for the tests of the page. */
import { join } from "@std/path";
import { encode as encodePng } from "fast-png";
import jpeg from "jpeg-js";
import { noise } from "../data/make.ts";

/** Smooth pixels, which a JPEG file keeps well: RGB. */
export function smooth(w: number, h: number, seed: number): Uint8Array {
  const [a, b, c] = noise(3, seed);
  return Uint8Array.from({ length: w * h * 3 }, (_, i) => {
    const p = Math.floor(i / 3), x = p % w, y = Math.floor(p / w);
    return 127 + 120 * Math.sin((x * (a + 20) + y * (b + 20)) / 1500 + c + i % 3);
  });
}

export const asPng = (w: number, h: number, data: Uint8Array): Uint8Array =>
  encodePng({ width: w, height: h, channels: 3, data });

export function asJpeg(w: number, h: number, rgb: Uint8Array): Uint8Array {
  const data = new Uint8Array(w * h * 4).fill(255);
  for (let p = 0; p < w * h; p++) data.set(rgb.subarray(3 * p, 3 * p + 3), 4 * p);
  return jpeg.encode({ width: w, height: h, data }, 95).data;
}

/** `photos` has two classes of ten pictures, `one` a single class, `none` a text. */
export async function makePictures(folder: string): Promise<void> {
  for (
    const [label, count] of [["photos/cats", 10], ["photos/dogs", 10], ["one/only", 5]] as const
  ) {
    await Deno.mkdir(join(folder, label), { recursive: true });
    for (let i = 0; i < count; i++) {
      const rgb = smooth(40, 30, i + count);
      const [name, bytes] = i % 2
        ? [`${i}.png`, asPng(40, 30, rgb)]
        : [`${i}.jpg`, asJpeg(40, 30, rgb)];
      await Deno.writeFile(join(folder, label, name), bytes);
    }
  }
  await Deno.mkdir(join(folder, "none"));
  await Deno.writeTextFile(join(folder, "none", "notes.txt"), "No pictures here.");
}
