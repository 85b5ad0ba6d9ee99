/** Files of lines that another process may be writing. */
import type { LoggedEvent } from "../nas/events.ts";

/** The byte that ends a line. */
export const newline = 0x0a;

/** Number of bytes up to and including the last newline. */
export function wholeLines(bytes: Uint8Array): number {
  return bytes.lastIndexOf(newline) + 1;
}

/** Parses the event in a line; null when there is none. */
export function eventIn(line: string): LoggedEvent | null {
  try {
    const event = JSON.parse(line);
    return Number.isSafeInteger(event?.seq) && typeof event.type === "string" ? event : null;
  } catch {
    return null;
  }
}
