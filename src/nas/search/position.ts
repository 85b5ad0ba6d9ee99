/** Position of a search: the state of its loop. */
import { type EpochSums, startSums } from "../train/epoch_figures.ts";
import type { StrategyReport, Trial } from "../strategy.ts";

export interface Candidate {
  trial: number;
  epoch: number;
  choice: number[];
  key: string;
  score: number;
}

/** Phase of an epoch: shared-weight training, rounds of trials, or scoring the trained architecture. */
export type Phase = "prepare" | "rounds" | "trained";

/** A trial that is asked and not told, as plain data. */
export type Pending = Omit<Trial<unknown>, "arch"> & { choice: number[] };

/** State of the loop, enough to resume from. */
export interface Position {
  epoch: number;
  phase: Phase | "selection";
  round: number;
  queries: number;
  /** Asynchronous rounds: number of trials told in this epoch, and the trials asked and not told. */
  told?: number;
  pending?: Pending[];
  /** Number of trial ids given so far. */
  trials: number;
  /** The best trials so far by reward, best first, without partial ones and without equivalent ones. */
  best: Candidate[];
  /** The Pareto front, where there are several objectives. */
  front: (Candidate & { objectives: number[] })[];
  /** Choices of the last trial that satisfied the constraints. */
  latest: number[];
  /** The highest epoch score, whose controller is in the store; null before the first epoch ends. */
  topEpoch: number | null;
  /** The lowest score so far, or 0 if none is negative; given to trials without a score. */
  lowest: number;
  /** Trials with a score of their own. */
  succeeded: number;
  /** Number of failed trials, and the reason of the last failure. */
  failed: number;
  failure: string;
  stopped?: { epochs: number; score: number };
  /** The strategy asks for no more trials. */
  exhausted?: boolean;
  /** Figures of the current epoch: training sums, last learning rate, and one report per round. */
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

/** Early stop: set once a trial scores above `over`, where 1 turns it off. */
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

/** Means of the reports field by field; probabilities and their decisions are those of the last report. */
export function meanReport(reports: StrategyReport[]): StrategyReport {
  const { probabilities, decisions } = reports.findLast((r) => r.probabilities) ?? {};
  const result: StrategyReport = { probabilities, decisions };
  for (const name of reported) {
    const values = reports.map((r) => r[name]).filter((v) => v !== undefined);
    if (values.length) result[name] = values.reduce((a, b) => a + b, 0) / values.length;
  }
  return result;
}
