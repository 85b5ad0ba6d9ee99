/** The interface of evaluators. No code here: evaluators live in `evaluators/`, one file each. */
import type { RunEvent } from "./events.ts";
import type { Score, State, Strategy, Trial } from "./strategy.ts";

/** What the scores of an evaluator are, for those who show them. */
export interface ScoreMeaning {
  /** In words, before or after a figure: "accuracy with shared weights". */
  label: string;
  /** `fraction`: shown as per cent. Otherwise the unit that follows the figure; "" for none. */
  unit: string;
  /** Whether scores of different runs mean the same; false where they rank the architectures of one run only. */
  comparable: boolean;
}

/** The outcome of one trial. */
export type Result =
  & {
    /** Id of the trial. */
    trial: number;
    /** Time that the evaluation took. */
    seconds: number;
  }
  & (
    | { status: "ok"; score: Score }
    | {
      /** Its training diverged, its network cannot be built, …; or it is over a limit of the evaluator's own. */
      status: "failed" | "infeasible";
      reason: string;
    }
  );

/** Why trials are evaluated: for the strategy's reward, or to select the winner at the end. */
export type ScoredOn = "reward" | "selection";

export interface Evaluator<A> {
  /** An architecture scores the same whenever it is scored: the final selection costs nothing. */
  readonly remembers?: boolean;
  /** Every score is a long piece of work of its own: a search keeps each as soon as it is there. */
  readonly oneByOne?: boolean;
  /** Numbers of training epochs that architectures can be scored after, ascending; absent where there is no choice. */
  readonly fidelities?: readonly number[];
  /**
   * One epoch of whatever must happen before scores mean something (ENAS: shared-weight training).
   * At every yield the evaluator is in a state that `snapshot` captures; called again after `restore` in
   * mid-epoch it goes on where the snapshot was taken. Yields null where there is such a state but nothing
   * to tell: which steps have events does not depend on time.
   */
  prepare?(draw: Strategy<A>["draw"], signal: AbortSignal): AsyncIterable<RunEvent | null>;
  /**
   * One result per trial, in any order; the same images for all trials of one call. At every yield the
   * evaluator is in a state that `snapshot` captures. A trial that cannot be evaluated is a failed result:
   * what is thrown ends the search. `evaluateEach` makes results from a function of one trial.
   */
  evaluate(
    trials: readonly Trial<A>[],
    on: ScoredOn,
    signal: AbortSignal,
  ): AsyncIterable<Result>;
  /** Images that one score takes while the search goes on: for the projected end. */
  readonly rewardImages?: number;
  /** Accuracy over all validation images, each batch under an architecture of its own; undefined if not wanted. */
  policyScore?(draw: Strategy<A>["draw"], signal: AbortSignal): Promise<number | undefined>;
  snapshot(): Promise<State>;
  restore(state: State): Promise<void>;
}
