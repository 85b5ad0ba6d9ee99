/** Work of a study: whole searches on tables, opened once per worker. */
import type { Study } from "../../nas/study/definition.ts";
import type { TrialResult } from "../../nas/study/trial.ts";
import type { Work } from "../workers/work.ts";
import { StudyParts } from "./parts.ts";

/** Settings of the work. */
export interface StudyOpening {
  study: Study;
  cacheDir: string;
}

/** A job: one search of one algorithm on one table. */
export interface StudyJob {
  task: number;
  algorithm: number;
  trial: number;
}

/** The value of a job: a result, or the reason why there is none; the study continues without it. */
export type StudyOutcome = TrialResult | { reason: string };

export async function openStudyWork(value: unknown): Promise<Work> {
  const parts = await StudyParts.open(value as StudyOpening);
  return {
    async run(payload): Promise<StudyOutcome> {
      try {
        return await parts.run(payload as StudyJob);
      } catch (error) {
        return { reason: (error as Error).message };
      }
    },
    close: () => parts.close(),
  };
}
