/** How a picture of any size becomes an image of a network, in words: for files that leave the house. */
import type { NetworkFile } from "../nas/network.ts";

/** The rule that pictures were read by in training (`squareOf` in `src/data/area.ts`). */
export function resizeRule({ input: [h, w, c] }: Pick<NetworkFile, "input">): string {
  const grey = c === 1 ? "; grey = 0.299 red + 0.587 green + 0.114 blue, rounded" : "";
  return `turn upright after EXIF; transparent pixels over black; cut the centre square; resize it to ` +
    `${h} x ${w} by area averaging, rounded to bytes${grey}`;
}
