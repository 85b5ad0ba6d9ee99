/** Reads parts of files that may still grow. */
import { join } from "@std/path";
import { wholeLines } from "../run/lines.ts";
import type { EventSource } from "../run/view/run_index.ts";

/** Bytes read at once; other requests are served in between. */
const blockBytes = 4 << 20;

/** At most `length` bytes from a position; fewer where the file ends. */
export function readAt(
  file: Deno.FsFile,
  from: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  file.seekSync(from, Deno.SeekMode.Start);
  let done = 0;
  for (let n; done < length && (n = file.readSync(bytes.subarray(done))) !== null;) done += n;
  return bytes.subarray(0, done);
}

/** Opens a regular file, not a link to one; null where there is none. */
export function openIfThere(path: string): Deno.FsFile | null {
  if (!isRealFile(path)) return null;
  try {
    return Deno.openSync(path, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Whether a path is a folder itself, not a link to one. */
export function isRealFolder(path: string): boolean {
  return lstat(path)?.isDirectory === true;
}

/** Whether a path is a file itself, not a link to one. */
export function isRealFile(path: string): boolean {
  return lstat(path)?.isFile === true;
}

/** Whether a path is a link, wherever it leads. */
export function isLink(path: string): boolean {
  return lstat(path)?.isSymlink === true;
}

function lstat(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return null;
    }
    throw error;
  }
}

/**
 * Yields the whole lines of a file, in blocks, from a byte that begins a line; nothing where there is no
 * file.
 */
export async function* linesFrom(
  path: string,
  from: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const file = openIfThere(path);
  if (!file) return;
  try {
    const { size } = file.statSync();
    for (let at = from, length = blockBytes; at < size;) {
      const bytes = readAt(file, at, Math.min(length, size - at));
      const whole = wholeLines(bytes);
      if (whole > 0) {
        yield bytes.subarray(0, whole);
        at += whole;
        length = blockBytes;
      } else if (at + length >= size) return; // A line that is still being written.
      else length *= 2;
      await new Promise((resolve) => setTimeout(resolve));
    }
  } finally {
    file.close();
  }
}

/** The events of a run. @param run the run's folder. */
export function eventsIn(run: string): EventSource {
  const path = join(run, "events.ndjson");
  return {
    linesFrom: (from) => linesFrom(path, from),
    read(parts) {
      const file = Deno.openSync(path, { read: true });
      try {
        return parts.map(([from, length]) => readAt(file, from, length));
      } finally {
        file.close();
      }
    },
  };
}
