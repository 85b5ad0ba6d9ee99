/**
 * Checkpoints of jobs: files in a folder, named by the job. The process that does a job writes them; one that gets
 * the job later goes on from them. Over NATS they travel through the object store between two such folders.
 */
import { join } from "@std/path";
import * as z from "zod";
import { DataError } from "../../common/errors.ts";
import { sha256 } from "../../common/sha256.ts";
import type { TrialCheckpoints } from "../../nas/evaluator.ts";
import type { State } from "../../nas/strategy.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../checkpoint.ts";
import { readIfThere, removeIfThere, requireFolder, writeAtomic } from "../files.ts";
import { hostDigest } from "../host_digest.ts";

/** Seconds between two checkpoints of a job, unless told otherwise. */
export const CHECKPOINT_SECONDS = 30;

export interface CheckpointOptions {
  folder: string;
  /** Seconds between two checkpoints of a job; 0 saves as often as its work can. */
  seconds: number;
}

/** File of a job's checkpoint. */
export const checkpointFile = (folder: string, job: string): string =>
  join(folder, `${job}.safetensors`);

/** Deletes the checkpoint of a job that has its result. */
export function removeCheckpoint(folder: string, job: string): void {
  removeIfThere(checkpointFile(folder, job));
}

/** The beginning of a job, for the record of the run: anew, or at a step. */
export const begun = z.object({
  /** Step of the checkpoint that it went on from. */
  fromStep: z.number().int().optional(),
  /** Why it did not go on from the checkpoint that was there. */
  anew: z.string().max(300).optional(),
});
export type Begun = z.infer<typeof begun>;

/** The job that a process does now. */
export interface Current {
  id: string;
  /** Path of the file that it reads, whose name is the SHA-256 of its content. */
  attachment?: string;
  /** Called when a checkpoint was written. */
  saved(): void;
}

const position = z.object({ step: z.number().int().nonnegative(), state: z.unknown() });

/** Checkpoints of the one job that this process does. */
export class JobCheckpoints implements TrialCheckpoints {
  readonly #identity: string;
  #job: Current | undefined;
  #begun: Begun = {};
  #last = 0;

  /**
   * @param identity all that decides the bits of a job beside the job itself: settings, kernels and their variants,
   * adapter, driver. A checkpoint of another one is passed over.
   */
  constructor(private readonly options: CheckpointOptions, identity: unknown) {
    this.#identity = sha256(JSON.stringify([identity, Deno.version.deno]));
  }

  /** The beginning of the current job. */
  get begun(): Begun {
    return this.#begun;
  }

  /** Begins a job. */
  start(job: Current): void {
    this.#job = job;
    this.#begun = {};
    this.#last = performance.now();
  }

  get #file(): string {
    return checkpointFile(this.options.folder, this.#job!.id);
  }

  isDue(): boolean {
    return performance.now() - this.#last >= 1000 * this.options.seconds;
  }

  load(): Promise<{ step: number; state: State } | null> {
    const bytes = readIfThere(this.#file);
    if (!bytes) return Promise.resolve(null);
    try {
      const { state: { json, tensors } } = decodeCheckpoint(
        bytes,
        this.#identity,
        this.#file,
        hostDigest,
      );
      const { step, state } = position.parse(json);
      this.#begun = { fromStep: step };
      return Promise.resolve({ step, state: { json: state, tensors } });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      const anew = "its checkpoint is damaged, or of another adapter, driver or version of denas";
      this.#begun = { anew };
      return Promise.resolve(null);
    }
  }

  save(step: number, { json, tensors }: State): Promise<void> {
    requireFolder(this.options.folder);
    const state = { json: { step, state: json }, tensors };
    const bytes = encodeCheckpoint({ state, trialBytes: 0 }, this.#identity, hostDigest);
    writeAtomic(this.#file, bytes);
    this.#last = performance.now();
    this.#job!.saved();
    return Promise.resolve();
  }
}
