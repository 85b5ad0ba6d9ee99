/** Who writes in a run: a lock on its config.json, which the system gives back when the writer dies. */
import { join } from "@std/path";

/** A reader that asks about a writer holds the lock for an instant: so often, so many ms apart. */
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
    // Readers do not hinder each other.
    return !file.tryLockSync(false);
  } finally {
    file.close();
  }
}

/** @returns null while another process writes in the run; else what holds the guard until it is closed. */
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
