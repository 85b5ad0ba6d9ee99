/** A picture file as one image of a network: read as the pictures of a folder are in training. */
import { DataError, UsageError } from "../errors.ts";
import { squareOf } from "./area.ts";
import { decodePicture } from "./picture.ts";
import { toGrey } from "./picture_set.ts";

/**
 * @param image height, width, channels that the network takes.
 * @param name of the file, for messages.
 * @returns h · w · c bytes.
 * @throws DataError when the bytes are no picture; UsageError where images are not square or of 1 or 3 channels.
 */
export function imageOf(
  bytes: Uint8Array,
  [h, w, c]: readonly [number, number, number],
  name: string,
): Uint8Array {
  if (h !== w || c !== 1 && c !== 3) {
    throw new UsageError(
      `Cannot make an image of ${name}: the network takes ${h}×${w}×${c}, expected squares of 1 or 3 channels`,
    );
  }
  let rgb: Uint8Array;
  try {
    rgb = squareOf(decodePicture(bytes), h);
  } catch (cause) {
    throw new DataError(
      `Cannot read picture ${name}: ${(cause as Error).message}, expected PNG or JPEG`,
      { cause },
    );
  }
  return c === 3 ? rgb : toGrey({ pixels: rgb, labels: new Uint8Array(1), n: 1 }).pixels;
}
