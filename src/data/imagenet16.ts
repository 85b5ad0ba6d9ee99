/**
 * ImageNet downsampled to 16×16 (Chrabaszcz et al., 2017), reduced to its first 120 classes as in NAS-Bench-201.
 * Read from the published batches: pickles of `data` (n, 768) bytes, one plane after another, and `labels`,
 * which count from 1.
 */
import { join } from "@std/path";
import { DataError } from "../common/errors.ts";
import type { Images } from "./dataset.ts";
import { type Files, readWhole } from "./file_source.ts";
import { isPickledArray, parsePickle, type Pickled } from "./pickle.ts";

const side = 16;
const area = side * side;
const classCount = 120;

const trainFiles = Array.from({ length: 10 }, (_, i) => `train_data_batch_${i + 1}`);
const validFile = "val_data";

export interface ImageNet16 {
  train: Images;
  classes: string[];
  notes: string[];
}

/** Whether a folder holds the batches. */
export async function holdsImageNet16(files: Files, path: string): Promise<boolean> {
  return await files.size(join(path, trainFiles[0])) !== null;
}

/** The training images of the first 120 classes. Absent batches are fewer images and a note. */
export async function readImageNet16Train(files: Files, path: string): Promise<ImageNet16> {
  const parts: Images[] = [];
  const missing: string[] = [];
  for (const name of trainFiles) {
    if (await files.size(join(path, name)) === null) missing.push(name);
    else parts.push(await readBatch(files, join(path, name)));
  }
  const n = parts.reduce((sum, part) => sum + part.n, 0);
  const train = { pixels: new Uint8Array(n * 3 * area), labels: new Uint8Array(n), n };
  let at = 0;
  for (const part of parts) {
    train.pixels.set(part.pixels, at * 3 * area);
    train.labels.set(part.labels, at);
    at += part.n;
  }
  const note = `${path} holds ${n} training images of ImageNet16-120 (without ${
    missing.join(", ")
  }).`;
  return {
    train,
    classes: Array.from({ length: classCount }, (_, i) => String(i + 1)),
    notes: missing.length > 0 ? [note] : [],
  };
}

/** The 6,000 images of the validation batch, half of which NAS-Bench-201 tests on. */
export const readImageNet16Valid = (files: Files, path: string): Promise<Images> =>
  readBatch(files, join(path, validFile));

/** Reads one batch. @throws DataError naming what it holds instead. */
async function readBatch(files: Files, path: string): Promise<Images> {
  const { data, labels } = contentOf(parsePickle(await readWhole(files, path), path), path);
  const kept: number[] = [];
  labels.forEach((label, i) => {
    if (!Number.isInteger(label) || label < 1 || label > 1000) {
      throw new DataError(`Cannot read ${path}: label ${i} is ${label}, expected 1 … 1000`);
    }
    if (label <= classCount) kept.push(i);
  });
  const pixels = new Uint8Array(kept.length * 3 * area);
  kept.forEach((image, k) => {
    const from = image * 3 * area;
    for (let p = 0, to = k * 3 * area; p < area; p++) {
      for (let c = 0; c < 3; c++) pixels[to++] = data[from + c * area + p];
    }
  });
  return { pixels, labels: Uint8Array.from(kept, (i) => labels[i] - 1), n: kept.length };
}

function contentOf(value: Pickled, path: string): { data: Uint8Array; labels: number[] } {
  const cannot = (why: string) =>
    new DataError(`Cannot read ${path}: ${why}, expected a batch of downsampled ImageNet`);
  if (!(value instanceof Map)) throw cannot("it is no dictionary");
  const data = value.get("data");
  const labels = value.get("labels");
  if (!isPickledArray(data) || data.dtype !== "u1" || data.shape[1] !== 3 * area) {
    throw cannot(`its data are not (n, ${3 * area}) bytes`);
  }
  if (!Array.isArray(labels) || labels.length !== data.shape[0]) {
    throw cannot(`its labels are not ${data.shape[0]} numbers`);
  }
  return { data: data.bytes, labels: labels.map(Number) };
}
