/** Where a search stands. */
import { type EpochSums, startSums } from "../train/epoch_figures.ts";
import type { StrategyReport } from "../strategy.ts";

export interface Candidate {
  trial: number;
  epoch: number;
  choice: number[];
  key: string;
  score: number;
}

/** Parts of an epoch: training, rounds of trials, the trial of what was trained. */
export type Phase = "prepare" | "rounds" | "trained";

/** Where the loop stands: enough to go on from. */
export interface Position {
  epoch: number;
  phase: Phase | "selection";
  round: number;
  queries: number;
  /** Ids given so far. */
  trials: number;
  /** The best full trials so far by reward, best first, no two equivalent. */
  best: Candidate[];
  /** Trials that no other one dominates, where there are several objectives. */
  front: (Candidate & { objectives: number[] })[];
  /** Choices of the last trial that kept to the limits. */
  latest: number[];
  /** The highest score of an epoch; its controller is in the store. Null before the first. */
  topEpoch: number | null;
  /** The lowest score of a trial, or 0 where none is below: the score of trials that have none. */
  lowest: number;
  /** Trials with a score of their own. */
  succeeded: number;
  /** Failed ones, and why the last did. */
  failed: number;
  failure: string;
  stopped?: { epochs: number; score: number };
  /** Of the present epoch, for its events: sums over its training, its last rate, and one report per round. */
  sums: EpochSums;
  learningRate: number;
  reports: StrategyReport[];
  seconds: number;
}

export const startPosition = (phase: Phase): Position => ({
  epoch: 0,
  phase,
  round: 0,
  queries: 0,
  trials: 0,
  best: [],
  front: [],
  latest: [],
  topEpoch: null,
  lowest: 0,
  succeeded: 0,
  failed: 0,
  failure: "",
  sums: startSums(),
  learningRate: 0,
  reports: [],
  seconds: 0,
});

/** What ends a search before its last epoch: a trial over the threshold, of which 1 is none. */
export function earlyStop({ best, epoch }: Position, over: number): Position["stopped"] {
  if (over >= 1 || !best.length || best[0].score <= over) return undefined;
  return { epochs: epoch, score: best[0].score };
}

const reported = [
  "loss",
  "gradientNorm",
  "reward",
  "entropy",
  "baseline",
  "skipRate",
  "trained",
] as const;

/** Means field by field; probabilities and their decisions are those of the last report. */
export function meanReport(reports: StrategyReport[]): StrategyReport {
  const { probabilities, decisions } = reports.findLast((r) => r.probabilities) ?? {};
  const result: StrategyReport = { probabilities, decisions };
  for (const name of reported) {
    const values = reports.map((r) => r[name]).filter((v) => v !== undefined);
    if (values.length) result[name] = values.reduce((a, b) => a + b, 0) / values.length;
  }
  return result;
}
