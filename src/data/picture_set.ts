/** What all sets of picture files share, however their labels are written: splits, sizes, decoding. */
import { DataError, UsageError } from "../errors.ts";
import { Rng, Stream } from "../random.ts";
import { squareOf } from "./area.ts";
import { type Images, sliceImages, type Task } from "./dataset.ts";
import { decodePicture } from "./picture.ts";
import { pictureSize } from "./picture_header.ts";
import type { ReadSet } from "./reader.ts";

export interface PictureOptions {
  /** Side of the square images; default 32 if the median shorter side is under 48, else 64. */
  side?: number;
  /** Orders the files and draws the validation part. */
  seed: number;
  splits: "search" | "final";
  /** Decode no more than so many files of a part. */
  trainLimit?: number;
  validLimit?: number;
}

/** A picture file with its class index, or with one 0 or 1 per class. */
export interface LabelledFile {
  path: string;
  labels: readonly number[];
}

/** The files of a set, each part in an order drawn by the seed. */
export interface PictureParts {
  task: Task;
  classes: string[];
  train: LabelledFile[];
  /** Null: a tenth of `train` is taken. */
  valid: LabelledFile[] | null;
  test: LabelledFile[];
}

/** Largest share of files that may be unreadable. */
const tolerated = 0.05;

export function isPicture(name: string): boolean {
  return /\.(png|jpe?g)$/i.test(name);
}

/** Files in an order drawn by the seed, another one for each part. */
export function shuffled<T>(
  files: readonly T[],
  seed: number,
  part: "train" | "valid" | "test",
): T[] {
  const order = new Rng(seed, Stream.data, { train: 1, valid: 2, test: 3 }[part])
    .permutation(files.length);
  return Array.from(order, (i) => files[i]);
}

/**
 * Decodes the training and validation files; of the test files nothing is read before `test()`. Throws
 * DataError where too many files are unreadable; fewer are skipped, each with a note.
 */
export async function readPictureSet(
  dir: string,
  parts: PictureParts,
  options: PictureOptions,
  notes: string[],
): Promise<ReadSet> {
  const { train, valid } = split(parts, options);
  const side = options.side ?? await defaultSide(train);
  if (!Number.isInteger(side) || side < 4 || side > 1024) {
    throw new UsageError(`Cannot use images of side ${side}: expected a whole number of 4 … 1024`);
  }
  const { images, unreadable } = await decodeAll(dir, [...train, ...valid], side, notes);
  const grey = isGrey(images.pixels);
  const trained = train.filter((file) => !unreadable.has(file)).length;
  const all = grey ? toGrey(images) : images;
  return {
    name: dir,
    task: parts.task,
    classes: parts.classes,
    image: [side, side, grey ? 1 : 3],
    flip: true,
    train: sliceImages(all, 0, trained),
    valid: sliceImages(all, trained, all.n),
    testCount: parts.test.length,
    async test() {
      const { images } = await decodeAll(dir, parts.test, side, notes);
      return grey ? toGrey(images) : images;
    },
    notes,
  };
}

/** Training and validation files, cut to the limits. */
function split(parts: PictureParts, { splits, trainLimit, validLimit }: PictureOptions) {
  let { train, valid } = parts;
  if (splits === "final") [train, valid] = [[...train, ...valid ?? []], []];
  else if (!valid) {
    [train, valid] = parts.task === "multi-label"
      ? takeEveryTenth(train)
      : takeTenth(train, parts.classes.length);
  }
  return { train: train.slice(0, trainLimit), valid: valid.slice(0, validLimit) };
}

/** The last tenth of each class, at least one file of a class that has two. */
function takeTenth(files: LabelledFile[], classes: number): [LabelledFile[], LabelledFile[]] {
  const left = new Array<number>(classes).fill(0);
  for (const { labels: [label] } of files) left[label]++;
  const take = left.map((n) => (n < 2 ? 0 : Math.max(1, Math.round(n / 10))));
  const train: LabelledFile[] = [];
  const valid: LabelledFile[] = [];
  for (const file of files) {
    const { labels: [label] } = file;
    (left[label]-- > take[label] ? train : valid).push(file);
  }
  return [train, valid];
}

/**
 * Every tenth file once files with equal labels lie together: each combination of labels is taken from in
 * proportion, and rare ones, of which there may be many, make the part no larger.
 */
function takeEveryTenth(files: LabelledFile[]): [LabelledFile[], LabelledFile[]] {
  if (files.length < 2) return [files, []];
  const key = files.map(({ labels }) => labels.join(""));
  const order = [...files.keys()].sort((a, b) =>
    key[a] < key[b] ? -1 : key[a] > key[b] ? 1 : a - b
  );
  const count = Math.max(1, Math.round(files.length / 10));
  const taken = new Set(
    Array.from(
      { length: count },
      (_, k) => order[Math.floor((k + 0.5) * files.length / count)],
    ),
  );
  return [files.filter((_, i) => !taken.has(i)), files.filter((_, i) => taken.has(i))];
}

async function defaultSide(files: LabelledFile[]): Promise<number> {
  const sides: number[] = [];
  for (const { path } of files) {
    try {
      const { w, h } = pictureSize(await Deno.readFile(path));
      sides.push(Math.min(w, h));
    } catch {
      // Unreadable files are counted and named when they are decoded.
    }
  }
  sides.sort((a, b) => a - b);
  return (sides[sides.length >> 1] ?? 0) < 48 ? 32 : 64;
}

/** The readable files as RGB, in their order. */
async function decodeAll(
  dir: string,
  files: LabelledFile[],
  side: number,
  notes: string[],
): Promise<{ images: Images; unreadable: Set<LabelledFile> }> {
  const size = side * side * 3;
  const width = files[0]?.labels.length ?? 1;
  const pixels = new Uint8Array(files.length * size);
  const labels = new Uint16Array(files.length * width);
  const bad = new Map<LabelledFile, string>();
  let n = 0;
  for (const file of files) {
    try {
      pixels.set(squareOf(decodePicture(await Deno.readFile(file.path)), side), n * size);
      labels.set(file.labels, n * width);
      n++;
    } catch (error) {
      bad.set(file, `${file.path} (${(error as Error).message})`);
    }
  }
  const reasons = [...bad.values()];
  if (bad.size > files.length * tolerated) {
    throw new DataError(
      `Cannot read image folder ${dir}: ${bad.size} of ${files.length} pictures are unreadable, ` +
        `expected at most 5 %; repair or delete them: ${reasons.slice(0, 5).join(", ")}` +
        (bad.size > 5 ? ", …" : ""),
    );
  }
  notes.push(...reasons.map((what) => `Skipped ${what}.`));
  const images = {
    pixels: pixels.subarray(0, n * size),
    labels: labels.subarray(0, n * width),
    n,
  };
  return { images, unreadable: new Set(bad.keys()) };
}

function isGrey(rgb: Uint8Array): boolean {
  for (let i = 0; i < rgb.length; i += 3) {
    if (rgb[i] !== rgb[i + 1] || rgb[i] !== rgb[i + 2]) return false;
  }
  return true;
}

/** RGB to luma (ITU-R BT.601). */
export function toGrey({ pixels: rgb, labels, n }: Images): Images {
  const pixels = new Uint8Array(rgb.length / 3);
  for (let p = 0; p < pixels.length; p++) {
    pixels[p] = Math.round(0.299 * rgb[3 * p] + 0.587 * rgb[3 * p + 1] + 0.114 * rgb[3 * p + 2]);
  }
  return { pixels, labels, n };
}
