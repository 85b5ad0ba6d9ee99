/** Reads sets of picture files, however their labels are written: splits, sizes, images. */
import { DataError, UsageError } from "../common/errors.ts";
import { Rng, Stream } from "../common/random.ts";
import type { Images, Task } from "./dataset.ts";
import type { Files } from "./file_source.ts";
import { pictureHeader, pictureName } from "./picture_header.ts";
import { type PictureDecoder, type PictureSource, startOf } from "./picture_source.ts";
import type { ReadSet } from "./reader.ts";
import type { SmallPicture, WantedPicture } from "./wanted_picture.ts";

export interface PictureOptions {
  /** Finds the pictures and decodes them. */
  source: PictureSource;
  /** Side of the square images; default 32 if the median shorter side is under 48, else 64. */
  side?: number;
  /** Shorter side that pictures are resized to before the square is cut; default `side`. */
  resize?: number;
  /** Keep training pictures whole, for crops at random places; the others are cut around their centre. */
  wholeTraining?: boolean;
  /** Seed of the files' order and of the validation part. */
  seed: number;
  splits: "search" | "final";
  /** Most files that are decoded of each part. */
  trainLimit?: number;
  validLimit?: number;
}

/** A picture file with its class index, or with one 0 or 1 per class. */
export interface LabelledFile {
  path: string;
  labels: readonly number[];
}

/** The files of a set, each part in an order that depends on the seed. */
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
  return pictureName.test(name);
}

/** Shuffles files by the seed, differently for each part. */
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
 * Reads the training and validation files, and looks whether the test files can be read, so that a long
 * training does not end at them. Throws DataError where too many are unreadable; fewer are skipped, each
 * with a note.
 */
export async function readPictureSet(
  dir: string,
  parts: PictureParts,
  options: PictureOptions,
  notes: string[],
): Promise<ReadSet> {
  const { source } = options;
  const { train, valid } = split(parts, options);
  const side = options.side ?? await defaultSide(source.files, train);
  const resize = options.resize ?? side;
  checkSides(side, resize);
  const centre = { resize, side };
  await using reader = source.open(train.length + valid.length + parts.test.length);
  const trained = await readPart(reader, train, {
    resize,
    side: options.wholeTraining ? null : side,
  });
  const validated = await readPart(reader, valid, centre);
  noteUnreadable(dir, [trained, validated], train.length + valid.length, notes);
  const tested = await readPart(reader, parts.test, centre, false);
  noteUnreadable(dir, [tested], parts.test.length, notes);
  if (reader.cacheProblem !== null) {
    notes.push(`Resized pictures are not kept for the next run: ${reader.cacheProblem}.`);
  }
  const grey = isGrey(trained.images.pixels) && isGrey(validated.images.pixels);
  const inColours = (images: Images) => grey ? toGrey(images) : images;
  return {
    name: dir,
    task: parts.task,
    classes: parts.classes,
    image: [side, side, grey ? 1 : 3],
    flip: true,
    train: inColours(trained.images),
    valid: inColours(validated.images),
    testCount: parts.test.length - tested.unreadable.length,
    async test() {
      await using reader = source.open(parts.test.length);
      const { images, unreadable } = await readPart(reader, parts.test, centre);
      noteUnreadable(dir, [{ unreadable }], parts.test.length, []);
      return inColours(images);
    },
    decoder: source.decoder,
    ...resize !== side && { resize },
    notes,
  };
}

function checkSides(side: number, resize: number): void {
  if (!Number.isInteger(side) || side < 4 || side > 1024) {
    throw new UsageError(`Cannot use images of side ${side}: expected a whole number of 4 … 1024`);
  }
  if (!Number.isInteger(resize) || resize < side || resize > 2048) {
    throw new UsageError(
      `Cannot resize pictures to ${resize}: expected a whole number from the images' side, ${side}, to 2048`,
    );
  }
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
 * Takes every tenth file after sorting by labels: each combination of labels is sampled in proportion, and
 * many rare combinations do not enlarge the part.
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

async function defaultSide(place: Files, files: LabelledFile[]): Promise<number> {
  const sides: number[] = [];
  for (const { path } of files) {
    try {
      const { w, h } = pictureHeader(await startOf(place, path));
      sides.push(Math.min(w, h));
    } catch {
      // Unreadable files are counted and named when they are decoded.
    }
  }
  sides.sort((a, b) => a - b);
  return (sides[sides.length >> 1] ?? 0) < 48 ? 32 : 64;
}

/**
 * The readable files as RGB in their order, and why the others are not.
 * @param keep whether the pixels are wanted.
 */
async function readPart(
  reader: PictureDecoder,
  files: readonly LabelledFile[],
  wanted: WantedPicture,
  keep = true,
): Promise<{ images: Images; unreadable: string[] }> {
  const pictures = new Array<SmallPicture | null>(files.length).fill(null);
  const paths = files.map(({ path }) => path);
  const reasons = await reader.read(paths, wanted, (i, picture) => {
    if (keep) pictures[i] = picture;
  });
  const unreadable = [...reasons].sort(([a], [b]) => a - b)
    .map(([i, reason]) => `${paths[i]} (${reason})`);
  const images = imagesOf(pictures, files);
  if (wanted.side !== null) delete images.sizes;
  return { images, unreadable };
}

/** The readable pictures, one after another. */
function imagesOf(pictures: (SmallPicture | null)[], files: readonly LabelledFile[]): Images {
  const there = files.filter((_, i) => pictures[i] !== null);
  const kept = pictures.filter((picture) => picture !== null);
  const pixels = new Uint8Array(kept.reduce((sum, { rgb }) => sum + rgb.length, 0));
  let at = 0;
  kept.forEach(({ rgb }) => {
    pixels.set(rgb, at);
    at += rgb.length;
  });
  return {
    pixels,
    sizes: Uint32Array.from(kept.flatMap(({ w, h }) => [h, w])),
    labels: Uint16Array.from(there.flatMap(({ labels }) => [...labels])),
    n: kept.length,
  };
}

/** Throws DataError where too many files are unreadable. */
function noteUnreadable(
  dir: string,
  parts: readonly { unreadable: string[] }[],
  files: number,
  notes: string[],
): void {
  const reasons = parts.flatMap(({ unreadable }) => unreadable);
  if (reasons.length > files * tolerated) {
    throw new DataError(
      `Cannot read image folder ${dir}: ${reasons.length} of ${files} pictures are unreadable, ` +
        `expected at most 5 %; repair or delete them: ${reasons.slice(0, 5).join(", ")}` +
        (reasons.length > 5 ? ", …" : ""),
    );
  }
  notes.push(...reasons.map((what) => `Skipped ${what}.`));
}

function isGrey(rgb: Uint8Array): boolean {
  for (let i = 0; i < rgb.length; i += 3) {
    if (rgb[i] !== rgb[i + 1] || rgb[i] !== rgb[i + 2]) return false;
  }
  return true;
}

/** RGB to luma (ITU-R BT.601). */
export function toGrey({ pixels: rgb, ...images }: Images): Images {
  const pixels = new Uint8Array(rgb.length / 3);
  for (let p = 0; p < pixels.length; p++) {
    pixels[p] = Math.round(0.299 * rgb[3 * p] + 0.587 * rgb[3 * p + 1] + 0.114 * rgb[3 * p + 2]);
  }
  return { ...images, pixels };
}
