/** The interface of evaluators. No code here: evaluators live in `evaluators/`, one file each. */
import type { RunEvent } from "./events.ts";
import type { Score, State, Strategy, Trial } from "./strategy.ts";

/** Meaning of an evaluator's scores, for display. */
export interface ScoreMeaning {
  /** Name of the score, printed before or after the number: "accuracy with shared weights". */
  label: string;
  /** `fraction`: shown as per cent. Otherwise the unit that follows the figure; "" for none. */
  unit: string;
  /** Whether scores of different runs are comparable; false if they only rank one run's architectures. */
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
      /**
       * Failed: the training diverged, the network cannot be built, …. Infeasible: over a limit of the
       * evaluator's own.
       */
      status: "failed" | "infeasible";
      reason: string;
    }
  );

/** Keeps the state of the trial that is evaluated, so that whoever evaluates it again goes on from there. */
export interface TrialCheckpoints {
  /** Whether it is time to save the state. */
  isDue(): boolean;
  /** The state that was saved last, after so many steps; null where there is none. */
  load(): Promise<{ step: number; state: State } | null>;
  save(step: number, state: State): Promise<void>;
}

/** Purpose of an evaluation: the strategy's reward, or the selection of the winner at the end. */
export type ScoredOn = "reward" | "selection";

/**
 * Scores architectures of type A: by shared weights, by training each one, or by look-up in a table. `snapshot`
 * and `restore` cover its whole state.
 */
export interface Evaluator<A> {
  /**
   * True where scoring an architecture again gives the same score, so that the final selection costs nothing.
   */
  readonly remembers?: boolean;
  /** True where each score takes long, as with training: a search saves each result at once. */
  readonly oneByOne?: boolean;
  /**
   * True where a score depends on the evaluations before it (random draws from one sequence): trials cannot
   * be handed to other processes.
   */
  readonly ordered?: boolean;
  /**
   * Number of calls of `evaluate` that may run at the same time, which changes as workers come and go;
   * absent: one.
   */
  capacity?(): number;
  /**
   * Numbers of training epochs that an architecture can be scored after, ascending; absent without a choice.
   */
  readonly fidelities?: readonly number[];
  /**
   * Runs one epoch of the work that scores depend on (ENAS: shared-weight training). At every yield
   * `snapshot` captures the whole state; called after `restore` in mid-epoch, it continues from the snapshot.
   * Yields null where the state can be saved but there is no event: which steps have events does not depend
   * on time.
   */
  prepare?(draw: Strategy<A>["draw"], signal: AbortSignal): AsyncIterable<RunEvent | null>;
  /**
   * Yields one result per trial, in any order. All trials of one call are scored on the same images. At every
   * yield `snapshot` captures the whole state. A trial that cannot be evaluated is a failed result; an
   * exception ends the search. `evaluateEach` makes results from a function of one trial.
   */
  evaluate(
    trials: readonly Trial<A>[],
    on: ScoredOn,
    signal: AbortSignal,
  ): AsyncIterable<Result>;
  /** Images per score during the search, for the projected end. */
  readonly rewardImages?: number;
  /** Accuracy over all validation images, each batch under another architecture; undefined if not wanted. */
  policyScore?(draw: Strategy<A>["draw"], signal: AbortSignal): Promise<number | undefined>;
  /**
   * The weights that all trials share. Another process that opened the same evaluator and took them by
   * `takeWeights` gives each trial of the selection the same score. Both are absent where trials share none.
   */
  giveWeights?(): Promise<State>;
  takeWeights?(weights: State): void;
  snapshot(): Promise<State>;
  restore(state: State): Promise<void>;
}
