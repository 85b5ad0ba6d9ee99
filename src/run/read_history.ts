/** Reads the history of a run from its folder. */
import { join } from "@std/path";
import { UsageError } from "../common/errors.ts";
import { type History, parseHistory } from "./history.ts";

/**
 * Reads a history.
 * @param path of a run's folder or of its events.ndjson.
 * @throws UsageError when there are no events, DataError naming the line that cannot be read.
 */
export function readHistory(path: string): History {
  const file = isFolder(path) ? join(path, "events.ndjson") : path;
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(file);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new UsageError(
      `Cannot read run ${path}: there is no ${file}, expected a run's folder; ` +
        `"denas runs" lists the runs`,
      { cause },
    );
  }
  return parseHistory(bytes, file);
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
