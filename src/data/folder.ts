/** Image folders: DIR/{train,valid,test}/<class>/*.{png,jpg,jpeg}. */
import { join } from "@std/path";
import { DataError, UsageError } from "../errors.ts";
import { Rng, Stream } from "../random.ts";
import { squareOf } from "./area.ts";
import type { Images } from "./dataset.ts";
import { isFolder, listFolder } from "./files.ts";
import { decodePicture } from "./picture.ts";
import { pictureSize } from "./picture_header.ts";
import type { ReadSet } from "./reader.ts";

export interface FolderOptions {
  /** Side of the square images; default 32 if the median shorter side is under 48, else 64. */
  side?: number;
  /** Orders the files and draws the validation part. */
  seed: number;
  splits: "search" | "final";
  /** Decode no more than so many files of a part. */
  trainLimit?: number;
  validLimit?: number;
}

/** A file and its class. */
interface Labelled {
  path: string;
  label: number;
}

/** Largest share of files that may be unreadable. */
const tolerated = 0.05;

/**
 * Reads an image folder; of test/ only the names. Throws DataError where a part or class is missing or
 * empty or too many files are unreadable; fewer are skipped, each with a note.
 */
export async function readFolder(dir: string, options: FolderOptions): Promise<ReadSet> {
  const notes: string[] = [];
  const classes = await classesOf(dir);
  const { train, valid } = await partsOf(dir, classes, options, notes);
  const test = await filesOf(dir, "test", classes, options.seed, notes);
  const side = options.side ?? await defaultSide(train);
  if (!Number.isInteger(side) || side < 4 || side > 1024) {
    throw new UsageError(`Cannot use images of side ${side}: expected a whole number of 4 … 1024`);
  }
  const pictures = await decodeAll(dir, [...train, ...valid], side, notes);
  const grey = pictures.every(({ rgb }) => isGrey(rgb));
  const channels = grey ? 1 : 3;
  const chosen = new Set(train);
  const collect = (inTrain: boolean) =>
    toImages(pictures.filter((p) => chosen.has(p.file) === inTrain), side, channels);
  return {
    name: dir,
    classes,
    image: [side, side, channels],
    flip: true,
    train: collect(true),
    valid: collect(false),
    testCount: test.length,
    async test() {
      return toImages(await decodeAll(dir, test, side, notes), side, channels);
    },
    notes,
  };
}

/** Training and validation files in shuffled order, cut to the limits. */
async function partsOf(dir: string, classes: string[], options: FolderOptions, notes: string[]) {
  let train = await filesOf(dir, "train", classes, options.seed, notes);
  let valid: Labelled[];
  if (await isFolder(join(dir, "valid"))) {
    valid = await filesOf(dir, "valid", classes, options.seed, notes);
    if (options.splits === "final") [train, valid] = [[...train, ...valid], []];
  } else if (options.splits === "final") {
    valid = [];
  } else {
    [train, valid] = takeTenth(train, classes.length);
  }
  return { train: train.slice(0, options.trainLimit), valid: valid.slice(0, options.validLimit) };
}

/** The last tenth of each class, at least one file of a class that has two. */
function takeTenth(files: Labelled[], classes: number): [Labelled[], Labelled[]] {
  const left = new Array<number>(classes).fill(0);
  for (const { label } of files) left[label]++;
  const take = left.map((n) => (n < 2 ? 0 : Math.max(1, Math.round(n / 10))));
  const train: Labelled[] = [];
  const valid: Labelled[] = [];
  for (const file of files) (left[file.label]-- > take[file.label] ? train : valid).push(file);
  return [train, valid];
}

async function classesOf(dir: string): Promise<string[]> {
  const train = join(dir, "train");
  if (!(await isFolder(train))) {
    throw new DataError(
      `Cannot read image folder ${dir}: it has no folder train, expected ` +
        `${join(train, "<class>", "*.png")} or .jpg`,
    );
  }
  const classes = await foldersIn(train);
  if (classes.length < 2) {
    throw new DataError(
      `Cannot read image folder ${train}: it has ${classes.length} class folders, ` +
        `expected at least 2, one folder of pictures for each class`,
    );
  }
  return classes;
}

async function foldersIn(path: string): Promise<string[]> {
  const names: string[] = [];
  for (const { name } of await listFolder(path)) {
    if (!name.startsWith(".") && await isFolder(join(path, name))) names.push(name);
  }
  return names;
}

/** The files of one part in an order drawn by the seed. */
async function filesOf(
  dir: string,
  part: "train" | "valid" | "test",
  classes: string[],
  seed: number,
  notes: string[],
): Promise<Labelled[]> {
  const root = join(dir, part);
  if (!(await isFolder(root))) {
    throw new DataError(
      `Cannot read image folder ${dir}: it has no folder ${part}, expected ` +
        `${
          join(root, "<class>")
        } with pictures for the final measure; move some of each class there`,
    );
  }
  checkClasses(root, await foldersIn(root), classes);
  const files: Labelled[] = [];
  for (const [label, name] of classes.entries()) {
    const folder = join(root, name);
    const names = (await listFolder(folder)).map((entry) => entry.name)
      .filter((file) => !file.startsWith("."));
    const pictures = names.filter((file) => /\.(png|jpe?g)$/i.test(file));
    if (pictures.length === 0) {
      throw new DataError(
        `Cannot read image folder ${folder}: it has no pictures among ${names.length} files, ` +
          `expected at least one .png, .jpg or .jpeg; add some or delete the class`,
      );
    }
    if (pictures.length < names.length) {
      const other = names.find((file) => !pictures.includes(file));
      notes.push(
        `${names.length - pictures.length} files in ${folder} are not .png, .jpg or .jpeg ` +
          `and were left out (${other}).`,
      );
    }
    for (const file of pictures) files.push({ path: join(folder, file), label });
  }
  const order = new Rng(seed, Stream.data, { train: 1, valid: 2, test: 3 }[part])
    .permutation(files.length);
  return Array.from(order, (i) => files[i]);
}

function checkClasses(root: string, found: string[], classes: string[]): void {
  const missing = classes.find((name) => !found.includes(name));
  const extra = found.find((name) => !classes.includes(name));
  if (missing === undefined && extra === undefined) return;
  const got = missing !== undefined ? `no class ${missing}` : `a class ${extra}`;
  throw new DataError(
    `Cannot read image folder ${root}: it has ${got}, expected the classes of train ` +
      `(${classes.slice(0, 10).join(", ")}${classes.length > 10 ? ", …" : ""})`,
  );
}

async function defaultSide(files: Labelled[]): Promise<number> {
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

interface Decoded {
  file: Labelled;
  rgb: Uint8Array;
}

async function decodeAll(
  dir: string,
  files: Labelled[],
  side: number,
  notes: string[],
): Promise<Decoded[]> {
  const decoded: Decoded[] = [];
  const bad: string[] = [];
  for (const file of files) {
    try {
      const picture = decodePicture(await Deno.readFile(file.path));
      decoded.push({ file, rgb: squareOf(picture, side) });
    } catch (error) {
      bad.push(`${file.path} (${(error as Error).message})`);
    }
  }
  if (bad.length > files.length * tolerated) {
    throw new DataError(
      `Cannot read image folder ${dir}: ${bad.length} of ${files.length} pictures are unreadable, ` +
        `expected at most 5 %; repair or delete them: ${bad.slice(0, 5).join(", ")}` +
        (bad.length > 5 ? ", …" : ""),
    );
  }
  notes.push(...bad.map((what) => `Skipped ${what}.`));
  return decoded;
}

function isGrey(rgb: Uint8Array): boolean {
  for (let i = 0; i < rgb.length; i += 3) {
    if (rgb[i] !== rgb[i + 1] || rgb[i] !== rgb[i + 2]) return false;
  }
  return true;
}

/** Pictures to NHWC; a colour picture in a grey set is turned to luma (ITU-R BT.601). */
function toImages(pictures: Decoded[], side: number, channels: number): Images {
  const size = side * side * channels;
  const pixels = new Uint8Array(pictures.length * size);
  const labels = new Uint16Array(pictures.length);
  for (const [i, { file, rgb }] of pictures.entries()) {
    labels[i] = file.label;
    if (channels === 3) {
      pixels.set(rgb, i * size);
      continue;
    }
    for (let p = 0; p < size; p++) {
      const [r, g, b] = rgb.subarray(3 * p, 3 * p + 3);
      pixels[i * size + p] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    }
  }
  return { pixels, labels, n: pictures.length };
}
