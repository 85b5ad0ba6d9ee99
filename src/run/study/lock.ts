/** One process at a time writes a study; the operating system gives the lock back when its holder dies. */
import { UsageError } from "../../common/errors.ts";
import { explain } from "../files.ts";

/** Whoever asks whether a study is running has the lock for a moment. */
const tries = 5;
const pauseMs = 20;

/** @returns what gives the lock back. @throws UsageError where another process has it. */
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

/** Whether a process is at this study now. */
export function isStudyRunning(path: string): boolean {
  const file = Deno.openSync(path, { read: true });
  try {
    return !file.tryLockSync(false);
  } finally {
    file.close();
  }
}
