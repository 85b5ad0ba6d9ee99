/**
 * Resized pictures kept from earlier runs, one file each: DIR/<2 digits>/<62 digits>. A file's name is the
 * SHA-256 of what its pixels depend on: the picture's path, bytes and times, the size that is wanted, and
 * the decoder with its version. It holds the SHA-256 of the rest, width and height (uint32, little-endian)
 * and the pixels. The folder may be deleted at any time.
 */
import { dirname, join } from "@std/path";
import { decoderName, type SmallPicture, type WantedPicture } from "./wanted_picture.ts";

/** The oldest files go once all together have more bytes. */
const mostBytes = 4 * 2 ** 30;

const sumBytes = 32;
const headBytes = sumBytes + 8;

export class PictureCache {
  /** Reason of a failed write, after which nothing more is kept; else null. */
  problem: string | null = null;
  #written = 0;
  #parts = 0;

  constructor(readonly dir: string, private readonly limit = mostBytes) {}

  async keyOf(path: string, info: Deno.FileInfo, wanted: WantedPicture): Promise<string> {
    // ctime, in whole seconds, changes even where a tool sets mtime back.
    const times = [info.mtime, info.ctime].map((time) => time?.getTime() ?? null);
    const identity = [await Deno.realPath(path), info.size, ...times];
    const text = JSON.stringify([decoderName, wanted.resize, wanted.side, ...identity]);
    return hex(await sha256(new TextEncoder().encode(text)));
  }

  /** Reads a picture; null if it is not kept, or no longer as it was written. */
  async get(key: string): Promise<SmallPicture | null> {
    const bytes = await Deno.readFile(this.#pathOf(key)).catch(() => null);
    if (!bytes || bytes.length < headBytes) return null;
    const sum = hex(await sha256(bytes.subarray(sumBytes)));
    if (sum !== hex(bytes.subarray(0, sumBytes))) return null;
    const view = new DataView(bytes.buffer);
    const [w, h] = [view.getUint32(sumBytes, true), view.getUint32(sumBytes + 4, true)];
    return { w, h, rgb: bytes.subarray(headBytes) };
  }

  /** Keeps a picture. After a failure, noted in `problem`, nothing more is kept. */
  async put(key: string, { w, h, rgb }: SmallPicture): Promise<void> {
    if (this.problem !== null) return;
    const bytes = new Uint8Array(headBytes + rgb.length);
    new DataView(bytes.buffer).setUint32(sumBytes, w, true);
    new DataView(bytes.buffer).setUint32(sumBytes + 4, h, true);
    bytes.set(rgb, headBytes);
    bytes.set(await sha256(bytes.subarray(sumBytes)));
    const path = this.#pathOf(key);
    const part = `${path}.${Deno.pid}.${this.#parts++}.part`;
    try {
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeFile(part, bytes);
      await Deno.rename(part, path);
      this.#written++;
    } catch (error) {
      this.problem = (error as Error).message;
      await Deno.remove(part).catch(() => {});
    }
  }

  /** Deletes the oldest files beyond the limit, if this object has written any. */
  async prune(): Promise<void> {
    if (this.#written === 0) return;
    this.#written = 0;
    const files: { path: string; size: number; time: number }[] = [];
    for await (const folder of Deno.readDir(this.dir)) {
      if (!folder.isDirectory) continue;
      for await (const { name } of Deno.readDir(join(this.dir, folder.name))) {
        const path = join(this.dir, folder.name, name);
        // Another run may have deleted it meanwhile.
        const info = await Deno.stat(path).catch(() => null);
        if (info) files.push({ path, size: info.size, time: info.mtime?.getTime() ?? 0 });
      }
    }
    let total = files.reduce((sum, { size }) => sum + size, 0);
    files.sort((a, b) => a.time - b.time);
    for (const { path, size } of files) {
      if (total <= this.limit) return;
      await Deno.remove(path).catch(() => {});
      total -= size;
    }
  }

  #pathOf(key: string): string {
    return join(this.dir, key.slice(0, 2), key.slice(2));
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
