/**
 * Reads and writes safetensors: 8 bytes of header length (little-endian), a JSON header, the data. Source:
 * the format description in the safetensors repository ("Format"). Only the types that denas stores: F32 and
 * U32. Data start at a multiple of 8 bytes. Tensors are ordered by name, so equal tensors give equal bytes.
 */
import { DataError } from "../common/errors.ts";
import type { State } from "../nas/strategy.ts";

export type Tensors = State["tensors"];

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Whether a path is that of a file of tensors, rather than of a run. */
export const isSafetensors = (path: string): boolean => path.endsWith(".safetensors");

/** Longest accepted header; the reference implementation's limit. */
const maxHeader = 100_000_000;

/**
 * Encodes tensors.
 * @param tensors name → shape in stored order, and data.
 * @param metadata text stored in the header under `__metadata__`.
 */
export function encodeSafetensors(
  tensors: Tensors,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const names = Object.keys(tensors).sort();
  const header: Record<string, Entry | Record<string, string>> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let end = 0;
  for (const name of names) {
    const { shape, data } = tensors[name];
    const size = shape.reduce((product, n) => product * n, 1);
    if (size !== data.length) {
      throw new DataError(
        `Cannot write tensor "${name}": ${data.length} numbers, its shape [${shape}] needs ${size}`,
      );
    }
    const start = end;
    end += data.byteLength;
    header[name] = {
      dtype: data instanceof Float32Array ? "F32" : "U32",
      shape: [...shape],
      data_offsets: [start, end],
    };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.fill(0x20, 8 + json.length, 8 + padded);
  bytes.set(json, 8);
  let at = 8 + padded;
  for (const name of names) {
    const { data } = tensors[name];
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Decodes tensors.
 * @param name of the file, for messages.
 * @throws DataError when the bytes are cut off or the header does not describe them.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  name: string,
): { tensors: Tensors; metadata: Record<string, string> } {
  const { header, dataStart } = readHeader(bytes, name);
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isText(metadata)) fail(name, "metadata of another form", "name → text");
  const data = bytes.subarray(dataStart);
  const tensors: Tensors = {};
  let end = 0;
  const ordered = Object.entries(entries as Record<string, Entry>)
    .map(([key, entry]) => [key, checkEntry(entry, key, name)] as const)
    .sort(([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1]);
  for (const [key, { dtype, shape, data_offsets: [from, to] }] of ordered) {
    if (from !== end) {
      fail(name, `tensor "${key}" begins at byte ${from}`, `${end}, where the one before ends`);
    }
    if (to > data.length) {
      fail(
        name,
        `tensor "${key}" ends at byte ${to} of ${data.length}`,
        "all of it: the file is cut off",
      );
    }
    end = to;
    // A copy: the bytes may start at any offset, but typed arrays need a multiple of four.
    const own = data.slice(from, to).buffer;
    tensors[key] = { shape, data: dtype === "F32" ? new Float32Array(own) : new Uint32Array(own) };
  }
  if (end !== data.length) {
    fail(name, `${data.length} bytes of data`, `${end} as in the header`);
  }
  return { tensors, metadata };
}

/** The header's text and the start of the data. */
export function headerText(bytes: Uint8Array, name: string): { text: string; dataStart: number } {
  if (bytes.length < 8) {
    fail(name, `${bytes.length} bytes`, "at least 8: the file is cut off");
  }
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > maxHeader || length < 2) {
    fail(name, `a header of ${length} bytes`, `2 … ${maxHeader}: not a safetensors file`);
  }
  if (8 + length > bytes.length) {
    fail(
      name,
      `a header of ${length} bytes in a file of ${bytes.length}`,
      "all of it: the file is cut off",
    );
  }
  return { text: new TextDecoder().decode(bytes.subarray(8, 8 + length)), dataStart: 8 + length };
}

function readHeader(bytes: Uint8Array, name: string) {
  const { text, dataStart } = headerText(bytes, name);
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`Cannot read ${name}: its header is no JSON, a safetensors header is`, {
      cause,
    });
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    fail(name, "a header that is no object", "name → tensor");
  }
  return { header: header as Record<string, unknown>, dataStart };
}

function isText(metadata: unknown): metadata is Record<string, string> {
  return typeof metadata === "object" && metadata !== null &&
    Object.values(metadata).every((value) => typeof value === "string");
}

function checkEntry(entry: Entry, key: string, name: string): Entry {
  const { dtype, shape, data_offsets: offsets } = entry ?? {};
  if (dtype !== "F32" && dtype !== "U32") {
    fail(name, `tensor "${key}" of type ${dtype}`, "F32 or U32");
  }
  const natural = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(natural)) {
    fail(name, `tensor "${key}" of shape ${JSON.stringify(shape)}`, "whole numbers");
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(natural)) {
    fail(name, `tensor "${key}" at ${JSON.stringify(offsets)}`, "its first and last byte");
  }
  const size = 4 * shape.reduce((product, n) => product * n, 1);
  if (offsets[1] - offsets[0] !== size) {
    fail(
      name,
      `${offsets[1] - offsets[0]} bytes for tensor "${key}"`,
      `${size} for its shape [${shape}]`,
    );
  }
  return entry;
}

function fail(name: string, got: string, expected: string): never {
  throw new DataError(`Cannot read ${name}: ${got}, expected ${expected}`);
}
