/** A picture file as one image of a network: read as the pictures of a folder are in training. */
import { DataError, UsageError } from "../common/errors.ts";
import { pictureKinds } from "./picture_header.ts";
import type { PicturePool } from "./picture_pool.ts";
import { toGrey } from "./picture_set.ts";

/** Input of a network. */
export interface NetworkInput {
  /** Height, width, channels. */
  input: readonly [number, number, number];
  /** Shorter side that pictures are resized to before the square is cut; default the square's. */
  resize?: number;
}

/**
 * Decodes a picture file to an image of the network's size. Transfers `bytes`: the caller loses them.
 * @param name of the file, for messages.
 * @returns h · w · c bytes.
 * @throws DataError when the bytes are no picture; UsageError where images are not square or of 1 or 3 channels.
 */
export async function imageOf(
  bytes: Uint8Array<ArrayBuffer>,
  { input: [h, w, c], resize = h }: NetworkInput,
  name: string,
  pool: PicturePool,
): Promise<Uint8Array> {
  if (h !== w || c !== 1 && c !== 3) {
    throw new UsageError(
      `Cannot make an image of ${name}: the network takes ${h}×${w}×${c}, expected squares of 1 or 3 channels`,
    );
  }
  const { rgb } = await pool.decode(bytes, { resize, side: h }).catch((cause) => {
    if (cause instanceof DataError) throw cause;
    throw new DataError(`Cannot read picture ${name}: ${cause.message}, expected ${pictureKinds}`, {
      cause,
    });
  });
  return c === 3 ? rgb : toGrey({ pixels: rgb, labels: new Uint8Array(1), n: 1 }).pixels;
}
