/** The kinds of work that workers do: each opens once from plain settings, then runs one job after the other. */
import { UsageError } from "../../common/errors.ts";
import { loadPlugins } from "../plugins.ts";
import type { Opening } from "./channel.ts";
import type { CheckpointOptions, Current } from "./checkpoints.ts";

/** Work that is opened in a worker. */
export interface Work {
  /** Adapter and driver of the device, where the work needs one. */
  readonly adapter?: string;
  readonly driver?: string;
  /** Runs a job. Its own failures are part of the value; an error means that this worker is broken. */
  run(payload: unknown, signal: AbortSignal, job: Current): Promise<unknown>;
  close(): void;
}

/** Opens a kind of work. */
export type OpenWork = (
  value: unknown,
  signal: AbortSignal,
  checkpoints?: CheckpointOptions,
) => Promise<Work>;

/** Kinds of work by name, imported when they are needed. */
const kinds: Readonly<Record<string, () => Promise<OpenWork>>> = {
  study: async () => (await import("../study/work.ts")).openStudyWork,
  run: async () => (await import("./whole_run.ts")).openRunWork,
  train: async () => (await import("./brief_training.ts")).openBriefTraining,
  score: async () => (await import("./score.ts")).openScoreWork,
  evaluate: async () => (await import("./evaluate.ts")).openEvaluate,
};

/** Opens the work of an opening. @throws UsageError for an unknown kind, and any error of the work. */
export async function openWork(
  { kind, plugins, value, checkpoints }: Opening,
  signal: AbortSignal,
): Promise<Work> {
  if (!Object.hasOwn(kinds, kind)) {
    throw new UsageError(
      `Cannot do work of kind ${JSON.stringify(kind)}: expected ${
        Object.keys(kinds).join(" or ")
      }; workers and coordinator need the same version of denas`,
    );
  }
  await loadPlugins(plugins);
  return await (await kinds[kind]())(value, signal, checkpoints);
}
