/** Writes small data sets in the published formats. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { join } from "@std/path";
import { encode as encodePng } from "fast-png";
import { hash } from "../../src/common/random.ts";

/** Runs a test with a folder that is deleted afterwards. */
export async function inFolder(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "denas-data-" });
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

export function noise(n: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: n }, (_, i) => hash(seed, 0, 0, i));
}

/** An IDX file: magic number, sizes, bytes. */
export function idx(dims: number[], data: Uint8Array, magic = 0x800 + dims.length) {
  const bytes = new Uint8Array(4 + 4 * dims.length + data.length);
  const view = new DataView(bytes.buffer);
  [magic, ...dims].forEach((word, i) => view.setUint32(4 * i, word));
  bytes.set(data, 4 + 4 * dims.length);
  return bytes;
}

export const idxNames = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];

/** The four files of a set of 7 × 5 pixels with labels 0 … 9 in turn. */
export function idxSet(train: number, test: number): Uint8Array<ArrayBuffer>[] {
  const labels = (n: number) => Uint8Array.from({ length: n }, (_, i) => i % 10);
  return [
    idx([train, 7, 5], noise(train * 35, 1)),
    idx([train], labels(train)),
    idx([test, 7, 5], noise(test * 35, 2)),
    idx([test], labels(test)),
  ];
}

/** Writes the four files, packed or not. */
export async function writeIdx(dir: string, train = 40, test = 20, packed = false): Promise<void> {
  await Deno.mkdir(dir, { recursive: true });
  for (const [i, bytes] of idxSet(train, test).entries()) {
    const path = join(dir, idxNames[i] + (packed ? ".gz" : ""));
    await Deno.writeFile(path, packed ? gzipSync(bytes) : bytes);
  }
}

/** Rows of a CIFAR file; labels count up. */
export function cifarRows(n: number, labelBytes: number, classes: number, seed = 1) {
  const row = labelBytes + 3072;
  const bytes = noise(n * row, seed);
  for (let i = 0; i < n; i++) {
    bytes[i * row] = 255;
    bytes[i * row + labelBytes - 1] = i % classes;
  }
  return bytes;
}

/** A tar archive of regular files in the ustar format. */
export function tar(files: Record<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [];
  for (const [name, data] of Object.entries(files)) {
    const header = new Uint8Array(512);
    const put = (text: string, at: number) => header.set(new TextEncoder().encode(text), at);
    put(name, 0);
    put("0000644\0", 100);
    put(data.length.toString(8).padStart(11, "0") + "\0", 124);
    put("        0", 148);
    put("ustar\0" + "00", 257);
    const sum = header.reduce((a, b) => a + b, 0);
    put(sum.toString(8).padStart(6, "0") + "\0 ", 148);
    blocks.push(header, data, new Uint8Array((512 - data.length % 512) % 512));
  }
  blocks.push(new Uint8Array(1024));
  const out = new Uint8Array(blocks.reduce((n, b) => n + b.length, 0));
  let at = 0;
  for (const b of blocks) {
    out.set(b, at);
    at += b.length;
  }
  return out;
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A PNG of one colour. */
export function flatPng(w: number, h: number, [r, g, b]: readonly number[]): Uint8Array {
  const data = Uint8Array.from({ length: w * h * 3 }, (_, i) => [r, g, b][i % 3]);
  return encodePng({ width: w, height: h, channels: 3, data });
}

/** Writes DIR/part/class/*.png with `n` pictures in each class, each of its own colour. */
export async function writePictures(
  dir: string,
  parts: Record<string, number>,
  { classes = ["ant", "bee"], size = [40, 40], grey = false } = {},
): Promise<void> {
  for (const [p, [part, n]] of Object.entries(parts).entries()) {
    for (const [c, name] of classes.entries()) {
      const folder = join(dir, part, name);
      await Deno.mkdir(folder, { recursive: true });
      for (let i = 0; i < n; i++) {
        const colour = grey ? [i, i, i] : [i, c, 10 * p];
        const path = join(folder, `${String(i).padStart(3, "0")}.png`);
        await Deno.writeFile(path, flatPng(size[0], size[1], colour));
      }
    }
  }
}
