/** Data sets of the tab: published sets beside the page, a run's own. */
import * as z from "zod";
import { DataError } from "../common/errors.ts";
import { asDataSet } from "../data/as_data_set.ts";
import { type DataSet, type Images, sliceImages } from "../data/dataset.ts";
import type { Files } from "../data/file_source.ts";
import { type IdxPaths, readIdxSet } from "../data/idx.ts";
import { hasKeptImages, keptFolder, readKeptImages } from "../data/kept_images.ts";
import { idxNames, idxSetNamed } from "../data/set_names.ts";
import type { ReadSet } from "../data/reader.ts";
import { nameText } from "../nas/config/limits.ts";
import type { Disk } from "./disk.ts";
import { RUNS } from "./run_files.ts";

/** Order of the pictures and of the parts taken from them. */
export const seed = 1;

/** The four files of an IDX set at the top of the tree, packed or not; null where one is missing. */
export function idxFiles(paths: Iterable<string>): IdxPaths | null {
  const there = new Set(paths);
  const found = idxNames.map((name) => [name, `${name}.gz`].find((path) => there.has(path)));
  return found.every((path) => path !== undefined) ? found as unknown as IdxPaths : null;
}

/** Reads the four files of an IDX set, published or not. */
export const readIdx = (files: Files, paths: IdxPaths, name: string): Promise<ReadSet> =>
  readIdxSet(files, paths, { name, known: idxSetNamed(name) });

/** Files that lie in a folder beside the page. */
function fetchedFiles(base: URL): Files {
  const get = async (path: string) => {
    const response = await fetch(new URL(path, base));
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw Object.assign(new Error(`the server answers ${response.status}`), { name: "NotFound" });
  };
  return {
    size: () => Promise.resolve(null),
    list: () => Promise.reject(new Error("folders of a server cannot be listed")),
    read: async (path, from, to) => (await get(path)).slice(from, to),
  };
}

const listOfSets = z.record(nameText, z.array(nameText).max(100));

/** Published sets beside the page, and where their files are: `data/index.json`. */
export async function setsBeside(page: URL): Promise<Record<string, string[]>> {
  // Pages from a disk may fetch nothing, and without a network there are no sets.
  const response = await fetch(new URL("data/index.json", page)).catch(() => null);
  if (!response?.ok) return {};
  const { success, data } = listOfSets.safeParse(await response.json().catch(() => null));
  if (success) return data;
  throw new DataError(
    "Cannot read data/index.json beside this page: expected names of files by the name of their set; write " +
      "the page anew with denas page",
  );
}

/** Reads a published set that lies beside the page. */
export async function readBeside(
  page: URL,
  name: string,
  splits: "search" | "final",
): Promise<DataSet> {
  const paths = idxFiles((await setsBeside(page))[name] ?? []);
  if (!paths) {
    throw new DataError(
      `Cannot find ${name} beside this page: expected ${idxNames.join(", ")} in data/${name}; ` +
        `drop these four files onto the page instead`,
    );
  }
  const read = await readIdx(fetchedFiles(new URL(`data/${name}/`, page)), paths, name);
  return asDataSet(name, read, { splits });
}

/** At most so many images of each part; 0 for all. */
export function limited(data: DataSet, trainImages: number, validImages: number): DataSet {
  const cut = (images: Images, most: number) =>
    most === 0 ? images : sliceImages(images, 0, Math.min(images.n, most));
  return asDataSet(data.name, {
    ...data,
    train: cut(data.train, trainImages),
    valid: cut(data.valid, validImages),
  }, { splits: "search" });
}

/** Reads the images that a run keeps; null for a run on a published set. */
export async function readRunImages(
  disk: Disk,
  run: string,
  name: string,
  splits: "search" | "final",
): Promise<DataSet | null> {
  const files = diskFiles(disk);
  const folder = `${RUNS}/${run}/${keptFolder}`;
  if (!(await hasKeptImages(files, folder))) return null;
  return asDataSet(name, await readKeptImages(files, folder, splits), { splits });
}

const diskFiles = (disk: Disk): Files => ({
  size: (path) => disk.size(path),
  list: () => Promise.reject(new Error("not needed")),
  async read(path, from, to) {
    const bytes = await disk.read(path, from, to);
    if (bytes) return bytes;
    throw Object.assign(new Error("there is no such file"), { name: "NotFound" });
  },
});
