/** Files of lines that another process may be writing. */

/** Number of bytes up to and including the last newline. */
export function wholeLines(bytes: Uint8Array): number {
  return bytes.lastIndexOf(0x0a) + 1;
}
