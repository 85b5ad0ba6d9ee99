/** What the trials of a study say together. */
import { summarise, type Summary } from "../analysis/statistics.ts";
import { lossOf } from "./loss.ts";
import type { StudyRecords, TaskHead } from "./records.ts";

export interface Curve {
  algorithm: string;
  /** One per noted number of queries, of the report in its own unit. */
  points: Summary[];
  /** Mean time of a trial. */
  seconds: number;
  /** Trials that came to no end; they are in no other figure. */
  failed: number;
}

export interface TaskSummary {
  task: TaskHead;
  at: readonly number[];
  /** In the order of the study; those without a finished trial are left out. */
  curves: Curve[];
}

/** Whatever the order of the lines, the same to the last bit. */
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

/** How many trials a row of results is of, and how many came to no end. */
export const trialsText = (finished: number, failed: number): string =>
  failed ? `${finished}, ${failed} failed` : String(finished);

/** A few of the noted numbers of queries, the last among them. */
export function someOf(at: readonly number[], most = 5): number[] {
  const every = Math.ceil(at.length / most);
  return at.map((_, i) => i).filter((i) => (at.length - 1 - i) % every === 0);
}

/** The same in the unit of figures: errors of accuracies, other metrics as they are. */
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
