/** Reading files of a data set: the checks and words that all readers share. */
import { gunzipSync } from "node:zlib";
import { DataError } from "../errors.ts";

/** Bytes of a file, or null where there is none of that name. Does not open the file. */
export async function fileSize(path: string): Promise<number | null> {
  const info = await statOrNull(path);
  return info?.isFile ? info.size : null;
}

export async function isFolder(path: string): Promise<boolean> {
  return (await statOrNull(path))?.isDirectory ?? false;
}

async function statOrNull(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return null;
    }
    throw error;
  }
}

/** Names in a folder in code unit order, so that the order does not depend on file system or locale. */
export async function listFolder(path: string): Promise<Deno.DirEntry[]> {
  const entries: Deno.DirEntry[] = [];
  for await (const entry of Deno.readDir(path)) entries.push(entry);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A whole file, unpacked if it is gzip by its first bytes (names do not decide). Throws DataError. */
export async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new DataError(`Cannot read ${path}: there is no such file, expected one`, { cause });
    }
    throw cause;
  }
  return unpackGzip(bytes, path);
}

/** The first 256 KiB of a regular file, where the headers of pictures are. */
export async function readStart(path: string): Promise<Uint8Array<ArrayBuffer>> {
  // A pipe would be waited for.
  if (await fileSize(path) === null) throw new DataError(`Cannot read ${path}: it is no file`);
  using file = await Deno.open(path);
  const bytes = new Uint8Array(2 ** 18);
  let length = 0;
  for (let n: number | null = 0; n !== null && length < bytes.length; length += n ?? 0) {
    n = await file.read(bytes.subarray(length));
  }
  return bytes.subarray(0, length);
}

/** Bytes of a file once unpacked, by its size or the last four bytes of a gzip file. */
export async function unpackedSize(path: string): Promise<number> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  if (!path.endsWith(".gz") || size < 4) return size;
  await file.seek(-4, Deno.SeekMode.End);
  const trailer = new Uint8Array(4);
  await file.read(trailer);
  return new DataView(trailer.buffer).getUint32(0, true);
}

/** The bytes themselves, or what they hold if they are gzip. Throws DataError on a damaged archive. */
export function unpackGzip(bytes: Uint8Array<ArrayBuffer>, path: string): Uint8Array<ArrayBuffer> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const whole = gunzipSync(bytes);
    return new Uint8Array(whole.buffer as ArrayBuffer, whole.byteOffset, whole.byteLength);
  } catch (cause) {
    throw new DataError(
      `Cannot read ${path}: ${(cause as Error).message} after ${bytes.length} bytes, ` +
        `expected a whole gzip file; delete it and fetch it again`,
      { cause },
    );
  }
}
