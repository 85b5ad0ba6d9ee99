/** The part of a picture that an image is made of. */
import type { Rectangle } from "./area.ts";
import type { WantedPicture } from "./wanted_picture.ts";

/** Largest ratio of sides of whole pictures; longer sides are cut. */
const mostOblong = 4;

/** The part of a picture that is kept, and its size after resizing. */
export function layOut(
  { w, h }: { w: number; h: number },
  { resize, side }: WantedPicture,
) {
  const shorter = Math.min(w, h);
  const sizeOf = (length: number) =>
    side ?? Math.min(Math.round(length * resize / shorter), mostOblong * resize);
  const lengthOf = (length: number) => Math.min(length, sizeOf(length) * shorter / resize);
  const [partW, partH] = [lengthOf(w), lengthOf(h)];
  const part: Rectangle = { x: (w - partW) / 2, y: (h - partH) / 2, w: partW, h: partH };
  return { part, w: sizeOf(w), h: sizeOf(h) };
}
