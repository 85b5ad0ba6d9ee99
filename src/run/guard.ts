/** Write lock of a run, on its config.json. The operating system releases it when the writer dies. */
import { join } from "@std/path";

/**
 * Attempts to take the lock, and ms between them: a reader that checks for a writer holds it for an instant.
 */
const attempts = 10;
const pauseMs = 5;

/** Whether a process is writing in a run; false where there is no run. */
export function isGuarded(path: string): boolean {
  let file: Deno.FsFile;
  try {
    file = openGuard(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  try {
    // A shared lock, so that readers do not block each other.
    return !file.tryLockSync(false);
  } finally {
    file.close();
  }
}

/**
 * Takes the lock.
 * @returns null while another process writes in the run; else the file that holds the lock until closed.
 */
export function takeGuard(path: string): Deno.FsFile | null {
  const file = openGuard(path);
  for (let i = 0; i < attempts; i++) {
    if (i > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
    if (file.tryLockSync(true)) return file;
  }
  file.close();
  return null;
}

const openGuard = (path: string) => Deno.openSync(join(path, "config.json"), { read: true });
