/** The IDX format of MNIST and Fashion-MNIST: big-endian header, then bytes; packed or not. */
import { basename } from "@std/path";
import { DataError } from "../common/errors.ts";
import type { Images } from "./dataset.ts";
import { type Files, readWhole } from "./file_source.ts";
import type { ReadSet } from "./reader.ts";
import type { IdxSet } from "./set_names.ts";

/** The content of an IDX file of unsigned bytes. */
export interface IdxArray {
  dims: number[];
  data: Uint8Array<ArrayBuffer>;
}

/** Images (n, h, w, 1) with the size of one. */
export interface IdxImages {
  images: Images;
  image: readonly [number, number, number];
}

const content = { 1: "labels", 2: "rows of labels", 3: "images", 4: "images" } as const;

/** Parses an IDX file of unsigned bytes with `rank` dimensions. Throws DataError. */
export function parseIdx(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  rank: keyof typeof content,
): IdxArray {
  const header = 4 + 4 * rank;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = 0x800 + rank;
  const what = `an IDX file of ${content[rank]}`;
  if (bytes.length < header) {
    throw new DataError(
      `Cannot read ${path}: it has ${bytes.length} bytes, ${what} has a header of ${header}; ` +
        `fetch the file again`,
    );
  }
  if (view.getUint32(0) !== magic) {
    throw new DataError(
      `Cannot read ${path}: it starts with ${hex(view.getUint32(0))}, ${what} starts with ` +
        `${hex(magic)}; check that the file is what its name says`,
    );
  }
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = header + dims.reduce((product, d) => product * d, 1);
  if (bytes.length !== expected || dims.includes(0)) {
    throw new DataError(
      `Cannot read ${path}: it has ${bytes.length} bytes, expected ${expected} for ` +
        `${dims.join(" × ")} ${content[rank]}; the file is damaged, fetch it again`,
    );
  }
  return { dims, data: bytes.subarray(header) };
}

/** An IDX file of unsigned bytes. */
export function encodeIdx(dims: readonly number[], data: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = 4 + 4 * dims.length;
  const bytes = new Uint8Array(header + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x800 + dims.length);
  dims.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  bytes.set(data, header);
  return bytes;
}

/**
 * Reads a pair of IDX files.
 * `classes`: how many there are; left out, one more than the largest label.
 * Throws DataError, naming the file, where a file is damaged, the counts differ or a label is out of range.
 */
export async function readIdxPair(
  files: Files,
  imagesPath: string,
  labelsPath: string,
  classes?: number,
): Promise<IdxImages & { classes: number }> {
  const labels = parseIdx(await readWhole(files, labelsPath), labelsPath, 1).data;
  const pixels = parseIdx(await readWhole(files, imagesPath), imagesPath, 3);
  const [n, h, w] = pixels.dims;
  if (n !== labels.length) {
    throw new DataError(
      `Cannot read ${imagesPath}: it has ${n} images and ${basename(labelsPath)} ` +
        `${labels.length} labels, expected one label for each image; fetch both files again`,
    );
  }
  const count = classes ?? labels.reduce((max, label) => Math.max(max, label), 0) + 1;
  checkLabels(labels, count, labelsPath);
  return { images: { pixels: pixels.data, labels, n }, image: [h, w, 1], classes: count };
}

/** Paths of the four files of a set: training images and labels, test images and labels. */
export type IdxPaths = readonly [string, string, string, string];

export interface IdxSetAbout {
  name: string;
  /** Null for a set that is not a published one. */
  known: Pick<IdxSet, "classes" | "flip"> | null;
  /** Left out, the test images are read for it. */
  testCount?: number;
}

/** Reads a set of four files. @throws DataError naming the file that is damaged. */
export async function readIdxSet(
  files: Files,
  [trainImages, trainLabels, testImages, testLabels]: IdxPaths,
  { name, known, testCount }: IdxSetAbout,
): Promise<ReadSet> {
  const { images, image, classes } = await readIdxPair(
    files,
    trainImages,
    trainLabels,
    known?.classes.length,
  );
  const test = async () => {
    const read = await readIdxPair(files, testImages, testLabels, classes);
    if (String(read.image) === String(image)) return read.images;
    throw new DataError(
      `Cannot read ${testImages}: its images have ${read.image[0]} × ${read.image[1]} pixels, ` +
        `expected ${image[0]} × ${image[1]} as in ${trainImages}; fetch both files again`,
    );
  };
  return {
    name,
    task: "single-label",
    classes: known ? [...known.classes] : Array.from({ length: classes }, (_, i) => String(i)),
    image,
    // Unknown sets in this format are usually digits or letters.
    flip: known?.flip ?? false,
    train: images,
    testCount: testCount ?? (await test()).n,
    test,
    notes: known ? [] : absentClasses(trainLabels, images, classes),
  };
}

/** Notes classes without images: in an unknown set the largest label decides how many classes there are. */
function absentClasses(path: string, { labels }: Images, classes: number): string[] {
  const there = new Set(labels);
  if (there.size === classes) return [];
  return [
    `${path} has labels up to ${classes - 1}, but only ${there.size} of these ${classes} classes ` +
    `have images.`,
  ];
}

/** Throws DataError at the first label that is no class index. */
export function checkLabels(labels: Uint8Array, classes: number, path: string): void {
  const at = labels.findIndex((label) => label >= classes);
  if (at >= 0) {
    throw new DataError(
      `Cannot read ${path}: the label of image ${at} is ${labels[at]}, ` +
        `expected 0 … ${classes - 1}; the file is damaged, fetch it again`,
    );
  }
}

function hex(word: number): string {
  return "0x" + word.toString(16).padStart(8, "0");
}
