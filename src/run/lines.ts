/** Files of lines that a process may be writing. */

/** How many bytes stand before and including the last newline. */
export function wholeLines(bytes: Uint8Array): number {
  return bytes.lastIndexOf(0x0a) + 1;
}
