/** Readers of data sets in folders, asked in this order. A new one is one file and one line here. */
import { join } from "@std/path";
import { hasXmlMetadata, readCodebrim } from "./codebrim.ts";
import { hostFiles, isFolder } from "./files.ts";
import { readFolder } from "./folder.ts";
import { hasLabelTables, readLabelTables } from "./label_table.ts";
import { holdsNpy, readNpySet } from "./npy_set.ts";
import type { PictureOptions } from "./picture_set.ts";
import { normalisations } from "./published.ts";
import type { ReadSet } from "./reader.ts";

/** A format of data sets that lie in a folder. */
export interface PathReader {
  /** Name of the format. */
  kind: string;
  /** Whether the folder is of this format. */
  holds(path: string): Promise<boolean>;
  /** @throws DataError naming the file that is damaged. */
  read(path: string, options: PictureOptions): Promise<ReadSet>;
}

/** The first whose `holds` is true reads the folder. */
export const pathReaders: readonly PathReader[] = [
  { kind: "codebrim", holds: hasXmlMetadata, read: readCodebrim },
  { kind: "labels", holds: hasLabelTables, read: readLabelTables },
  {
    kind: "npy",
    holds: (path) => holdsNpy(hostFiles, path),
    read: (path) => readNpySet(hostFiles, path, normalisations),
  },
  { kind: "folder", holds: (path) => isFolder(join(path, "train")), read: readFolder },
];
