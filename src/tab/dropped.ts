/** Data sets from what was dropped onto the page. Loaded on demand, with the readers of pictures and archives. */
import { DataError, UsageError } from "../common/errors.ts";
import { asDataSet } from "../data/as_data_set.ts";
import type { DataSet } from "../data/dataset.ts";
import { mostKeptClasses } from "../data/kept_images.ts";
import { pathReaders } from "../data/path_readers.ts";
import type { ReadSet } from "../data/reader.ts";
import { idxFiles, readIdx, seed } from "./data_sets.ts";
import { type OnPictures, pictureSource, requireRoom } from "./pictures.ts";
import { type Dropped, filesOf, type Tree, treeOf, withTestPart } from "./tree.ts";

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
    : await readPictures(tree, { side, ...reading });
  requireFewClasses(read.classes.length);
  requireRoom(read.train.n, read.image);
  return asDataSet(name, read, { splits: "search" });
}

/** @throws UsageError for more classes than a run can keep images of. */
function requireFewClasses(n: number): void {
  if (n <= mostKeptClasses) return;
  throw new UsageError(
    `Cannot take ${n} classes: expected at most ${mostKeptClasses}; leave some out, or use the command line`,
  );
}

async function readPictures(
  tree: Tree,
  { side, decoder, onPictures, signal }: Reading,
): Promise<ReadSet> {
  const files = filesOf(tree);
  for (const reader of pathReaders) {
    const place = reader.kind === "folder" ? filesOf(withTestPart(tree)) : files;
    if (!(await reader.holds(place, ""))) continue;
    // Before all pictures are decoded, where that is easy to know.
    if (reader.kind === "folder") requireFewClasses((await place.list("train")).length);
    const source = pictureSource(place, decoder, onPictures, signal);
    return await reader.read("", { source, side, seed, splits: "search" });
  }
  const tops = (await files.list("")).map((entry) => entry.name);
  throw new DataError(
    `Cannot find classes in ${tops.slice(0, 5).join(", ")}${tops.length > 5 ? ", …" : ""}: ` +
      `expected one folder of pictures for each class, or labels.csv beside the pictures`,
  );
}
