/** Resizing by area averaging. */

/** Rows of a picture, read on request. */
export interface RowSource {
  w: number;
  h: number;
  /** `count` rows from `first` on: count · w · 3 values of 0 … 255, red, green, blue. */
  rows(first: number, count: number): ArrayLike<number>;
}

/** A rectangle in a picture, in its pixels; ends may lie inside of them. */
export interface Rectangle {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Source cells that an output cell covers, and how much of each. */
interface Cover {
  first: number;
  weights: number[];
}

/**
 * Resizes a part of a picture to w · h · 3 bytes. Each output pixel is the average of the source area that
 * it covers, in float64, rounded. Rows are requested from top to bottom.
 */
export function averageOf(
  source: RowSource,
  part: Rectangle,
  w: number,
  h: number,
): Uint8Array<ArrayBuffer> {
  const columns = covers(part.x, part.w, w, source.w);
  const rows = covers(part.y, part.h, h, source.h);
  const out = new Uint8Array(w * h * 3);
  const line = new Float64Array(source.w * 3);
  for (let y = 0; y < h; y++) {
    averageRows(source, rows[y], line);
    for (let x = 0; x < w; x++) {
      const { first, weights } = columns[x];
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * line[(first + k) * 3 + c];
        out[(y * w + x) * 3 + c] = Math.round(sum);
      }
    }
  }
  return out;
}

function averageRows(source: RowSource, { first, weights }: Cover, line: Float64Array): void {
  const rgb = source.rows(first, weights.length);
  line.fill(0);
  for (let k = 0; k < weights.length; k++) {
    const from = k * line.length;
    const weight = weights[k];
    for (let i = 0; i < line.length; i++) line[i] += weight * rgb[from + i];
  }
}

/** Splits [start, start + length) into `cells` equal parts inside 0 … limit; the weights of each sum to 1. */
function covers(start: number, length: number, cells: number, limit: number): Cover[] {
  return Array.from({ length: cells }, (_, i) => {
    const from = Math.max(0, start + (i * length) / cells);
    const to = Math.min(limit, start + ((i + 1) * length) / cells);
    const first = Math.floor(from);
    const weights: number[] = [];
    for (let cell = first; cell < to; cell++) {
      weights.push((Math.min(cell + 1, to) - Math.max(cell, from)) / (to - from));
    }
    // Rounding may let the last part end a hair beyond the picture: such slivers carry no weight.
    while (weights.length > 1 && weights.at(-1)! < 1e-9) weights.pop();
    return { first, weights };
  });
}
