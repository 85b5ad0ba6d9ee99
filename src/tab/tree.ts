/** Files that were dropped onto the page, or that lie in a dropped archive, as a folder to read from. */
import { UsageError } from "../common/errors.ts";
import { isZip, readZip } from "../common/zip.ts";
import type { Files } from "../data/file_source.ts";
import { pictureName } from "../data/picture_header.ts";

/** A file with its path below what was dropped. */
export interface Dropped {
  path: string;
  file: Blob;
}

/** Content of a file, read on demand. */
export interface Content {
  size: number;
  /** The whole file, or the part from byte `from` up to `to`. */
  read(from?: number, to?: number): Promise<Uint8Array<ArrayBuffer>>;
}

export type Tree = Map<string, Content>;

/** Most files that are looked at. */
const mostFiles = 200_000;
/** One in so many pictures is kept for the test where no folder says which. */
const testEvery = 5;
/** Names that file managers and archivers add. */
const clutter = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i;

/**
 * The files below their common folder, whose name is that of the set.
 * @throws UsageError when there are none or too many, DataError when an archive is damaged.
 */
export async function treeOf(dropped: readonly Dropped[]): Promise<{ name: string; tree: Tree }> {
  let tree: Tree = new Map();
  for (const { path, file } of dropped) {
    if (/\.zip$/i.test(path) && await isZip(file)) {
      const folder = path.replace(/\.zip$/i, "");
      for (const entry of await readZip(file, path)) {
        const { size } = entry;
        // An entry is unpacked as a whole.
        const read = async (from = 0, to = size) => {
          const bytes = await entry.read();
          return from === 0 && to >= size ? bytes : bytes.slice(from, to);
        };
        tree.set(`${folder}/${entry.path}`, { size, read });
      }
    } else {
      const read = async (from?: number, to?: number) =>
        new Uint8Array(await file.slice(from, to).arrayBuffer());
      tree.set(path, { size: file.size, read });
    }
    if (tree.size > mostFiles) {
      throw new UsageError(`Cannot take these files: more than ${mostFiles}, expected fewer`);
    }
  }
  tree = new Map([...tree].filter(([path]) => !clutter.test(path)));
  if (tree.size === 0) throw new UsageError("Cannot take this: there are no files in it");
  return belowCommon(tree);
}

/** Parts of a set, which are no common folder even where there is only one of them. */
const partNames = ["train", "valid", "val", "test", "metadata"];

function belowCommon(tree: Tree): { name: string; tree: Tree } {
  let name = "pictures";
  for (;;) {
    const tops = new Set([...tree.keys()].map((path) => path.split("/")[0]));
    const [top] = tops;
    const isFolder = [...tree.keys()].every((path) => path.includes("/"));
    if (tops.size > 1 || !isFolder || partNames.includes(top)) return { name, tree };
    name = top;
    tree = new Map([...tree].map(([path, file]) => [path.slice(top.length + 1), file]));
  }
}

/**
 * The same files with a folder `test`, where they have none: each fifth picture of a class is moved there. A class
 * is a folder, below `train` or by itself; files in folders below it belong to it.
 * @throws UsageError where a class has one picture, which cannot be both trained on and tested.
 */
export function withTestPart(tree: Tree): Tree {
  const paths = [...tree.keys()];
  if (paths.some((path) => /^test\//.test(path))) return tree;
  const root = paths.some((path) => path.startsWith("train/")) ? "train/" : "";
  const out: Tree = new Map();
  const inClasses: string[] = [];
  for (const path of paths.sort()) {
    if (!path.startsWith(root)) out.set(path, tree.get(path)!);
    else if (path.includes("/", root.length)) inClasses.push(path);
  }
  const labelOf = (path: string) => path.slice(root.length, path.indexOf("/", root.length));
  for (const [label, files] of Map.groupBy(inClasses, labelOf)) {
    const pictures = files.filter((path) => pictureName.test(path));
    if (pictures.length === 1) {
      throw new UsageError(
        `Cannot use class ${label}: ${
          pictures[0]
        } is its only picture, expected at least 2, one for the ` +
          `test; add some or leave it out`,
      );
    }
    const first = Math.min(testEvery, pictures.length) - 1;
    const tested = new Set(pictures.filter((_, i) => i % testEvery === first));
    for (const path of files) {
      const name = path.slice(root.length + label.length + 1).replaceAll("/", "_");
      out.set(`${tested.has(path) ? "test" : "train"}/${label}/${name}`, tree.get(path)!);
    }
  }
  return out;
}

const notFound = (path: string) =>
  Object.assign(new Error(`there is no ${path}`), { name: "NotFound" });

/** A tree as the readers of data sets want it; its root is "". */
export function filesOf(tree: Tree): Files {
  const folders = new Map<string, Map<string, boolean>>([["", new Map()]]);
  for (const path of tree.keys()) {
    const parts = path.split("/");
    for (let i = 0; i < parts.length; i++) {
      const folder = parts.slice(0, i).join("/");
      const names = folders.get(folder) ?? new Map<string, boolean>();
      names.set(parts[i], i === parts.length - 1);
      folders.set(folder, names);
    }
  }
  const plain = (path: string) => path.replace(/^\.?\/?/, "").replace(/\/$/, "");
  const find = (path: string): Content => {
    const found = tree.get(plain(path));
    if (!found) throw notFound(path);
    return found;
  };
  return {
    size: (path) => Promise.resolve(tree.get(plain(path))?.size ?? null),
    list(path) {
      const names = folders.get(plain(path));
      if (!names) return Promise.reject(notFound(path));
      const sorted = [...names].sort(([a], [b]) => a < b ? -1 : 1);
      return Promise.resolve(
        sorted.map(([name, isFile]) => ({ name, isFile, isDirectory: !isFile })),
      );
    },
    read: async (path, from, to) => await find(path).read(from, to),
  };
}
