/** Resizing by area averaging. */
import type { Picture } from "./picture.ts";

/** Which source cells an output cell covers, and how much of each. */
interface Cover {
  first: number;
  weights: number[];
}

/**
 * The centre square of a picture as side × side × 3 bytes: what remains of it when the shorter side is
 * resized to `side` and the longer one cut on both ends. Each output pixel is the average of the source
 * area that it covers, in float64, rounded.
 */
export function squareOf(picture: Picture, side: number): Uint8Array {
  const { w, h, rgb } = picture;
  const shorter = Math.min(w, h);
  const columns = covers((w - shorter) / 2, shorter, side);
  const rows = covers((h - shorter) / 2, shorter, side);
  const out = new Uint8Array(side * side * 3);
  const line = new Float64Array(w * 3);
  for (let y = 0; y < side; y++) {
    averageRows(rgb, w, rows[y], line);
    for (let x = 0; x < side; x++) {
      const { first, weights } = columns[x];
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * line[(first + k) * 3 + c];
        out[(y * side + x) * 3 + c] = Math.round(sum);
      }
    }
  }
  return out;
}

function averageRows(
  rgb: Picture["rgb"],
  w: number,
  { first, weights }: Cover,
  line: Float64Array,
): void {
  line.fill(0);
  for (let k = 0; k < weights.length; k++) {
    const from = (first + k) * w * 3;
    for (let i = 0; i < line.length; i++) line[i] += weights[k] * rgb[from + i];
  }
}

/** Splits [start, start + length) into `cells` equal parts; the weights of each part sum to 1. */
function covers(start: number, length: number, cells: number): Cover[] {
  return Array.from({ length: cells }, (_, i) => {
    const from = start + (i * length) / cells;
    const to = start + ((i + 1) * length) / cells;
    const first = Math.floor(from);
    const weights: number[] = [];
    for (let cell = first; cell < to; cell++) {
      weights.push(((Math.min(cell + 1, to) - Math.max(cell, from)) * cells) / length);
    }
    // Rounding may let the last part end a hair beyond the picture: such slivers carry no weight.
    while (weights.length > 1 && weights.at(-1)! < 1e-9) weights.pop();
    return { first, weights };
  });
}
