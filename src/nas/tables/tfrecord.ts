/**
 * Reads TensorFlow's record files as a stream. Format of a record: u64 length (little endian), masked CRC-32C
 * of those eight bytes, data, masked CRC-32C of the data.
 */
import { DataError, whyUnreadable } from "../../common/errors.ts";

const CHUNK = 1 << 20;
/** Longest record in bytes. A longer one is treated as damage, before it fills the memory. */
const LONGEST = 1 << 26;
const HEAD = 12;
const FOOT = 4;

/** CRC-32C (Castagnoli), eight bytes at a time. */
const tables = (() => {
  const first = Uint32Array.from({ length: 256 }, (_, i) => {
    for (let bit = 0; bit < 8; bit++) i = i & 1 ? i >>> 1 ^ 0x82f63b78 : i >>> 1;
    return i;
  });
  const all = [first];
  for (let t = 1; t < 8; t++) {
    all.push(all[t - 1].map((crc) => first[crc & 255] ^ crc >>> 8));
  }
  return all;
})();

export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
  let crc = 0xffffffff;
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) {
    const low = crc ^ (bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | bytes[i + 3] << 24);
    crc = t7[low & 255] ^ t6[low >>> 8 & 255] ^ t5[low >>> 16 & 255] ^ t4[low >>> 24] ^
      t3[bytes[i + 4]] ^ t2[bytes[i + 5]] ^ t1[bytes[i + 6]] ^ t0[bytes[i + 7]];
  }
  for (; i < bytes.length; i++) crc = t0[(crc ^ bytes[i]) & 255] ^ crc >>> 8;
  return ~crc >>> 0;
}

/** Masked checksum as stored in the files: rotated right by 15 bits, plus a constant. */
export const masked = (crc: number): number => ((crc >>> 15 | crc << 17) + 0xa282ead8 >>> 0) >>> 0;

/** Encodes a record as stored in the files. */
export function frame(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD + data.length + FOOT);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true);
  bytes.set(data, HEAD);
  view.setUint32(HEAD + data.length, masked(crc32c(data)), true);
  return bytes;
}

/**
 * Yields the records of a file; each is valid until the next is requested. Uses memory for a megabyte and the
 * longest record.
 * @throws DataError naming record and position where the file is cut or damaged.
 */
export async function* readRecords(
  path: string,
): AsyncGenerator<{ data: Uint8Array; bytesRead: number }> {
  using file = await openFile(path);
  let buffer = new Uint8Array(2 * CHUNK);
  let start = 0, end = 0, offset = 0;
  /**
   * Moves unread bytes to the front and reads until `wanted` bytes are there. False when the file ends first.
   */
  const fill = async (wanted: number): Promise<boolean> => {
    if (end - start >= wanted) return true;
    if (wanted > buffer.length) {
      const larger = new Uint8Array(wanted + CHUNK);
      larger.set(buffer.subarray(start, end));
      buffer = larger;
    } else buffer.copyWithin(0, start, end);
    [start, end] = [0, end - start];
    while (end < wanted) {
      const n = await file.read(buffer.subarray(end));
      if (n === null) return false;
      end += n;
    }
    return true;
  };
  for (let record = 1;; record++) {
    const refuse = (why: string): never => {
      throw new DataError(`Cannot read table ${path}: record ${record} at byte ${offset}: ${why}`);
    };
    if (!await fill(HEAD)) {
      if (end === start) return;
      refuse(`the file ends after ${end - start} of ${HEAD} bytes; it is truncated`);
    }
    const view = new DataView(buffer.buffer, start);
    if (view.getUint32(8, true) !== masked(crc32c(buffer.subarray(start, start + 8)))) {
      refuse(
        record === 1
          ? "the sum of its length is wrong, expected a TFRecord file"
          : "the sum of its length is wrong; the file is damaged",
      );
    }
    const length = Number(view.getBigUint64(0, true));
    if (length > LONGEST) refuse(`got ${length} bytes, expected at most ${LONGEST}`);
    const whole = HEAD + length + FOOT;
    if (!await fill(whole)) {
      refuse(`the file ends after ${end - start} of ${whole} bytes; it is truncated`);
    }
    const data = buffer.subarray(start + HEAD, start + HEAD + length);
    const sum = new DataView(buffer.buffer, start + HEAD + length).getUint32(0, true);
    if (sum !== masked(crc32c(data))) refuse("the sum of its data is wrong; the file is damaged");
    start += whole;
    offset += whole;
    yield { data, bytesRead: offset };
  }
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (cause) {
    throw new DataError(`Cannot read table ${path}: ${whyUnreadable(cause)}`, { cause });
  }
}
