/** The files of this machine. */
import type { Files } from "./file_source.ts";

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

async function readRange(path: string, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(Math.max(0, Math.min(to, (await file.stat()).size) - from));
  await file.seek(from, Deno.SeekMode.Start);
  let at = 0;
  while (at < bytes.length) {
    const got = await file.read(bytes.subarray(at));
    // The file became shorter in the meantime.
    if (got === null) return bytes.subarray(0, at);
    at += got;
  }
  return bytes;
}

export const hostFiles: Files = {
  size: fileSize,
  list: listFolder,
  read: (path, from = 0, to = Infinity) =>
    from === 0 && to === Infinity ? Deno.readFile(path) : readRange(path, from, to),
};
