/** Fetching published files: several addresses, checked sums, nothing half written. */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { DataError } from "../common/errors.ts";
import { unpackGzip } from "./file_source.ts";
import type { PublishedFile } from "./published.ts";

/** Progress of a download, in bytes. `total` is null if the server does not send it. */
export interface Progress {
  file: string;
  received: number;
  total: number | null;
}

export interface DownloadOptions {
  /** Replaces the global `fetch`. */
  fetch?: typeof fetch;
  progress?: (progress: Progress) => void;
  /** Milliseconds without a byte after which an address is given up; default 30,000. */
  stall?: number;
}

/**
 * Fetches a file into `dir` from the first address that serves it with the right sum and returns its path.
 * The file appears under its name only when it is whole. Throws DataError naming every address tried.
 */
export async function download(
  file: PublishedFile,
  dir: string,
  options: DownloadOptions = {},
): Promise<string> {
  const target = join(dir, file.name);
  const failures: string[] = [];
  for (const url of file.urls) {
    const part = await newPart(dir, file.name);
    try {
      await receive(url, part, file, options);
      const sum = await sumOf(part, file);
      if (sum === file.sha256) {
        await Deno.chmod(part, 0o644);
        await Deno.rename(part, target);
        return target;
      }
      failures.push(`${url} (SHA-256 ${sum})`);
    } catch (error) {
      if (error instanceof WriteFailed) throw cannotWrite(target, error.cause);
      failures.push(`${url} (${reasonOf(error)})`);
    } finally {
      await Deno.remove(part).catch(ignoreMissing);
    }
  }
  throw new DataError(
    `Cannot download ${file.name}: tried ${failures.join(", ")}, ` +
      `expected a file with SHA-256 ${file.sha256}${file.unpacked ? " once unpacked" : ""}`,
  );
}

/** A write to the disk failed: another address would not help. */
class WriteFailed extends Error {}

async function newPart(dir: string, name: string): Promise<string> {
  try {
    await Deno.mkdir(dir, { recursive: true });
    return await Deno.makeTempFile({ dir, prefix: name + ".", suffix: ".part" });
  } catch (cause) {
    throw cannotWrite(join(dir, name), cause);
  }
}

function cannotWrite(target: string, cause: unknown): DataError {
  return new DataError(
    `Cannot write ${target}: ${reasonOf(cause)}, expected a folder with room for the download; ` +
      `free some space or choose another cache folder`,
    { cause },
  );
}

async function receive(url: string, part: string, file: PublishedFile, options: DownloadOptions) {
  const stop = new AbortController();
  const stall = options.stall ?? 30_000;
  const giveUp = () => stop.abort(new Error(`no byte for ${stall / 1000} s`));
  let timer = setTimeout(giveUp, stall);
  const out = await Deno.open(part, { write: true });
  try {
    const response = await (options.fetch ?? fetch)(url, { signal: stop.signal });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new Error(`status ${response.status}`);
    }
    const length = response.headers.get("content-length");
    const packed = response.headers.has("content-encoding");
    const total = length === null || packed ? null : Number(length);
    let received = 0;
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = setTimeout(giveUp, stall);
      await writeAll(out, chunk);
      received += chunk.length;
      options.progress?.({ file: file.name, received, total });
    }
    if (total !== null && received !== total) {
      throw new Error(`${received} of ${total} bytes`);
    }
    await out.sync();
  } finally {
    clearTimeout(timer);
    out.close();
  }
}

async function writeAll(out: Deno.FsFile, chunk: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < chunk.length;) at += await out.write(chunk.subarray(at));
  } catch (cause) {
    throw new WriteFailed("write", { cause });
  }
}

async function sumOf(path: string, file: PublishedFile): Promise<string> {
  const hash = createHash("sha256");
  if (file.unpacked) {
    hash.update(await unpackGzip(await Deno.readFile(path), file.name));
  } else {
    const stream = (await Deno.open(path)).readable;
    for await (const chunk of stream) hash.update(chunk);
  }
  return hash.digest("hex");
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return (error.message + cause).split("\n")[0];
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
