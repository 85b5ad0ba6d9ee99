/** Crash-safe writing: neither a full disk nor a killed process leaves a damaged file. */
import { dirname } from "@std/path";
import { DataError } from "../common/errors.ts";
import { eventsOf, requireKept, wholeLines } from "./lines.ts";

/**
 * Writes beside the file, flushes to the disk, renames: a reader sees the old content or the new.
 * @param previous name for the old content, if it is to be kept.
 */
export function writeAtomic(
  path: string,
  content: string | Uint8Array,
  previous?: string,
): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const beside = `${path}.part`;
  try {
    const file = Deno.openSync(beside, { create: true, write: true, truncate: true });
    try {
      writeAll(file, bytes);
      file.syncSync();
    } finally {
      file.close();
    }
    if (previous !== undefined) renameIfThere(path, previous);
    Deno.renameSync(beside, path);
  } catch (cause) {
    removeIfThere(beside);
    throw explain(path, cause);
  }
  syncFolder(dirname(path));
}

/** Makes a folder if missing, and checks that files can be written in it. */
export function requireFolder(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true });
    Deno.removeSync(Deno.makeTempFileSync({ dir: path, prefix: ".denas-" }));
  } catch (cause) {
    throw explain(path, cause);
  }
}

/** A file to which whole lines are appended. An incomplete write is undone. */
export class LineFile {
  readonly #file: Deno.FsFile;
  #size: number;

  /**
   * Opens for appending. A partial last line, and anything after `keep` bytes, is cut.
   * @param isLine whether a kept line is one that was written to the file.
   * @throws DataError, with nothing cut, when the first `keep` bytes are not those that were written.
   */
  constructor(
    readonly path: string,
    keep = Infinity,
    isLine: (line: string) => boolean = () => true,
  ) {
    const bytes = readIfThere(path) ?? new Uint8Array();
    if (keep !== Infinity) requireKept(path, bytes, keep, isLine);
    try {
      this.#file = Deno.openSync(path, { create: true, read: true, write: true });
    } catch (cause) {
      throw explain(path, cause);
    }
    this.#size = Math.min(wholeLines(bytes), keep);
    this.#file.truncateSync(this.#size);
    this.#file.seekSync(0, Deno.SeekMode.End);
  }

  /** Bytes of whole lines. */
  get size(): number {
    return this.#size;
  }

  append(line: string): void {
    const bytes = new TextEncoder().encode(line + "\n");
    try {
      writeAll(this.#file, bytes);
    } catch (cause) {
      this.#file.truncateSync(this.#size);
      this.#file.seekSync(this.#size, Deno.SeekMode.Start);
      throw explain(this.path, cause);
    }
    this.#size += bytes.length;
  }

  sync(): void {
    try {
      this.#file.syncDataSync();
    } catch (cause) {
      throw explain(this.path, cause);
    }
  }

  close(): void {
    this.#file.close();
  }
}

/** The JSON values of a line file up to its last newline: a line in progress is not read. */
export function readLines<T>(path: string): T[] {
  const bytes = Deno.readFileSync(path);
  const text = new TextDecoder().decode(bytes.subarray(0, wholeLines(bytes)));
  return text.split("\n").slice(0, -1).map((line, i) => {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw new DataError(
        `Cannot read ${path}: line ${i + 1} is no JSON; delete that line, or put the file back`,
        { cause },
      );
    }
  });
}

/** Lines as `readLines` gives them; none where the file is missing. */
export function linesIfThere<T>(path: string): T[] {
  try {
    return readLines<T>(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** A run's events: see `eventsOf`. */
export const readEvents = (path: string) => eventsOf(Deno.readFileSync(path));

/**
 * Turns a file-system error into one sentence with a remedy.
 * @param then what to do after making room.
 */
export function explain(path: string, cause: unknown, then = "resume the run"): Error {
  if (cause instanceof DataError) return cause;
  const { code, message } = cause as { code?: string; message: string };
  let why: string;
  if (code === "ENOSPC" || code === "EDQUOT" || /os error (28|122)\b/.test(message)) {
    why = `the disk is full, what was there is intact; free some space, then ${then}`;
  } else if (code === "EFBIG" || /os error 27\b/.test(message)) {
    why = "the file would be larger than this shell or file system allows, what was there is " +
      `intact; raise the limit (ulimit -f), then ${then}`;
  } else if (
    cause instanceof Deno.errors.AlreadyExists || cause instanceof Deno.errors.NotADirectory
  ) {
    why = "a file has the name of a folder that is needed; choose another name";
  } else if (cause instanceof Deno.errors.NotFound) {
    why = "there is no such file or folder; check the path";
  } else if (
    cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable ||
    code === "EROFS"
  ) {
    why = "no permission; choose another folder";
  } else if (cause instanceof Deno.errors.IsADirectory) {
    why = "it is a folder, expected the name of a file";
  } else if (code === "ENAMETOOLONG") {
    why = `${path.length} characters are more than the system takes; choose a shorter name`;
  } else {
    why = message;
  }
  return new DataError(`Cannot write ${path}: ${why}`, { cause });
}

/** Start and end of a long text. */
export function clipped(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 140)} … ${text.slice(-140)}`;
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    // Written in parts: one system call takes at most 2 GiB.
    done += file.writeSync(bytes.subarray(done, done + (1 << 28)));
  }
}

/** Bytes of a file; null where there is none. */
export function readIfThere(path: string): Uint8Array | null {
  try {
    return Deno.readFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw explain(path, cause);
  }
}

function renameIfThere(path: string, to: string): void {
  try {
    Deno.renameSync(path, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Removes a file; where there is none, nothing changes. */
export function removeIfThere(path: string, options?: Deno.RemoveOptions): void {
  try {
    Deno.removeSync(path, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Makes a rename survive a power cut. Skipped on Windows, where folders cannot be opened and it is not
 * needed.
 */
function syncFolder(path: string): void {
  if (Deno.build.os === "windows") return;
  const folder = Deno.openSync(path);
  try {
    folder.syncSync();
  } finally {
    folder.close();
  }
}
