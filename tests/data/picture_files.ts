/** Writes picture files of kinds that encoders do not produce, and damaged ones. */
import { crc32, deflateSync } from "node:zlib";

export type Chunk = readonly [name: string, data: readonly number[]];

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function chunk([name, data]: readonly [string, ArrayLike<number>]): number[] {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(name), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return [...out];
}

export interface Png {
  w: number;
  h: number;
  /** Bits per value. */
  depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGBA. */
  type: number;
  interlaced?: boolean;
  /** Chunks before the pixels. */
  chunks?: readonly Chunk[];
}

/** A PNG file from bytes of packed rows, filters included. */
export function pngOf({ w, h, depth, type, interlaced, chunks = [] }: Png, rows: number[]) {
  const header = [w, h].flatMap((n) => [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255]);
  return Uint8Array.from([
    ...signature,
    ...chunk(["IHDR", [...header, depth, type, 0, 0, interlaced ? 1 : 0]]),
    ...chunks.flatMap(chunk),
    ...chunk(["IDAT", deflateSync(Uint8Array.from(rows))]),
    ...chunk(["IEND", []]),
  ]);
}

/** Passes of PNG §8.2: first column, first row, column step, row step. */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** A PNG file of values, with all channels of a pixel together, row by row. */
export function pngFrom(png: Png, values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const { w, h, depth, interlaced } = png;
  const channels = values.length / (w * h);
  const rows: number[] = [];
  for (const [x0, y0, dx, dy] of interlaced ? passes : [[0, 0, 1, 1]]) {
    for (let y = y0; y < h && x0 < w; y += dy) {
      const row: number[] = [];
      for (let x = x0; x < w; x += dx) {
        for (let c = 0; c < channels; c++) row.push(values[(y * w + x) * channels + c]);
      }
      rows.push(0, ...packed(row, depth));
    }
  }
  return pngOf(png, rows);
}

/** Packs values of `depth` bits into bytes, the highest bit first. */
function packed(row: readonly number[], depth: number): number[] {
  const bytes = new Array<number>(Math.ceil(row.length * depth / 8)).fill(0);
  row.forEach((value, i) => {
    for (let bit = 0; bit < depth; bit++) {
      const at = i * depth + bit;
      bytes[at >> 3] |= (value >> (depth - 1 - bit) & 1) << (7 - (at & 7));
    }
  });
  return bytes;
}

/** EXIF data with one entry, the orientation, in big-endian order. */
export function tiff(orientation: number): number[] {
  const start = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1];
  return [...start, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
}

/** A JPEG file with one more segment behind its first marker, in place of the JFIF segment. */
export function withSegment(jpeg: Uint8Array, marker: number, data: readonly number[]) {
  const jfif = jpeg[2] === 0xff && jpeg[3] === 0xe0;
  const rest = jfif ? 4 + (jpeg[4] << 8 | jpeg[5]) : 2;
  const length = data.length + 2;
  const segment = [0xff, marker, length >> 8, length & 255, ...data];
  return Uint8Array.from([0xff, 0xd8, ...segment, ...jpeg.subarray(rest)]);
}

/** A JPEG file whose header gives another size. */
export function withSize(jpeg: Uint8Array, w: number, h: number): Uint8Array<ArrayBuffer> {
  const out = Uint8Array.from(jpeg);
  const at = out.findIndex((byte, i) => byte === 0xff && out[i + 1] === 0xc0);
  out.set([h >> 8, h & 255, w >> 8, w & 255], at + 5);
  return out;
}

/** A BMP file of RGB pixels, 24 bits each. */
export function bmpFrom(w: number, h: number, rgb: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const stride = Math.ceil(w * 3 / 4) * 4;
  const out = new Uint8Array(54 + stride * h);
  const view = new DataView(out.buffer);
  out.set([0x42, 0x4d]);
  [[2, out.length], [10, 54], [14, 40], [18, w], [22, h], [34, stride * h]]
    .forEach(([at, value]) => view.setUint32(at, value, true));
  out.set([1, 0, 24, 0], 26);
  for (let y = 0; y < h; y++) {
    for (let i = 0; i < w * 3; i++) {
      out[54 + (h - 1 - y) * stride + i - i % 3 + 2 - i % 3] = rgb[y * w * 3 + i];
    }
  }
  return out;
}

/** A GIF file of two colours, black and another, whose frame has an offset in its canvas. */
export function gifOf(
  [canvasW, canvasH]: readonly [number, number],
  [x, y, w, h]: readonly [number, number, number, number],
  colour: readonly [number, number, number],
): Uint8Array<ArrayBuffer> {
  const word = (n: number) => [n & 255, n >> 8];
  // Codes of 3 bits: clear, colour 1, clear, colour 1, …, end; so the table never grows.
  const codes = [...Array.from({ length: w * h }, () => [4, 1]).flat(), 5];
  const bytes = new Array<number>(Math.ceil(codes.length * 3 / 8)).fill(0);
  codes.forEach((code, i) => {
    for (let bit = 0; bit < 3; bit++) {
      const at = i * 3 + bit;
      bytes[at >> 3] |= (code >> bit & 1) << (at & 7);
    }
  });
  const blocks: number[] = [];
  for (let i = 0; i < bytes.length; i += 255) {
    const block = bytes.slice(i, i + 255);
    blocks.push(block.length, ...block);
  }
  return Uint8Array.from([
    ...new TextEncoder().encode("GIF89a"),
    ...[...word(canvasW), ...word(canvasH), 0x80, 0, 0, 0, 0, 0, ...colour],
    ...[0x2c, ...word(x), ...word(y), ...word(w), ...word(h), 0, 2, ...blocks, 0, 0x3b],
  ]);
}
