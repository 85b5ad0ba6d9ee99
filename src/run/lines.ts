/** Files of lines that another process may be writing. */

/** The byte that ends a line. */
export const newline = 0x0a;

/** Number of bytes up to and including the last newline. */
export function wholeLines(bytes: Uint8Array): number {
  return bytes.lastIndexOf(newline) + 1;
}
