/**
 * Lock per adapter, so that one search at a time uses it. The operating system releases the lock when its
 * holder dies, so a lock cannot become stale. The file names the holder.
 */
import { join } from "@std/path";
import { UsageError } from "../common/errors.ts";
import { explain } from "./files.ts";

export interface Holder {
  pid: number;
  /** Folder of the run. */
  run: string;
  since: string;
}

/** Group of the workers of this machine, and of searches that compute on workers only. */
export const workersGroup = "workers";

/**
 * Tries, 100 ms apart, before a process of a group says that the adapter is taken: another one of its group that
 * starts at the same time has the lock alone while it writes the group's name over that of an earlier holder.
 */
const SETTLING = 10;

export interface Lock {
  release(): void;
}

export interface LockOptions {
  /** Folder of the lock files, the same for all runs of this machine. */
  folder: string;
  adapter: string;
  /** Folder of the run that wants the lock. */
  run: string;
  /**
   * What the processes that use the adapter together have in common: a working directory, or `workersGroup`;
   * absent: the run has it alone.
   */
  group?: string;
  /** Wait for the holder instead of failing. */
  wait?: boolean;
  signal?: AbortSignal;
  /** Called once if it has to wait. */
  onWait?(holder: Holder | null): void;
}

/** Takes the lock. @throws UsageError naming the run that holds the adapter, unless `wait`. */
export async function lockAdapter(options: LockOptions): Promise<Lock> {
  const path = lockPath(options.folder, options.adapter);
  let file: Deno.FsFile;
  try {
    Deno.mkdirSync(options.folder, { recursive: true });
    file = Deno.openSync(path, { create: true, read: true, write: true });
  } catch (cause) {
    throw explain(path, cause);
  }
  try {
    let tries = options.group === undefined ? 0 : SETTLING;
    for (let asked = false; !takes(file, path, options);) {
      if (tries-- > 0) {
        await pause(100, options.signal);
        continue;
      }
      const holder = readHolder(path);
      if (!options.wait) {
        const who = holder ? `run ${holder.run} (process ${holder.pid}) has it` : "it is taken";
        throw new UsageError(
          `Cannot use adapter "${options.adapter}": ${who} since ${holder?.since ?? "a moment"}, ` +
            `one run at a time; stop that run or add --wait`,
        );
      }
      if (!asked) options.onWait?.(holder);
      asked = true;
      await pause(500, options.signal);
    }
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    release() {
      // The other processes of a group still need the name in the file.
      if (options.group === undefined) file.truncateSync(0);
      file.unlockSync();
      file.close();
    },
  };
}

/**
 * Takes the lock if it is free, or if a process of the same group has it. A group's lock is a shared one; the name
 * of the group is written under an exclusive lock before.
 */
function takes(file: Deno.FsFile, path: string, { run, group }: LockOptions): boolean {
  if (file.tryLockSync(true)) {
    const holder: Holder = { pid: Deno.pid, run: group ?? run, since: new Date().toISOString() };
    file.truncateSync(0);
    file.seekSync(0, Deno.SeekMode.Start);
    file.writeSync(new TextEncoder().encode(JSON.stringify(holder)));
    if (group === undefined) return true;
  }
  // Between two locks of one file it is free for a moment: the name tells who has it now.
  if (group === undefined || !file.tryLockSync(false)) return false;
  if (readHolder(path)?.run === group) return true;
  file.unlockSync();
  return false;
}

const lockPath = (folder: string, adapter: string) => join(folder, `${adapterSlug(adapter)}.lock`);

/** Converts an adapter's description to a part of a file name. */
export function adapterSlug(adapter: string): string {
  return adapter.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "adapter";
}

function readHolder(path: string): Holder | null {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch {
    return null; // Between locking and writing the name, or no lock at all.
  }
}

/** Sleeps; rejects with the signal's reason when it aborts. */
function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
