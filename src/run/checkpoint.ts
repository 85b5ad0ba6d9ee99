/**
 * Checkpoints: one safetensors file each. The header holds the state's JSON, the hash of the run's
 * configuration, and a hash over the whole file, so that a damaged or foreign file is recognised.
 */
import { DataError } from "../common/errors.ts";
import type { State } from "../nas/strategy.ts";
import { decodeSafetensors, encodeSafetensors, headerText } from "./safetensors.ts";

const format = "denas-checkpoint-2";
/** Advice when no checkpoint can be used. Settings and logs stay. */
export const anew = "delete the run's folder checkpoint and resume: it begins anew";
const noHash = "0".repeat(64);

export interface Checkpoint {
  state: State;
  /** Bytes of trials.ndjson at the time of writing: later trials are repeated after a resume. */
  trialBytes: number;
}

/** Folder of a run's two last checkpoints, and their names in it. */
export const CHECKPOINTS = "checkpoint";
export const NEWEST = "checkpoint.safetensors", PREVIOUS = "previous.safetensors";

/** Synchronous SHA-256 in hexadecimal: the platform's, or the slower one of `src/common`. */
export type Digest = (bytes: Uint8Array) => string;

/** The files that decide a run's result: bytes, and the choices of tuning.json. */
export interface Deciding {
  config: Uint8Array;
  /** Only of a retraining. */
  arch?: Uint8Array;
  choices?: unknown;
}

/**
 * Hash of everything that decides a run's result: the configuration, the architecture of a retraining, and
 * the kernel variants, which round differently.
 */
export function hashOf({ config, arch, choices }: Deciding, digest: Digest): string {
  const tuning = choices === undefined ? "" : JSON.stringify(choices);
  const parts = [config, arch ?? new Uint8Array(), new TextEncoder().encode(tuning)];
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return digest(whole);
}

export function encodeCheckpoint(
  { state, trialBytes }: Checkpoint,
  config: string,
  digest: Digest,
): Uint8Array {
  const bytes = encodeSafetensors(state.tensors, {
    format,
    config,
    state: JSON.stringify(state.json),
    trialBytes: String(trialBytes),
    sha256: noHash,
  });
  bytes.set(new TextEncoder().encode(digest(bytes)), hashPosition(bytes));
  return bytes;
}

/**
 * Decodes a checkpoint.
 * @param config SHA-256 of the configuration of the resuming run.
 * @param name of the file, for messages.
 * @throws DataError when the file is cut off, damaged or of another configuration.
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  config: string,
  name: string,
  digest: Digest,
): Checkpoint {
  const { metadata, tensors } = decodeOrGiveUp(bytes, name);
  if (metadata.format !== format) {
    throw new DataError(
      `Cannot resume from ${name}: its format is ${metadata.format ?? "unknown"}, ` +
        `expected ${format}; ${anew}`,
    );
  }
  const written = bytes.slice();
  written.set(new TextEncoder().encode(noHash), hashPosition(bytes));
  const hash = digest(written);
  if (hash !== metadata.sha256) {
    throw new DataError(
      `Cannot resume from ${name}: its content hashes to ${
        hash.slice(0, 12)
      }…, it was written as ` +
        `${(metadata.sha256 ?? "nothing").slice(0, 12)}…, the file is damaged; ${anew}`,
    );
  }
  if (metadata.config !== config) {
    throw new DataError(
      `Cannot resume from ${name}: it belongs to configuration ${metadata.config.slice(0, 12)}…, ` +
        `this run has ${config.slice(0, 12)}…; put back the run's own config.json, arch.json and ` +
        `tuning.json, or start a new run`,
    );
  }
  return {
    state: { json: JSON.parse(metadata.state), tensors },
    trialBytes: Number(metadata.trialBytes),
  };
}

export interface Found<T> {
  checkpoint: Checkpoint;
  /** Result of `use`. */
  used: T;
  /** Reason why the newer one was not used. */
  damage?: string;
}

/**
 * The first of the files that is intact and that `use` accepts; null when none is there.
 * @param files newest first.
 * @param use throws a DataError when the rest of the run does not fit the checkpoint.
 * @throws DataError describing the newest one's damage when none can be used.
 */
export function firstIntact<T>(
  files: readonly { file: string; bytes(): Uint8Array | null }[],
  config: string,
  digest: Digest,
  use: (checkpoint: Checkpoint) => T,
): Found<T> | null {
  let damage: DataError | undefined;
  for (const { file, bytes } of files) {
    try {
      const content = bytes();
      if (!content) continue;
      const checkpoint = decodeCheckpoint(content, config, file, digest);
      return { checkpoint, used: use(checkpoint), damage: damage?.message };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      damage ??= error;
    }
  }
  if (damage) throw damage;
  return null;
}

function decodeOrGiveUp(bytes: Uint8Array, name: string) {
  try {
    return decodeSafetensors(bytes, name);
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    throw new DataError(`${cause.message}; ${anew}`, { cause });
  }
}

/** Position of the 64 hash digits: last in the metadata, which come first in the header. */
function hashPosition(bytes: Uint8Array): number {
  const { text } = headerText(bytes, "checkpoint");
  const key = `"sha256":"`;
  // The state is JSON within JSON, with escaped quotes, so this text cannot occur inside it.
  return 8 + new TextEncoder().encode(text.slice(0, text.indexOf(key) + key.length)).length;
}
