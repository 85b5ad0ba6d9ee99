/**
 * The two last checkpoints of a run, each a file in its folder `checkpoint`. If the newer one is damaged, the
 * run resumes from the older one.
 */
import { join } from "@std/path";
import { DataError } from "../common/errors.ts";
import { type Checkpoint, decodeCheckpoint } from "./checkpoint.ts";
import { hostDigest } from "./host_digest.ts";
import { writeAtomic } from "./files.ts";

const FOLDER = "checkpoint";
const NEWEST = "checkpoint.safetensors";
const PREVIOUS = "previous.safetensors";

/** Writes a checkpoint. @param run the run's folder. */
export function writeCheckpoint(run: string, bytes: Uint8Array): void {
  const folder = join(run, FOLDER);
  Deno.mkdirSync(folder, { recursive: true });
  writeAtomic(join(folder, NEWEST), bytes, join(folder, PREVIOUS));
}

export interface Found<T> {
  checkpoint: Checkpoint;
  /** Result of `use`. */
  used: T;
  /** Reason why the newer one was not used. */
  damage?: string;
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
  let damage: DataError | undefined;
  for (const name of [NEWEST, PREVIOUS]) {
    const file = join(run, FOLDER, name);
    try {
      const bytes = readIfThere(file);
      if (!bytes) continue;
      const checkpoint = decodeCheckpoint(bytes, configHash, file, hostDigest);
      return { checkpoint, used: use(checkpoint), damage: damage?.message };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      damage ??= error;
    }
  }
  if (damage) throw damage;
  return null;
}

function readIfThere(file: string): Uint8Array | null {
  try {
    return Deno.readFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
