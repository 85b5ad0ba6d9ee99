/**
 * Interface between a coordinator and its workers. A channel carries jobs and outcomes as plain JSON and knows
 * nothing of searches; it is implemented by threads, by child processes and by NATS.
 */

import type { CheckpointOptions } from "./checkpoints.ts";

/**
 * Most bytes of a job's value, or of a run's files in a checkpoint, that travel between machines: a process holds
 * several copies of them at the same time.
 */
export const LARGEST = 256 << 20;

/** Message that opens a worker before its first job. */
export interface Opening {
  /** Name of the work, see `work.ts`. */
  kind: string;
  /** Files of the plug-ins that the work needs. */
  plugins: readonly string[];
  /** Settings of the work. */
  value: unknown;
  /** Checkpoints of its jobs; absent: a job whose worker was lost starts anew. */
  checkpoints?: CheckpointOptions;
  /** Folder of the files that jobs name in `attachment`; absent where none does. */
  attachments?: string;
}

/** An independent piece of work. */
export interface Job {
  /** The same payload has the same id, also after a restart of the coordinator. */
  id: string;
  /** Counts from 1: a job whose worker was lost is handed out again with the next number. */
  attempt: number;
  payload: unknown;
  /** Bytes of device memory that it takes; absent where that is not known. */
  needs?: number;
  /** Name of a large file that it reads, as other jobs may: the SHA-256 of its content. */
  attachment?: string;
}

/** Worker and duration of a job. */
export interface Ran {
  worker: string;
  /** Description of the worker's adapter; absent where the work needs none. */
  adapter?: string;
  seconds: number;
}

/**
 * The end of a job: its value, or the loss of its worker with the worker's last output. Unfit: no worker takes it, or
 * its value is too large.
 */
export type Outcome =
  | ({ status: "done"; value: unknown } & Ran)
  | { status: "lost" | "unfit"; reason: string; log: string; worker: string };

/** State of a worker, for the page and for `denas runs --workers`. */
export interface WorkerState {
  /** Unique within the channel. */
  id: string;
  state: "starting" | "idle" | "busy" | "draining" | "ended";
  /** Process that does the work; absent for threads. */
  pid?: number;
  host?: string;
  adapter?: string;
  driver?: string;
  /** Bytes of device memory that a job may take; absent where that is not known. */
  memory?: number;
  /** Id of the job that it works on. */
  job?: string;
  /** Jobs done. */
  done: number;
  /** ISO time of the last sign of life. */
  seen: string;
}

/** Figures of a channel. */
export interface ChannelFigures {
  /** Jobs that wait for a worker. */
  queued: number;
  done: number;
  /** Jobs whose worker was lost. */
  lost: number;
}

/** Carries jobs to workers. Jobs start in the order of `run`, as workers get free. */
export interface Channel {
  /** Jobs that can run at the same time now. */
  capacity(): number;
  /**
   * Runs a job on any worker; waits while all are busy.
   * @throws the signal's reason, where the job's worker is stopped within a second; an error that every worker
   * would meet, such as a missing data set.
   */
  run(job: Job, signal: AbortSignal): Promise<Outcome>;
  /** Makes an attachment available to workers that cannot read its file. Absent where all of them can. */
  attach?(file: string): Promise<void>;
  /**
   * Asks all workers to end their jobs early with a value that says so; jobs that begin later end at once. Absent
   * where a channel cannot: its jobs are cancelled instead.
   */
  interrupt?(): void;
  workers(): WorkerState[];
  figures(): ChannelFigures;
  /** Deletes the checkpoint of a job that has its result. */
  forget?(job: string): void;
  /** Lets a worker finish its job and gives it no other one. Unknown workers are ignored. */
  drain(worker: string): void;
  /** Ends a worker at once; its job is lost. */
  stop(worker: string): void;
  /** Ends all workers of this channel and waits for their end. */
  close(): Promise<void>;
}

/** Called after each attempt of a job. */
export type OnAttempt = (job: Job, outcome: Outcome) => void;

/** A channel that is open for one work. */
export interface OpenWorkers {
  channel: Channel;
  onAttempt?: OnAttempt;
  /** Ends the workers that were started here. */
  close(): Promise<void>;
}
