/** Cache file of the enumerated NAS-Bench-101 cells: cells, hashes, SHA-256 of both. */
import { dirname, join } from "@std/path";
import { DataError } from "../../common/errors.ts";
import { HASH_BYTES, Nb101Cells, SIZE } from "./nasbench101_index.ts";

export const cellsPath = (cacheDir: string): string =>
  join(cacheDir, "nasbench101", "nasbench101-cells-1.bin");

/** Reads the file. Null when it is missing or damaged. */
export async function readCells(path: string): Promise<Nb101Cells | null> {
  try {
    const bytes = await Deno.readFile(path);
    const packed = 4 * SIZE, whole = packed + HASH_BYTES * SIZE;
    if (bytes.length !== whole + 32) return null;
    const digest = new Uint8Array(
      await crypto.subtle.digest("SHA-256", bytes.subarray(0, whole)),
    );
    if (digest.toHex() !== bytes.subarray(whole).toHex()) return null;
    return new Nb101Cells(
      new Uint32Array(bytes.buffer, 0, SIZE),
      bytes.subarray(packed, whole),
    );
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw new DataError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

export async function writeCells(path: string, { packed, hashes }: Nb101Cells): Promise<void> {
  const whole = packed.byteLength + hashes.length;
  const bytes = new Uint8Array(whole + 32);
  bytes.set(new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength));
  bytes.set(hashes, packed.byteLength);
  const digest = await crypto.subtle.digest("SHA-256", bytes.subarray(0, whole));
  bytes.set(new Uint8Array(digest), whole);
  await Deno.mkdir(dirname(path), { recursive: true });
  const part = `${path}.${Deno.pid}.part`;
  await Deno.writeFile(part, bytes);
  await Deno.rename(part, path);
}
