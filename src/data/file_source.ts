/** Files of a data set, wherever they lie: on a disk, beside a page, dropped onto one. */
import { DataError } from "../common/errors.ts";

export interface Files {
  /** Bytes of a file, or null where there is none of that name. */
  size(path: string): Promise<number | null>;
  /** Entries of a folder in code unit order of their names, which depends on no system or locale. */
  list(path: string): Promise<{ name: string; isFile: boolean; isDirectory: boolean }[]>;
  /** The bytes from `from` (default 0) up to `to` (default the end). Where there is no file, the error is named NotFound. */
  read(path: string, from?: number, to?: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A whole file, unpacked if it is gzip by its first bytes (names do not decide). Throws DataError. */
export async function readWhole(files: Files, path: string): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await files.read(path);
  } catch (cause) {
    if ((cause as Error).name !== "NotFound") throw cause;
    throw new DataError(`Cannot read ${path}: there is no such file, expected one`, { cause });
  }
  return await unpackGzip(bytes, path);
}

/** Bytes of a file once unpacked, by its size or the last four bytes of a gzip file. */
export async function unpackedSize(files: Files, path: string): Promise<number> {
  const size = await files.size(path) ?? 0;
  if (!path.endsWith(".gz") || size < 4) return size;
  const trailer = await files.read(path, size - 4, size);
  return new DataView(trailer.buffer, trailer.byteOffset).getUint32(0, true);
}

/** Unpacks bytes if they are gzip, else returns them. Throws DataError on a damaged archive. */
export async function unpackGzip(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new DataError(
      `Cannot read ${path}: ${(cause as Error).message} after ${bytes.length} bytes, ` +
        `expected a whole gzip file; delete it and fetch it again`,
      { cause },
    );
  }
}
