/** Data sets from what was dropped onto the page. Loaded on demand, with the readers of pictures and archives. */
import { DataError, UsageError } from "../common/errors.ts";
import { asDataSet } from "../data/as_data_set.ts";
import type { DataSet } from "../data/dataset.ts";
import type { Files } from "../data/file_source.ts";
import { pathReaders } from "../data/path_readers.ts";
import type { ReadSet } from "../data/reader.ts";
import { idxFiles, readIdx, seed } from "./data_sets.ts";
import { type OnPictures, pictureSource } from "./pictures.ts";
import { type Dropped, filesOf, treeOf, withTestPart } from "./tree.ts";

/** Most bytes of images at the size at which they are trained. */
const mostBytes = 2 ** 30;

/** Reader of dropped pictures. */
export interface Reading {
  /** Side of the square images; default by the median of the pictures. */
  side?: number;
  /** Name of the decoder: the browser. */
  decoder: string;
  onPictures: OnPictures;
  signal: AbortSignal;
}

/**
 * Reads dropped files: classes by folder, `labels.csv`, archives of them, IDX files, or the images of a run.
 * @throws UsageError, DataError in words that name the folder or file.
 */
export async function readDropped(
  dropped: readonly Dropped[],
  { side, ...reading }: Reading,
): Promise<DataSet> {
  const { name, tree } = await treeOf(dropped);
  const idx = idxFiles(tree.keys());
  const read = idx
    ? await readIdx(filesOf(tree), idx, name)
    : await readPictures(filesOf(tree), filesOf(withTestPart(tree)), { side, ...reading });
  const [h, w, c] = read.image;
  const bytes = read.train.n * h * w * c;
  if (bytes > mostBytes) {
    throw new UsageError(
      `Cannot take ${read.train.n} images of ${h} × ${w}: ${(bytes / 2 ** 30).toFixed(1)} GiB, ` +
        `expected at most 1; choose a smaller side`,
    );
  }
  return asDataSet(name, read, { splits: "search" });
}

async function readPictures(
  files: Files,
  withTest: Files,
  { side, decoder, onPictures, signal }: Reading,
): Promise<ReadSet> {
  for (const [place, reader] of pathReaders.flatMap((r) => [[files, r], [withTest, r]] as const)) {
    if (place === files && reader.kind === "folder" || !(await reader.holds(place, ""))) continue;
    const source = pictureSource(place, decoder, onPictures, signal);
    return await reader.read("", { source, side, seed, splits: "search" });
  }
  const tops = (await files.list("")).map((entry) => entry.name);
  throw new DataError(
    `Cannot find classes in ${tops.slice(0, 5).join(", ")}${tops.length > 5 ? ", …" : ""}: ` +
      `expected one folder of pictures for each class, or labels.csv beside the pictures`,
  );
}
