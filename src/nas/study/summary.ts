/** Summarises the trials of a study. */
import { summarise, type Summary } from "../analysis/statistics.ts";
import { lossOf } from "./loss.ts";
import type { StudyRecords, TaskHead } from "./records.ts";

export interface Curve {
  algorithm: string;
  /** Statistics of the report column per recorded number of queries, in its own unit. */
  points: Summary[];
  /** Mean seconds per trial. */
  seconds: number;
  /** Number of failed trials, which count in no other figure. */
  failed: number;
}

export interface TaskSummary {
  task: TaskHead;
  at: readonly number[];
  /** In the study's order of algorithms, without those that have no finished trial. */
  curves: Curve[];
}

/** Summary per data set. The order of the lines does not change a single bit of it. */
export function summariseStudy({ head, trials, failed }: StudyRecords): TaskSummary[] {
  return head.tasks.map((task, t) => ({
    task,
    at: head.at,
    curves: head.study.algorithms.flatMap(({ name }, a): Curve[] => {
      const own = trials.filter((trial) => trial.task === t && trial.algorithm === a)
        .sort((p, q) => p.trial - q.trial);
      if (own.length === 0) return [];
      return [{
        algorithm: name,
        points: head.at.map((_, i) => summarise(own.map(({ values }) => values[i]))),
        seconds: own.reduce((sum, { seconds }) => sum + seconds, 0) / own.length,
        failed: failed.filter((one) => one.task === t && one.algorithm === a).length,
      }];
    }),
  }));
}

/** Numbers of finished and failed trials, as text. */
export const trialsText = (finished: number, failed: number): string =>
  failed ? `${finished}, ${failed} failed` : String(finished);

/** Indices of a few recorded numbers of queries, including the last. */
export function someOf(at: readonly number[], most = 5): number[] {
  const every = Math.ceil(at.length / most);
  return at.map((_, i) => i).filter((i) => (at.length - 1 - i) % every === 0);
}

/** A summary in the unit of figures: accuracies become errors, other metrics stay as they are. */
export function asLoss(task: TaskHead, point: Summary): Summary {
  const loss = lossOf(task);
  if (loss === null) return point;
  const scale = Math.abs(loss(1) - loss(0));
  return {
    n: point.n,
    mean: loss(point.mean),
    deviation: scale * point.deviation,
    halfWidth: scale * point.halfWidth,
  };
}
