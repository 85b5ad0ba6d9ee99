/** Adds untrained scores to any evaluator: trials with 0 epochs are scored by their untrained networks. */
import { delegate } from "../delegate.ts";
import type { Evaluator, Result, ScoredOn } from "../evaluator.ts";
import { mergeStates, partOf } from "../search/progress.ts";
import type { State, Trial } from "../strategy.ts";

/** Whether a trial asks for the score of its untrained network. */
export const isUntrained = ({ epochs }: Pick<Trial<unknown>, "epochs">): boolean => epochs === 0;

/**
 * The evaluator with untrained scores.
 * @param trained evaluates all other trials. @param untrained an evaluator of untrained networks.
 */
export function withUntrained<A>(trained: Evaluator<A>, untrained: Evaluator<A>): Evaluator<A> {
  async function* evaluate(
    trials: readonly Trial<A>[],
    on: ScoredOn,
    signal: AbortSignal,
  ): AsyncGenerator<Result> {
    const [first = [], rest = []] = [true, false].map((which) =>
      trials.filter((trial) => isUntrained(trial) === which)
    );
    if (first.length) yield* untrained.evaluate(first, on, signal);
    if (rest.length) yield* trained.evaluate(rest, on, signal);
  }
  return {
    ...delegate(trained),
    evaluate,
    async snapshot() {
      return mergeStates({
        trained: await trained.snapshot(),
        untrained: await untrained.snapshot(),
      });
    },
    async restore(state: State) {
      await trained.restore(partOf(state, "trained"));
      await untrained.restore(partOf(state, "untrained"));
    },
  };
}
