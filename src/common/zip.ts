/**
 * Zip archives (PKWARE APPNOTE 6.3): entries are read one by one from a Blob, packed by deflate or not at all,
 * and written unpacked. Archives above 4 GiB and encrypted ones are refused.
 */
import { DataError } from "./errors.ts";

export interface ZipEntry {
  /** Path in the archive, with forward slashes. */
  path: string;
  /** Unpacked bytes. */
  size: number;
  /** The content, unpacked and checked. @throws DataError when it is damaged. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

const LOCAL = 0x04034b50, CENTRAL = 0x02014b50, END = 0x06054b50;
const STORED = 0, DEFLATED = 8;
/** The end of the directory is followed by a comment of at most 64 KiB. */
const farthestEnd = 22 + 0xffff;
/** Most files of an archive. */
const mostEntries = 500_000;

/** Whether a file is a zip archive, by its first bytes. */
export async function isZip(file: Blob): Promise<boolean> {
  const bytes = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * The files of an archive; folders are left out.
 * @param name of the archive, for messages.
 * @throws DataError when it is damaged or of an unknown kind.
 */
export async function readZip(file: Blob, name: string): Promise<ZipEntry[]> {
  const refuse = (why: string): never => {
    throw new DataError(`Cannot read ${name}: ${why}; pack it again`);
  };
  const tailFrom = Math.max(0, file.size - farthestEnd);
  const tail = await viewOf(file.slice(tailFrom));
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) refuse("it has no directory, expected a whole zip archive");
  const [count, size, from] = [
    tail.getUint16(end + 10, true),
    tail.getUint32(end + 12, true),
    tail.getUint32(end + 16, true),
  ];
  if (from === 0xffffffff || count === 0xffff) refuse("it is of 4 GiB or 65,535 files and more");
  if (from + size > file.size || count > mostEntries) refuse("its directory is damaged");
  const view = await viewOf(file.slice(from, from + size));
  const entries: ZipEntry[] = [];
  for (let i = 0, at = 0; i < count; i++) {
    if (at + 46 > size || view.getUint32(at, true) !== CENTRAL) refuse("its directory is damaged");
    const flags = view.getUint16(at + 8, true);
    const head: Head = {
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      at: view.getUint32(at + 42, true),
    };
    const length = view.getUint16(at + 28, true);
    const path = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, length));
    if (flags & 1) refuse(`${path} is encrypted`);
    if (!path.endsWith("/")) {
      const label = `${path} of ${name}`;
      entries.push({ path, size: head.size, read: () => unpack(file, head, label) });
    }
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

interface Head {
  method: number;
  crc: number;
  packed: number;
  size: number;
  at: number;
}

async function unpack(
  file: Blob,
  { method, crc, packed, size, at }: Head,
  label: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const damaged = (cause?: unknown) =>
    new DataError(`Cannot read ${label}: it is damaged; pack the archive again`, { cause });
  const local = await viewOf(file.slice(at, at + 30));
  if (local.byteLength < 30 || local.getUint32(0, true) !== LOCAL) throw damaged();
  const from = at + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  const body = file.slice(from, from + packed);
  let bytes: Uint8Array<ArrayBuffer>;
  if (method === STORED) bytes = new Uint8Array(await body.arrayBuffer());
  else if (method === DEFLATED) bytes = await inflate(body, size, damaged);
  else throw new DataError(`Cannot read ${label}: packed by method ${method}, expected deflate`);
  if (bytes.length !== size || crc32(bytes) !== crc) throw damaged();
  return bytes;
}

/** Unpacks at most `size` bytes: more would be a bomb, or damage. */
async function inflate(
  body: Blob,
  size: number,
  damaged: (cause?: unknown) => DataError,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  let at = 0;
  try {
    for await (const part of body.stream().pipeThrough(new DecompressionStream("deflate-raw"))) {
      bytes.set(part, at);
      at += part.length;
    }
  } catch (cause) {
    throw damaged(cause);
  }
  return bytes.subarray(0, at);
}

const viewOf = async (part: Blob) => new DataView(await part.arrayBuffer());

/** An archive of these files, unpacked. */
export function makeZip(
  files: readonly (readonly [path: string, bytes: Uint8Array<ArrayBuffer>])[],
): Blob {
  const parts: BlobPart[] = [];
  const directory: BlobPart[] = [];
  let [at, size] = [0, 0];
  for (const [path, bytes] of files) {
    const name = new TextEncoder().encode(path);
    // Version 2.0, names in UTF-8, stored, 1 January 1980: the same files give the same bytes.
    const about = (view: DataView, from: number) => {
      [20, 0x800, STORED, 0, 0x21].forEach((v, i) => view.setUint16(from + 2 * i, v, true));
      view.setUint32(from + 10, crc32(bytes), true);
      view.setUint32(from + 14, bytes.length, true);
      view.setUint32(from + 18, bytes.length, true);
      view.setUint16(from + 22, name.length, true);
    };
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, LOCAL, true);
    about(local, 4);
    const central = new DataView(new ArrayBuffer(46));
    central.setUint32(0, CENTRAL, true);
    central.setUint16(4, 20, true);
    about(central, 6);
    central.setUint32(42, at, true);
    parts.push(local, name, bytes);
    directory.push(central, name);
    at += 30 + name.length + bytes.length;
    size += 46 + name.length;
  }
  if (at + size > 0xfffffffe || files.length >= 0xffff) {
    throw new DataError(`Cannot make a zip archive of ${at} bytes: expected less than 4 GiB`);
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, END, true);
  end.setUint16(8, files.length, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, at, true);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** CRC-32 (ISO 3309). */
export function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
