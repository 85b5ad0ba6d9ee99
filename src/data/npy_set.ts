/**
 * Data sets as NumPy arrays: `{train,valid,test}_x.npy` (n, c, h, w) and `_y.npy` (n), as the generators of
 * AddNIST and CIFARTile write them. Pixels are bytes, or floats that a known mean and deviation turn back into
 * bytes. Files of gigabytes are read and written in runs of images: no array holds one whole.
 */
import { join } from "@std/path";
import { DataError } from "../common/errors.ts";
import type { Images, Normalisation } from "./dataset.ts";
import type { Files } from "./file_source.ts";
import type { ReadSet } from "./reader.ts";

/** Parts of a set, in the order of reading. */
export const npyParts = ["train", "valid", "test"] as const;
type Part = typeof npyParts[number];

/** Bytes of floats that are read or written at once. */
const chunkBytes = 1 << 24;
const maxHeader = 1 << 16;

interface Header {
  dtype: string;
  shape: number[];
  /** Position of the first element. */
  start: number;
}

/** The header of an array in C order, padded so that the elements start at a multiple of 64. */
export function npyHeader(dtype: string, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const list = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${list}), }`;
  const padded = text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11) + "\n";
  const bytes = new Uint8Array(10 + padded.length);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  new DataView(bytes.buffer).setUint16(8, padded.length, true);
  bytes.set(new TextEncoder().encode(padded), 10);
  return bytes;
}

async function readHeader(files: Files, path: string): Promise<Header> {
  const cannot = (why: string) =>
    new DataError(`Cannot read ${path}: ${why}, expected a NumPy array; fetch the file again`);
  const size = await files.size(path);
  if (size === null) throw cannot("there is no such file");
  const first = await files.read(path, 0, Math.min(size, maxHeader));
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
  if (first.length < 12 || String.fromCharCode(...first.subarray(1, 6)) !== "NUMPY") {
    throw cannot("it does not start with NUMPY");
  }
  const long = first[6] > 1;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (long ? 12 : 10) + length;
  const text = new TextDecoder().decode(first.subarray(long ? 12 : 10, start));
  const dtype = /'descr': *'([^']+)'/.exec(text)?.[1];
  const list = /'shape': *\(([^)]*)\)/.exec(text)?.[1];
  if (!dtype || list === undefined || !/'fortran_order': *False/.test(text)) {
    throw cannot(`its header is ${text.trim().slice(0, 100)}`);
  }
  const shape = list.split(",").filter((part) => part.trim() !== "").map(Number);
  const bytes = Number(/\d+$/.exec(dtype)?.[0] ?? NaN);
  const expected = start + bytes * shape.reduce((product, d) => product * d, 1);
  if (size !== expected) throw cannot(`it has ${size} bytes and announces ${expected}`);
  return { dtype, shape, start };
}

/** Whether a folder holds such a set. */
export async function holdsNpy(files: Files, path: string): Promise<boolean> {
  return await files.size(join(path, "train_x.npy")) !== null;
}

/**
 * Reads a set; its test files are only looked at.
 * @param known normalisations that floats may have.
 * @param limits most images of a part that are read.
 * @throws DataError naming the file and what it holds.
 */
export async function readNpySet(
  files: Files,
  path: string,
  known: readonly Normalisation[],
  { trainLimit, validLimit }: { trainLimit?: number; validLimit?: number } = {},
): Promise<ReadSet> {
  const apart = await files.size(join(path, "valid_x.npy")) !== null;
  // Without a part for validation the last training images are.
  const train = await readPart(files, path, "train", known, apart ? trainLimit : undefined);
  const valid = apart ? await readPart(files, path, "valid", known, validLimit) : undefined;
  const test = await readHeader(files, join(path, "test_x.npy"));
  const classes = Math.max(train.classes, valid?.classes ?? 0);
  return {
    name: path,
    task: "single-label",
    classes: Array.from({ length: classes }, (_, i) => String(i)),
    image: train.image,
    flip: false,
    train: train.images,
    valid: valid?.images,
    testCount: test.shape[0],
    test: async () => (await readPart(files, path, "test", known)).images,
    notes: [],
  };
}

async function readPart(
  files: Files,
  folder: string,
  part: Part,
  known: readonly Normalisation[],
  limit = Infinity,
): Promise<{ images: Images; image: [number, number, number]; classes: number }> {
  const path = join(folder, `${part}_x.npy`);
  const { dtype, shape, start } = await readHeader(files, path);
  if (shape.length !== 4 || !["|u1", "<f4", "<f8"].includes(dtype) || shape[0] === 0) {
    throw new DataError(
      `Cannot read ${path}: its shape is (${shape.join(", ")}) of ${dtype}, ` +
        `expected (images, channels, height, width) of bytes, float32 or float64`,
    );
  }
  const [all, c, h, w] = shape;
  const n = Math.min(all, limit);
  const labels = await readLabels(files, join(folder, `${part}_y.npy`), all);
  const size = c * h * w;
  const width = Number(dtype.at(-1));
  const pixels = new Uint8Array(n * size);
  const perRun = Math.max(1, Math.floor(chunkBytes / (size * width)));
  let decode: Decoding | null = null;
  for (let first = 0; first < n; first += perRun) {
    const count = Math.min(perRun, n - first);
    const from = start + first * size * width;
    const bytes = await files.read(path, from, from + count * size * width);
    const values = dtype === "|u1"
      ? bytes
      : dtype === "<f4"
      ? new Float32Array(bytes.slice().buffer)
      : new Float64Array(bytes.slice().buffer);
    decode ??= dtype === "|u1" ? plain(c) : decodingOf(values, c, h * w, known, path);
    unplane(values, pixels.subarray(first * size), { n: count, c, area: h * w }, decode);
  }
  const classes = labels.reduce((most, label) => Math.max(most, label + 1), 0);
  return { images: { pixels, labels: labels.subarray(0, n), n }, image: [h, w, c], classes };
}

/** A value v of channel c stands for the byte v · scale[c] + shift[c]. */
interface Decoding {
  scale: number[];
  shift: number[];
}

const plain = (c: number): Decoding => ({
  scale: new Array<number>(c).fill(1),
  shift: new Array<number>(c).fill(0),
});

/** Planes of values to interleaved bytes. */
function unplane(
  values: ArrayLike<number>,
  into: Uint8Array,
  { n, c, area }: { n: number; c: number; area: number },
  { scale, shift }: Decoding,
): void {
  for (let i = 0, at = 0; i < n; i++) {
    for (let k = 0; k < c; k++) {
      const [a, b] = [scale[k], shift[k] + 0.5];
      for (let p = 0, to = i * area * c + k; p < area; p++, to += c) {
        into[to] = values[at++] * a + b;
      }
    }
  }
}

/** The normalisation under which all values of the first run are bytes. */
function decodingOf(
  values: ArrayLike<number>,
  c: number,
  area: number,
  known: readonly Normalisation[],
  path: string,
): Decoding {
  const fits = ({ scale, shift }: Decoding) => {
    for (let i = 0; i < values.length; i++) {
      const k = Math.floor(i / area) % c;
      const at = values[i] * scale[k] + shift[k];
      if (!(Math.abs(at - Math.round(at)) < 0.01 && at > -0.5 && at < 255.5)) return false;
    }
    return true;
  };
  const found = known.filter(({ mean }) => mean.length >= c).map(({ mean, deviation }) => ({
    scale: deviation.map((d) => 255 * d),
    shift: mean.map((m) => 255 * m),
  })).find(fits);
  if (found) return found;
  throw new DataError(
    `Cannot read ${path}: its numbers are no pixels under a known mean and deviation, expected bytes, ` +
      `or floats as the generators of AddNIST and CIFARTile write them; save them as uint8`,
  );
}

async function readLabels(files: Files, path: string, n: number): Promise<Uint8Array> {
  const { dtype, shape, start } = await readHeader(files, path);
  const width = Number(dtype.at(-1));
  if (!/^[<|][iu][1248]$/.test(dtype) || shape.length !== 1 || shape[0] !== n) {
    throw new DataError(
      `Cannot read ${path}: its shape is (${shape.join(", ")}) of ${dtype}, ` +
        `expected (${n}) whole numbers, one label for each image`,
    );
  }
  const bytes = await files.read(path, start);
  return Uint8Array.from({ length: n }, (_, i) => {
    const high = bytes.subarray(i * width + 1, (i + 1) * width).some((byte) => byte !== 0);
    if (!high) return bytes[i * width];
    throw new DataError(`Cannot read ${path}: label ${i} is not within 0 … 255, expected a class`);
  });
}

/** Destination of a file's bytes. */
export interface Sink {
  write(bytes: Uint8Array): void;
}

/** Writes images as float32 planes, normalised, in runs. @param next fills the bytes (h, w, c) of the next image. */
export function writeNpyImages(
  sink: Sink,
  n: number,
  [h, w, c]: readonly [number, number, number],
  { mean, deviation }: Normalisation,
  next: (into: Uint8Array) => void,
): void {
  sink.write(npyHeader("<f4", [n, c, h, w]));
  const area = h * w;
  const table = mean.map((m, k) =>
    Float32Array.from({ length: 256 }, (_, v) => (v / 255 - m) / deviation[k])
  );
  const image = new Uint8Array(area * c);
  const perRun = Math.max(1, Math.floor(chunkBytes / (4 * area * c)));
  const planes = new Float32Array(Math.min(perRun, n) * area * c);
  for (let i = 0, at = 0; i < n; i++) {
    next(image);
    for (let k = 0; k < c; k++) {
      for (let p = 0; p < area; p++) planes[at++] = table[k][image[p * c + k]];
    }
    if (at < planes.length && i < n - 1) continue;
    sink.write(new Uint8Array(planes.buffer, 0, 4 * at));
    at = 0;
  }
}

/** Labels as int64. */
export function npyLabels(labels: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = npyHeader("<i8", [labels.length]);
  const bytes = new Uint8Array(header.length + 8 * labels.length);
  bytes.set(header);
  labels.forEach((label, i) => bytes[header.length + 8 * i] = label);
  return bytes;
}
