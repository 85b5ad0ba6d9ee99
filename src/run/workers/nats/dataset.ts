/**
 * Data sets by the hash of their content: a worker without one, or with another one of the same name, fetches it
 * from the coordinator's object store, once. One object holds a line with the files and then their bytes.
 */
import { basename, dirname, join, relative } from "@std/path";
import { createHash } from "node:crypto";
import { type ObjectStore, Objm } from "@nats-io/obj";
import type { NatsConnection } from "@nats-io/transport-node";
import * as z from "zod";
import { DataError } from "../../../common/errors.ts";
import { type FindOptions, knownSets, locateDataSet } from "../../../data/mod.ts";
import { type DatasetName, FILES } from "./names.ts";

/** Files of a data set, relative to its folder, sorted. */
const manifest = z.array(z.object({
  // A path below the folder that it is unpacked to.
  path: z.string().min(1).max(4096).regex(/^(?!\/)(?!(.*\/)?\.\.(\/|$)).*$/),
  bytes: z.number().int().nonnegative(),
  sha256: z.string(),
}));
type Manifest = z.infer<typeof manifest>;

/** A data set that is on this machine. */
interface Located {
  /** Folder of the files, or the file itself. */
  root: string;
  files: Manifest;
  hash: string;
}

type Places = Pick<FindOptions, "cacheDir" | "dataDir" | "packageDirs" | "systemDir">;

/** Finds and hashes a data set; null where it is not on this machine. */
async function locate(name: string, places: Places): Promise<Located | null> {
  const found = await locateDataSet(name, places).catch(() => null);
  if (!found) return null;
  const paths = found.kind === "idx" ? [...found.files] : filesBelow(found.path);
  const single = found.kind !== "idx" && paths.length === 1 && paths[0] === found.path;
  const root = found.kind === "idx" || single ? dirname(paths[0]) : found.path;
  const files = await Promise.all(paths.map(async (path) => ({
    path: relative(root, path).replaceAll("\\", "/"),
    bytes: Deno.statSync(path).size,
    sha256: await hashOf(path),
  })));
  files.sort((a, b) => a.path < b.path ? -1 : 1);
  return { root, files, hash: hashOfAll(files) };
}

/** Hash of a data set. */
const hashOfAll = (files: Manifest): string =>
  createHash("sha256").update(JSON.stringify(files)).digest("hex");

function filesBelow(path: string): string[] {
  if (Deno.statSync(path).isFile) return [path];
  return [...Deno.readDirSync(path)].flatMap(({ name, isSymlink }) =>
    isSymlink ? [] : filesBelow(join(path, name))
  );
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of Deno.openSync(path).readable) hash.update(part);
  return hash.digest("hex");
}

/**
 * Puts a data set into the object store unless it is there.
 * @returns its name and hash; undefined where the coordinator has no such files, which its workers then find
 * themselves.
 */
export async function offerDataset(
  nc: NatsConnection,
  name: string,
  places: Places,
): Promise<DatasetName | undefined> {
  const located = await locate(name, places);
  if (!located) return undefined;
  const store = await new Objm(nc).create(FILES);
  if (await store.info(located.hash) === null) {
    await store.put({ name: located.hash }, ReadableStream.from(contentOf(located)));
  }
  return { name, hash: located.hash };
}

async function* contentOf({ root, files }: Located): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(`${JSON.stringify(files)}\n`);
  for (const { path } of files) yield* Deno.openSync(join(root, path)).readable;
}

/** A data set for the work of a worker: the folder to look in, and the name to look for. */
export interface Fetched {
  dataDir?: string;
  name: string;
}

/**
 * Finds a data set of the same content here, or fetches it into the cache.
 * @throws DataError where it arrives damaged.
 */
export async function fetchDataset(
  nc: NatsConnection,
  { name, hash }: DatasetName,
  places: Places,
): Promise<Fetched> {
  if ((await locate(name, places))?.hash === hash) return { dataDir: places.dataDir, name };
  const folder = join(places.cacheDir, "by-hash", hash);
  if (!isFolder(folder)) await unpack(await new Objm(nc).open(FILES), hash, folder);
  return Object.hasOwn(knownSets, name)
    ? { dataDir: folder, name }
    : { dataDir: places.dataDir, name: pathIn(folder, name) };
}

/** A set that is one file keeps its name; one that is a folder is the folder. */
function pathIn(folder: string, name: string): string {
  const file = join(folder, basename(name));
  const [first, ...others] = [...Deno.readDirSync(folder)];
  return others.length === 0 && first.isFile && first.name === basename(name) ? file : folder;
}

async function unpack(store: ObjectStore, hash: string, folder: string): Promise<void> {
  const found = await store.get(hash);
  const cannot = (why: string) =>
    new DataError(`Cannot fetch the data set ${hash.slice(0, 12)}: ${why}; start the search again`);
  if (!found) throw cannot("the coordinator's store has it no more");
  const beside = `${folder}.${crypto.randomUUID().slice(0, 8)}.part`;
  Deno.mkdirSync(beside, { recursive: true });
  try {
    if (!await write(found.data, beside, hash)) throw cannot("it has another content");
    const error = await found.error;
    if (error) throw cannot(error.message);
    try {
      Deno.renameSync(beside, folder);
    } catch (error) {
      // Another worker of this machine was faster.
      if (!isFolder(folder)) throw error;
    }
  } finally {
    if (isFolder(beside)) Deno.removeSync(beside, { recursive: true });
  }
}

/** Splits the bytes of an object into its files. @returns whether they have the hash. */
async function write(
  data: ReadableStream<Uint8Array>,
  folder: string,
  hash: string,
): Promise<boolean> {
  const parts = new Splitter(data.getReader());
  const files = manifest.parse(JSON.parse(new TextDecoder().decode(await parts.line())));
  if (hashOfAll(files) !== hash) return false;
  for (const { path, bytes, sha256 } of files) {
    const content = createHash("sha256");
    const target = join(folder, path);
    Deno.mkdirSync(dirname(target), { recursive: true });
    using file = Deno.openSync(target, { create: true, write: true, truncate: true });
    for (let left = bytes; left > 0;) {
      const part = await parts.some(left);
      content.update(part);
      for (let done = 0; done < part.length;) done += file.writeSync(part.subarray(done));
      left -= part.length;
    }
    if (content.digest("hex") !== sha256) return false;
  }
  // The digest is checked at the end of the stream.
  await parts.rest();
  return true;
}

/** Bytes that the list of a data set's files may have. */
const LONGEST = 64 << 20;

class Splitter {
  #kept: Uint8Array = new Uint8Array();

  constructor(private readonly reader: ReadableStreamDefaultReader<Uint8Array>) {}

  /** Bytes up to the next newline. */
  async line(): Promise<Uint8Array> {
    let end: number;
    while ((end = this.#kept.indexOf(10)) < 0) {
      if (this.#kept.length > LONGEST) {
        throw new DataError(
          `Cannot read a data set: its list of files is longer than ${LONGEST} bytes`,
        );
      }
      this.#keep(await this.#read());
    }
    const line = this.#kept.subarray(0, end);
    this.#kept = this.#kept.subarray(end + 1);
    return line;
  }

  /** Some bytes, at most `most`. */
  async some(most: number): Promise<Uint8Array> {
    if (this.#kept.length === 0) this.#kept = await this.#read();
    const part = this.#kept.subarray(0, most);
    this.#kept = this.#kept.subarray(part.length);
    return part;
  }

  async rest(): Promise<void> {
    while (!(await this.reader.read()).done);
  }

  #keep(more: Uint8Array): void {
    const all = new Uint8Array(this.#kept.length + more.length);
    all.set(this.#kept);
    all.set(more, this.#kept.length);
    this.#kept = all;
  }

  async #read(): Promise<Uint8Array> {
    const { done, value } = await this.reader.read();
    if (done) throw new DataError("Cannot read a data set: it ends early; start the search again");
    return value;
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
