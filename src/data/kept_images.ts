/**
 * Images that a run keeps with it, at the size at which it trains: `images.json`, and for each part an IDX
 * file of images (n, h, w, c) and one of labels. Decoders of pictures differ, so a run that began elsewhere
 * goes on with these bytes.
 */
import { join } from "@std/path";
import * as z from "zod";
import { DataError } from "../common/errors.ts";
import { type DataSet, type Images, labelWidth } from "./dataset.ts";
import type { Files } from "./file_source.ts";
import { encodeIdx, parseIdx } from "./idx.ts";
import type { ReadSet } from "./reader.ts";

/** The file by which the format is known. */
export const keptName = "images.json";
/** Folder of the kept images in a run's folder. */
export const keptFolder = "images";
/** Labels are bytes. */
export const mostKeptClasses = 256;

const parts = ["train", "valid", "test"] as const;
type Part = typeof parts[number];

const keptFile = z.object({
  format: z.literal("denas-images"),
  version: z.literal(1),
  /** Name of the folder or set that the images come from. */
  name: z.string().max(1000),
  task: z.enum(["single-label", "multi-label"]),
  classes: z.array(z.string()).min(1).max(mostKeptClasses),
  image: z.tuple([z.number(), z.number(), z.number()]),
  flip: z.boolean(),
  decoder: z.string().optional(),
  resize: z.number().optional(),
  /** SHA-256 of each file, by its name. */
  sha256: z.record(z.string(), z.string()),
});

type About = z.infer<typeof keptFile>;

const digestOf = async (bytes: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
const imagesName = (part: Part) => `${part}-images-idx4-ubyte`;
const labelsName = (part: Part) => `${part}-labels-idx1-ubyte`;

/** The files of a data set, by name. */
export async function keepImages(data: DataSet): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const { name, task, classes, image, flip, decoder, resize } = data;
  if (classes.length > mostKeptClasses) {
    throw new DataError(
      `Cannot keep the images of ${name}: it has ${classes.length} classes, expected at most ` +
        `${mostKeptClasses}`,
    );
  }
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const part of parts) {
    const images = part === "test" ? await data.test() : data[part];
    if (images.n === 0) continue;
    files.set(imagesName(part), encodeIdx([images.n, ...image], images.pixels));
    const width = labelWidth(images);
    const shape = task === "multi-label" ? [images.n, width] : [images.n];
    files.set(labelsName(part), encodeIdx(shape, Uint8Array.from(images.labels)));
  }
  const sums: Record<string, string> = {};
  for (const [file, bytes] of files) sums[file] = await digestOf(bytes);
  const about: About = {
    format: "denas-images",
    version: 1,
    name,
    task,
    classes,
    image: [...image],
    flip,
    decoder,
    resize,
    sha256: sums,
  };
  files.set(keptName, new TextEncoder().encode(JSON.stringify(about, null, 2) + "\n"));
  return files;
}

/** Whether a folder holds kept images. */
export const hasKeptImages = async (files: Files, dir: string): Promise<boolean> =>
  await files.size(join(dir, keptName)) !== null;

/**
 * Reads kept images; the test images are read when they are asked for.
 * @throws DataError naming the file that is missing or damaged.
 */
export async function readKeptImages(
  files: Files,
  dir: string,
  splits: "search" | "final",
): Promise<ReadSet> {
  const about = await readAbout(files, join(dir, keptName));
  const { name, task, classes, image, flip, decoder, resize } = about;
  const read = (part: Part) => readPart(files, dir, about, part);
  const [train, valid] = [await read("train"), await read("valid")];
  const all = splits === "final" ? joined(train, valid) : train;
  const none = { ...valid, pixels: new Uint8Array(), labels: new Uint8Array(), n: 0 };
  return {
    name,
    task,
    classes,
    image,
    flip,
    train: all,
    valid: splits === "final" ? none : valid,
    testCount: await countOf(files, dir, about),
    test: () => read("test"),
    decoder,
    resize,
    notes: [],
  };
}

async function readAbout(files: Files, path: string): Promise<About> {
  try {
    return keptFile.parse(JSON.parse(new TextDecoder().decode(await files.read(path))));
  } catch (cause) {
    throw new DataError(`Cannot read ${path}: it is not what denas writes; export the run again`, {
      cause,
    });
  }
}

async function readPart(files: Files, dir: string, about: About, part: Part): Promise<Images> {
  const { image, task, sha256: sums } = about;
  const read = async (name: string, rank: 1 | 2 | 4) => {
    const path = join(dir, name);
    if (!Object.hasOwn(sums, name)) return null;
    const bytes = await files.read(path).catch((cause) => {
      throw new DataError(`Cannot read ${path}: ${cause.message}; export the run again`, { cause });
    });
    if (await digestOf(bytes) !== sums[name]) {
      throw new DataError(
        `Cannot read ${path}: its content is not what ${keptName} says; export the run again`,
      );
    }
    return parseIdx(bytes, path, rank);
  };
  const pixels = await read(imagesName(part), 4);
  const labels = await read(labelsName(part), task === "multi-label" ? 2 : 1);
  if (!pixels || !labels) return { pixels: new Uint8Array(), labels: new Uint8Array(), n: 0 };
  const [n, ...size] = pixels.dims;
  if (labels.dims[0] !== n || String(size) !== String(image)) {
    throw new DataError(
      `Cannot read ${join(dir, imagesName(part))}: it has ${n} images of ${size.join(" × ")}, ` +
        `expected ${labels.dims[0]} of ${image.join(" × ")}; export the run again`,
    );
  }
  return { pixels: pixels.data, labels: labels.data, n };
}

/** Number of test images, by the size of the file. */
async function countOf(files: Files, dir: string, { image }: About): Promise<number> {
  const bytes = await files.size(join(dir, imagesName("test"))) ?? 0;
  return Math.max(0, bytes - 20) / image.reduce((a, b) => a * b);
}

function joined(a: Images, b: Images): Images {
  const pixels = new Uint8Array(a.pixels.length + b.pixels.length);
  pixels.set(a.pixels);
  pixels.set(b.pixels, a.pixels.length);
  const labels = new Uint8Array(a.labels.length + b.labels.length);
  labels.set(a.labels);
  labels.set(b.labels, a.labels.length);
  return { pixels, labels, n: a.n + b.n };
}
