/** Files of lines that another process may be writing. */
import { DataError } from "../common/errors.ts";
import type { LoggedEvent } from "../nas/events.ts";
import { anew } from "./checkpoint.ts";

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

/**
 * A run's events up to the last newline. Unreadable lines are skipped, since no result depends on events.
 * @returns `unreadable` the numbers of those lines, counted from 1.
 */
export function eventsOf(bytes: Uint8Array): { events: LoggedEvent[]; unreadable: number[] } {
  const lines = new TextDecoder().decode(bytes.subarray(0, wholeLines(bytes))).split("\n");
  const unreadable: number[] = [];
  const events = lines.slice(0, -1).flatMap((line, i) => {
    const event = eventIn(line);
    if (!event) unreadable.push(i + 1);
    return event ?? [];
  });
  return { events, unreadable };
}

/**
 * Refuses a file that was changed before byte `keep`: cut there, it would end within a line.
 * @throws DataError, with nothing cut.
 */
export function requireKept(
  path: string,
  bytes: Uint8Array,
  keep: number,
  isLine: (line: string) => boolean,
): void {
  const whole = wholeLines(bytes);
  if (whole < keep) {
    throw new DataError(
      `Cannot go on with ${path}: ${whole} bytes, the checkpoint was written after ${keep}; ` +
        `lines are missing; ${anew}`,
    );
  }
  if (keep === 0) return;
  const end = bytes.indexOf(newline, keep - 1);
  const lines = new TextDecoder().decode(bytes.subarray(0, end)).split("\n");
  const strange = lines.findIndex((line) => !isLine(line));
  if (strange < 0 && end === keep - 1) return;
  const why = strange < 0
    ? `the checkpoint was written after ${keep} bytes, which is within line ${lines.length}`
    : `line ${strange + 1} is not one that the run wrote`;
  throw new DataError(
    `Cannot go on with ${path}: ${why}; the file was changed and is left as it is; ` +
      `put the file back as it was, or start a new search`,
  );
}

/** Whether a line is a JSON object. */
export function isObject(line: string): boolean {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}

/** Damage of a run's files that does not prevent resuming, in words. */
export function damageOf(checkpoint: string | undefined, lines: readonly number[]): string[] {
  const damage = [];
  if (checkpoint !== undefined) {
    damage.push(
      `The last checkpoint was passed over, the run goes on from the one before: ${checkpoint}`,
    );
  }
  if (lines.length > 0) {
    const [first] = lines;
    damage.push(
      `Cannot read ${lines.length} lines of events.ndjson, the first is line ${first}: they were left out; ` +
        `results do not depend on them`,
    );
  }
  return damage;
}
