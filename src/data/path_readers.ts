/** Readers of data sets in folders, asked in this order. A new one is one file and one line here. */
import { join } from "@std/path";
import { hasXmlMetadata, readCodebrim } from "./codebrim.ts";
import type { Files } from "./file_source.ts";
import { readFolder } from "./folder.ts";
import { hasKeptImages, readKeptImages } from "./kept_images.ts";
import { hasLabelTables, readLabelTables } from "./label_table.ts";
import { holdsNpy, readNpySet } from "./npy_set.ts";
import type { PictureOptions } from "./picture_set.ts";
import { isFolder } from "./picture_source.ts";
import { normalisations } from "./published.ts";
import type { ReadSet } from "./reader.ts";

/** A format of data sets that lie in a folder. */
export interface PathReader {
  /** Name of the format. */
  kind: string;
  /** Whether the folder is of this format. */
  holds(files: Files, path: string): Promise<boolean>;
  /** @throws DataError naming the file that is damaged. */
  read(path: string, options: PictureOptions): Promise<ReadSet>;
}

/** The first whose `holds` is true reads the folder. */
export const pathReaders: readonly PathReader[] = [
  {
    kind: "kept",
    holds: hasKeptImages,
    read: (path, { source, splits }) => readKeptImages(source.files, path, splits),
  },
  { kind: "codebrim", holds: hasXmlMetadata, read: readCodebrim },
  { kind: "labels", holds: hasLabelTables, read: readLabelTables },
  {
    kind: "npy",
    holds: holdsNpy,
    read: (path, { source }) => readNpySet(source.files, path, normalisations),
  },
  {
    kind: "folder",
    holds: (files, path) => isFolder(files, join(path, "train")),
    read: readFolder,
  },
];
