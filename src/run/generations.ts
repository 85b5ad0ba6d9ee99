/**
 * The two last checkpoints of a run, each a file in its folder `checkpoint`. If the newer one is damaged, the
 * run resumes from the older one.
 */
import { join } from "@std/path";
import {
  type Checkpoint,
  CHECKPOINTS,
  firstIntact,
  type Found,
  NEWEST,
  PREVIOUS,
} from "./checkpoint.ts";
import { hostDigest } from "./host_digest.ts";
import { readIfThere, writeAtomic } from "./files.ts";

/** Writes a checkpoint. @param run the run's folder. */
export function writeCheckpoint(run: string, bytes: Uint8Array): void {
  const folder = join(run, CHECKPOINTS);
  Deno.mkdirSync(folder, { recursive: true });
  writeAtomic(join(folder, NEWEST), bytes, join(folder, PREVIOUS));
}

/**
 * Finds the newest checkpoint that is intact and that `use` accepts; null when there is none at all.
 * @param run the run's folder.
 * @param configHash SHA-256 of its configuration.
 * @param use throws a DataError when the rest of the run does not fit the checkpoint.
 * @throws DataError describing the newest one's damage when none can be used.
 */
export function findCheckpoint<T>(
  run: string,
  configHash: string,
  use: (checkpoint: Checkpoint) => T,
): Found<T> | null {
  const files = [NEWEST, PREVIOUS].map((name) => join(run, CHECKPOINTS, name));
  const read = files.map((file) => ({ file, bytes: () => readIfThere(file) }));
  return firstIntact(read, configHash, hostDigest, use);
}
