/**
 * The binary format of CIFAR-10 and CIFAR-100 (Krizhevsky 2009): rows of one label byte (two for CIFAR-100:
 * coarse, fine) and 3,072 bytes, one plane after another. Read from a folder or from the official tar.gz.
 */
import { basename, join } from "@std/path";
import { DataError } from "../common/errors.ts";
import type { Images } from "./dataset.ts";
import type { Files } from "./file_source.ts";
import { readTar } from "./tar.ts";

const side = 32;
const plane = side * side;

/** Layout of one of the two sets. */
export interface CifarForm {
  title: string;
  classes: number;
  /** Bytes of labels in a row; the last one counts (CIFAR-100: the fine label). */
  labelBytes: number;
  train: readonly string[];
  test: string;
  names: string;
  /** Images in each training file as published. */
  perFile: number;
}

export const cifarForms = {
  cifar10: {
    title: "CIFAR-10",
    classes: 10,
    labelBytes: 1,
    train: [1, 2, 3, 4, 5].map((k) => `data_batch_${k}.bin`),
    test: "test_batch.bin",
    names: "batches.meta.txt",
    perFile: 10_000,
  },
  cifar100: {
    title: "CIFAR-100",
    classes: 100,
    labelBytes: 2,
    train: ["train.bin"],
    test: "test.bin",
    names: "fine_label_names.txt",
    perFile: 50_000,
  },
} as const satisfies Record<string, CifarForm>;

export interface CifarTrain {
  train: Images;
  classes: string[];
  testCount: number;
  notes: string[];
}

/** One file of the set, wherever it lies. */
interface Source {
  name: string;
  size: number;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * The training images (n, 32, 32, 3) in the order of the files, from a folder or a tar.gz at `path`. Of the
 * test file only the size is looked at. Absent training files are fewer images and a note.
 */
export async function readCifarTrain(
  files: Files,
  path: string,
  form: CifarForm,
): Promise<CifarTrain> {
  const parts = new Map<string, Images>();
  let classes = Array.from({ length: form.classes }, (_, i) => String(i));
  let testCount = 0;
  for await (const file of sources(files, path, form)) {
    const where = `${path}/${file.name}`;
    if (file.name === form.names) {
      const names = new TextDecoder().decode(await file.bytes()).split("\n").map((s) => s.trim());
      const given = names.filter((name) => name !== "");
      if (given.length === form.classes) classes = given;
    } else if (file.name === form.test) {
      testCount = rowsOf(file.size, where, form);
    } else if (form.train.includes(file.name)) {
      rowsOf(file.size, where, form);
      parts.set(file.name, parseCifar(await file.bytes(), where, form));
    }
  }
  const found = form.train.filter((name) => parts.has(name));
  if (found.length === 0) throw absent(path, form.train[0], form);
  if (testCount === 0) throw absent(path, form.test, form);
  const train = concat(found.map((name) => parts.get(name)!));
  return { train, classes, testCount, notes: missingNote(path, found, train.n, form) };
}

/** The test images (n, 32, 32, 3). */
export async function readCifarTest(files: Files, path: string, form: CifarForm): Promise<Images> {
  for await (const file of sources(files, path, form)) {
    if (file.name === form.test) {
      return parseCifar(await file.bytes(), `${path}/${file.name}`, form);
    }
  }
  throw absent(path, form.test, form);
}

/** Rows to NHWC. Throws DataError on a length that is no whole number of rows and on a bad label. */
export function parseCifar(bytes: Uint8Array<ArrayBuffer>, path: string, form: CifarForm): Images {
  const n = rowsOf(bytes.length, path, form);
  const row = form.labelBytes + 3 * plane;
  const pixels = new Uint8Array(n * 3 * plane);
  const labels = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const label = bytes[i * row + form.labelBytes - 1];
    if (label >= form.classes) {
      throw new DataError(
        `Cannot read ${path}: the label of image ${i} is ${label}, ` +
          `expected 0 … ${form.classes - 1}; the file is damaged, fetch it again`,
      );
    }
    labels[i] = label;
    const from = i * row + form.labelBytes;
    for (let p = 0, to = i * 3 * plane; p < plane; p++, to += 3) {
      pixels[to] = bytes[from + p];
      pixels[to + 1] = bytes[from + plane + p];
      pixels[to + 2] = bytes[from + 2 * plane + p];
    }
  }
  return { pixels, labels, n };
}

function rowsOf(size: number, path: string, form: CifarForm): number {
  const row = form.labelBytes + 3 * plane;
  if (size === 0 || size % row !== 0) {
    throw new DataError(
      `Cannot read ${path}: it has ${size} bytes, expected a multiple of ${row} ` +
        `(one image of ${form.title}); the file is damaged, fetch it again`,
    );
  }
  return size / row;
}

async function* sources(files: Files, path: string, form: CifarForm): AsyncGenerator<Source> {
  if (await files.size(path) !== null) {
    for await (const entry of readTar(files, path)) {
      yield { name: basename(entry.name), size: entry.size, bytes: entry.bytes };
    }
    return;
  }
  for (const name of [form.names, ...form.train, form.test]) {
    const file = join(path, name);
    const size = await files.size(file);
    if (size !== null) yield { name, size, bytes: () => files.read(file) };
  }
}

function concat(parts: Images[]): Images {
  if (parts.length === 1) return parts[0];
  const n = parts.reduce((sum, part) => sum + part.n, 0);
  const pixels = new Uint8Array(n * 3 * plane);
  const labels = new Uint8Array(n);
  let at = 0;
  for (const part of parts) {
    pixels.set(part.pixels, at * 3 * plane);
    labels.set(part.labels, at);
    at += part.n;
  }
  return { pixels, labels, n };
}

function missingNote(path: string, found: string[], n: number, form: CifarForm): string[] {
  const missing = form.train.filter((name) => !found.includes(name));
  const whole = form.train.length * form.perFile;
  if (missing.length === 0 && n === whole) return [];
  const without = missing.length > 0 ? ` (without ${missing.join(", ")})` : "";
  return [`${path} holds ${n} of the ${whole} training images of ${form.title}${without}.`];
}

function absent(path: string, name: string, form: CifarForm): DataError {
  return new DataError(
    `Cannot read ${form.title} from ${path}: it has no ${name}, ` +
      `expected the files of the binary version; fetch the archive again`,
  );
}
