/**
 * Write lock of a study, for one process at a time. The operating system releases it when its holder dies.
 */
import { UsageError } from "../../common/errors.ts";
import { explain } from "../files.ts";

/** Attempts to take the lock: a process that checks whether a study is running holds it for a moment. */
const tries = 5;
const pauseMs = 20;

/** Takes the lock. @returns a function that releases it. @throws UsageError when another process has it. */
export async function lockStudy(path: string): Promise<() => void> {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { create: true, read: true, write: true });
  } catch (cause) {
    throw explain(path, cause);
  }
  for (let tried = 1; !file.tryLockSync(true); tried++) {
    if (tried === tries) {
      file.close();
      throw new UsageError(
        `Cannot run the study in ${path}: another process is at it; wait for its end, or name ` +
          "another folder with --out",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return () => file.close();
}

/** Whether a process is running this study. */
export function isStudyRunning(path: string): boolean {
  const file = Deno.openSync(path, { read: true });
  try {
    return !file.tryLockSync(false);
  } finally {
    file.close();
  }
}
