/** Loads a data set by its name, with splits and statistics. */
import { DataError, UsageError } from "../common/errors.ts";
import { readCifarTest, readCifarTrain } from "./cifar.ts";
import { join } from "@std/path";
import { asDataSet, type SplitOptions } from "./as_data_set.ts";
import type { DataSet } from "./dataset.ts";
import { findDataSet, type FindOptions, type Found } from "./find.ts";
import { generate } from "./generate.ts";
import { unpackedSize } from "./file_source.ts";
import { hostFiles } from "./files.ts";
import { readIdxSet } from "./idx.ts";
import { readImageNet16Train, readImageNet16Valid } from "./imagenet16.ts";
import { readNpySet } from "./npy_set.ts";
import { hostPictures, type PictureReading } from "./picture_reader.ts";
import type { KnownSet } from "./published.ts";
import type { ReadSet } from "./reader.ts";
import { applySplit } from "./splits.ts";

/** Options of `loadDataSet`: folders to search, reading of pictures, splits of the images. */
export interface LoadOptions extends FindOptions, PictureReading, SplitOptions {
  /** Seed of the order of image folders and of their validation part. */
  seed: number;
  /** Side of the images of a folder; default by their median size. */
  side?: number;
  /** Image folders: the shorter side before the square is cut, and whether training keeps whole pictures. */
  resize?: number;
  wholeTraining?: boolean;
}

/**
 * Loads a set of `knownSets` or the set at a path; one that is generated is made first. Validation is the last
 * tenth of the training files in their order (a stratified tenth for folders without valid/), absent for "final",
 * unless the set has a division of its own. Mean and deviation are those of the training images in use, or of the
 * set. Only `test()` returns the test images. Throws UsageError and DataError.
 */
export async function loadDataSet(name: string, options: LoadOptions): Promise<DataSet> {
  for (const part of ["trainLimit", "validLimit"] as const) checkLimit(part, options[part]);
  const found = await foundOrMade(name, options);
  const read = await readFound(name, found, options);
  const known = "known" in found ? found.known : null;
  const places = [..."path" in found ? [found.path] : [], join(options.cacheDir, name)];
  if (options.dataDir !== undefined) places.unshift(options.dataDir);
  const divided = known?.split
    ? await applySplit(read, known.split, { splits: options.splits, files: hostFiles, places })
    : read;
  const { split, normalisation } = known ?? {};
  return asDataSet(name, divided, { ...options, divided: split !== undefined, normalisation });
}

/** Finds a set; one that is generated is made in the cache folder from its source, which is found first. */
async function foundOrMade(name: string, options: LoadOptions): Promise<Found> {
  const found = await findDataSet(name, options);
  if (found.kind !== "unmade") return found;
  const { of, recipe, title } = found.known;
  const source = await foundOrMade(of!, options);
  const read = await readFound(of!, source, { ...options, side: undefined, resize: undefined });
  const folder = join(options.cacheDir, name);
  await generate(recipe!, read, folder);
  const made = await findDataSet(name, options);
  if (made.kind !== "unmade") return made;
  throw new DataError(`Cannot find ${title} in ${folder}: it was just written, expected its files`);
}

async function readFound(name: string, found: Found, options: LoadOptions): Promise<ReadSet> {
  if (found.kind === "path") {
    return await found.reader.read(found.path, { ...options, source: hostPictures(options) });
  }
  const read = await readKnown(name, found, options);
  const [h, w] = read.image;
  if (options.side !== undefined && (options.side !== h || options.side !== w)) {
    throw new UsageError(
      `Cannot resize ${name} to ${options.side}: only image folders are resized, ` +
        `expected no image size; leave it out`,
    );
  }
  if (options.resize !== undefined) {
    throw new UsageError(
      `Cannot resize ${name} to ${options.resize}: only image folders are resized, ` +
        `expected no such setting; leave out resize`,
    );
  }
  return read;
}

function readKnown(
  name: string,
  found: Exclude<Found, { kind: "path" }>,
  options: LoadOptions,
): Promise<ReadSet> {
  switch (found.kind) {
    case "idx":
      return readIdx(name, found);
    case "cifar":
      return readCifar(name, found);
    case "npy":
      return readNpy(found.path, found.known, options);
    case "imagenet16":
      return readImageNet16(name, found.path);
  }
}

async function readNpy(
  path: string,
  { classes, normalisation }: KnownSet,
  options: LoadOptions,
): Promise<ReadSet> {
  const read = await readNpySet(hostFiles, path, [normalisation!], options);
  if (read.classes.length <= classes.length) return { ...read, classes: [...classes] };
  throw new DataError(
    `Cannot read ${path}: it has labels up to ${read.classes.length - 1}, ` +
      `expected 0 … ${classes.length - 1}; delete the folder to have it made again`,
  );
}

async function readImageNet16(name: string, path: string): Promise<ReadSet> {
  const { train, classes, notes } = await readImageNet16Train(hostFiles, path);
  return {
    name,
    task: "single-label",
    classes,
    image: [16, 16, 3],
    flip: true,
    train,
    testCount: 6000,
    test: () => readImageNet16Valid(hostFiles, path),
    notes,
  };
}

async function readIdx(name: string, { files, known }: Found & { kind: "idx" }): Promise<ReadSet> {
  const testCount = known?.testCount ?? (await unpackedSize(hostFiles, files[3])) - 8;
  return await readIdxSet(hostFiles, files, { name, known, testCount });
}

async function readCifar(name: string, found: Found & { kind: "cifar" }): Promise<ReadSet> {
  const { path, form, known } = found;
  const { train, classes, testCount, notes } = await readCifarTrain(hostFiles, path, form);
  return {
    name,
    task: "single-label",
    classes: known?.classes.length ? [...known.classes] : classes,
    image: [32, 32, 3],
    flip: true,
    train,
    testCount,
    test: () => readCifarTest(hostFiles, path, form),
    notes,
  };
}

function checkLimit(name: string, limit: number | undefined): void {
  if (limit !== undefined && !(Number.isInteger(limit) && limit > 0)) {
    throw new UsageError(`Cannot use ${limit} images as ${name}: expected a whole number above 0`);
  }
}
