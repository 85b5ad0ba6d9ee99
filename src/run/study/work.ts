/** Work of a study: whole searches on tables, opened once per worker. */
import * as z from "zod";
import type { Study } from "../../nas/study/definition.ts";
import type { Work } from "../workers/work.ts";
import { StudyParts } from "./parts.ts";

/** Settings of the work. */
export interface StudyOpening {
  study: Study;
  cacheDir: string;
}

const index = z.number().int().nonnegative();
const studyJob = z.object({ task: index, algorithm: index, trial: index });
/** A job: one search of one algorithm on one table. */
export type StudyJob = z.infer<typeof studyJob>;

/** The value of a job: a result, or the reason why there is none; the study continues without it. */
export const studyOutcome = z.union([
  z.object({ reason: z.string() }),
  z.object({
    values: z.array(z.number()),
    best: z.string(),
    seconds: z.number(),
    queries: z.array(z.object({
      arch: z.string(),
      objective: z.number(),
      report: z.number(),
      parameters: z.number().nullable(),
      epochs: z.number().optional(),
    })),
  }),
]);
export type StudyOutcome = z.infer<typeof studyOutcome>;

export async function openStudyWork(value: unknown): Promise<Work> {
  const parts = await StudyParts.open(value as StudyOpening);
  return {
    async run(payload): Promise<StudyOutcome> {
      const job = studyJob.parse(payload);
      try {
        return await parts.run(job);
      } catch (error) {
        return { reason: (error as Error).message };
      }
    },
    close: () => parts.close(),
  };
}
