/** Reads a tar or tar.gz file as a stream: entries in their order, without a temporary folder. */
import { DataError } from "../common/errors.ts";
import type { Files } from "./file_source.ts";

export interface TarEntry {
  /** Path inside the archive. */
  name: string;
  /** Bytes. */
  size: number;
  /** The content; may be asked for until the next entry is. Unread content is skipped. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

const block = 512;
/** Bytes that are read at once. */
const chunk = 1 << 20;

/** Yields the regular files of an archive. Throws DataError where it is damaged or ends too early. */
export async function* readTar(files: Files, path: string): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(await unpacked(files, path), path);
  try {
    while (true) {
      const header = await reader.take(block);
      if (header.every((byte) => byte === 0)) return;
      const { name, size, regular } = parseHeader(header, path);
      let left = size;
      const bytes = async () => {
        left = 0;
        return await reader.take(size);
      };
      if (regular) yield { name, size, bytes };
      await reader.skip(left + ((block - (size % block)) % block));
    }
  } finally {
    await reader.close();
  }
}

/** The file's stream, through gunzip if its first two bytes say so. */
async function unpacked(
  files: Files,
  path: string,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const size = await files.size(path) ?? 0;
  const start = await files.read(path, 0, 2);
  if (start.length !== 2) {
    throw new DataError(
      `Cannot read ${path}: it has ${start.length} bytes, expected a tar or tar.gz archive; ` +
        `delete it and fetch it again`,
    );
  }
  const packed = start[0] === 0x1f && start[1] === 0x8b;
  const stream = streamOf(files, path, size);
  return packed ? stream.pipeThrough(new DecompressionStream("gzip")) : stream;
}

function streamOf(
  files: Files,
  path: string,
  size: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      const bytes = at < size ? await files.read(path, at, Math.min(size, at + chunk)) : null;
      if (!bytes?.length) return controller.close();
      at += bytes.length;
      controller.enqueue(bytes);
    },
  });
}

function parseHeader(header: Uint8Array, path: string) {
  const text = (from: number, to: number) =>
    new TextDecoder("latin1").decode(header.subarray(from, to)).split("\0")[0].trim();
  const stored = parseInt(text(148, 156), 8);
  const sum = header.reduce((s, byte, i) => s + (i >= 148 && i < 156 ? 32 : byte), 0);
  if (stored !== sum) {
    throw new DataError(
      `Cannot read ${path}: an entry's header sums to ${sum} and says ${stored}, ` +
        `expected a tar or tar.gz archive; delete it and fetch it again`,
    );
  }
  const prefix = text(257, 262) === "ustar" ? text(345, 500) : "";
  return {
    name: (prefix ? prefix + "/" : "") + text(0, 100),
    size: parseInt(text(124, 136), 8),
    regular: header[156] === 0 || header[156] === 48,
  };
}

/** Takes exact numbers of bytes from a stream of chunks. */
class ByteReader {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  private chunk: Uint8Array<ArrayBuffer> = new Uint8Array();
  private seen = 0;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>, private readonly path: string) {
    this.reader = stream.getReader();
  }

  async take(n: number): Promise<Uint8Array<ArrayBuffer>> {
    const out = new Uint8Array(n);
    for (let at = 0; at < n;) {
      const part = await this.next(n - at);
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  async skip(n: number): Promise<void> {
    for (let left = n; left > 0;) left -= (await this.next(left)).length;
  }

  async close(): Promise<void> {
    // Stops reading the rest; a failed stream has nothing to stop and has reported its error already.
    await this.reader.cancel().catch(() => {});
  }

  /** Between 1 and `most` bytes. */
  private async next(most: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.chunk.length === 0) this.chunk = await this.read();
    const part = this.chunk.subarray(0, most);
    this.chunk = this.chunk.subarray(part.length);
    this.seen += part.length;
    return part;
  }

  private async read(): Promise<Uint8Array<ArrayBuffer>> {
    let cause: unknown;
    try {
      const { value } = await this.reader.read();
      if (value) return value;
    } catch (error) {
      cause = error;
    }
    throw new DataError(
      `Cannot read ${this.path}: it ends after ${this.seen} unpacked bytes, ` +
        `expected a whole archive; delete it and fetch it again`,
      { cause },
    );
  }
}
