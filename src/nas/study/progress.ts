/** Progress of a study, and time left. */
import type { FailedRecord, StudyHead, TrialRecord } from "./records.ts";

export interface StudyPlan {
  head: StudyHead;
  /** Searches per algorithm and data set. */
  trials: number;
  /** Trials that run in parallel. */
  workers: number;
}

/** Number of searches of a study. */
export const trialCount = (
  { study, tasks }: StudyHead,
  { trials }: Pick<StudyPlan, "trials">,
): number => study.algorithms.length * tasks.length * trials;

/** Projected time left; NaN until a trial was timed. Algorithms differ widely, so each has its own mean. */
export function secondsLeft(
  plan: StudyPlan,
  done: readonly TrialRecord[],
  failed: readonly FailedRecord[],
): number {
  const { head: { study, tasks }, trials, workers } = plan;
  const own = study.algorithms.map(() => ({ sum: 0, n: 0, failed: 0 }));
  for (const { algorithm, seconds } of done) {
    own[algorithm].sum += seconds;
    own[algorithm].n++;
  }
  for (const { algorithm } of failed) own[algorithm].failed++;
  const known = own.filter(({ n }) => n > 0).map(({ sum, n }) => sum / n);
  const usual = known.reduce((a, b) => a + b, 0) / known.length;
  const each = tasks.length * trials;
  const left = own.reduce(
    (s, { sum, n, failed }) => s + Math.max(0, each - n - failed) * (n ? sum / n : usual),
    0,
  );
  return left / workers;
}
