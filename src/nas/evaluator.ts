/** The interface of evaluators. No code here: evaluators live in `evaluators/`, one file each. */
import type { RunEvent } from "./events.ts";
import type { Score, State, Strategy } from "./strategy.ts";

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
   * Same images for all architectures of one call, one read-back.
   * @param epochs fidelity of each architecture; default: the longest training.
   */
  score(
    archs: readonly A[],
    on: "reward" | "selection",
    signal: AbortSignal,
    epochs?: readonly (number | undefined)[],
  ): Promise<Score[]>;
  /** Accuracy over all validation images, each batch under an architecture of its own. */
  policyScore?(draw: Strategy<A>["draw"], signal: AbortSignal): Promise<number>;
  snapshot(): Promise<State>;
  restore(state: State): Promise<void>;
}
