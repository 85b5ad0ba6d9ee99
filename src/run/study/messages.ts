/** Messages between a study's main thread and its workers. */
import type { Study } from "../../nas/study/definition.ts";
import type { TrialResult } from "../../nas/study/trial.ts";

export interface Job {
  task: number;
  algorithm: number;
  trial: number;
}

export interface Opening {
  study: Study;
  cacheDir: string;
  /** Files of plug-ins: each thread has its own definitions. */
  plugins: readonly string[];
}

export type ToWorker = { open: Opening } | { job: Job };
export type FromWorker =
  | { done: Job; result: TrialResult | { reason: string } }
  | { failed: { name: string; message: string; stack?: string } };
