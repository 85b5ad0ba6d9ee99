/** Reading pieces of files that may still grow. */

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

export function openIfThere(path: string): Deno.FsFile | null {
  try {
    return Deno.openSync(path, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
