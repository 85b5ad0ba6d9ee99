/** Results of trials: which errors count as failures of a trial, and results from a function of one trial. */
import { AdapterError, UsageError } from "../common/errors.ts";
import type { Result } from "./evaluator.ts";
import type { Score, Trial } from "./strategy.ts";
import { DivergedError } from "./search/progress.ts";

/** A trial failed for a reason of its own: the search continues without its score. */
export class TrialError extends Error {
  override name = "TrialError";
}

/**
 * Reason why a trial failed; undefined for errors that its architecture did not cause (an abort, a lost
 * device, a programming error) and that end a search.
 */
export function failureOf(error: unknown): string | undefined {
  const kinds = [TrialError, DivergedError, UsageError, RangeError];
  return kinds.some((kind) => error instanceof kind) ? (error as Error).message : undefined;
}

/** Reason of a failed trial. Rethrows an error that ends the search. */
export function reasonOf(error: unknown): string {
  const reason = failureOf(error);
  if (reason === undefined) throw error;
  return reason;
}

/**
 * Calls `build` and returns its network. An architecture whose network cannot be built is a failed trial.
 * @throws TrialError with the message of the error that `build` throws.
 */
export function built<M>(build: () => M): M {
  try {
    return build();
  } catch (error) {
    if (error instanceof AdapterError || failureOf(error) !== undefined) throw error;
    const { message } = error as Error;
    throw new TrialError(`Cannot build the network: ${message}`, { cause: error });
  }
}

/** Evaluates trials one after the other; an error caused by the architecture gives a failed result. */
export async function* evaluateEach<A>(
  trials: readonly Trial<A>[],
  score: (trial: Trial<A>) => Score | Promise<Score>,
): AsyncGenerator<Result> {
  for (const trial of trials) {
    const from = performance.now();
    const about = () => ({ trial: trial.id, seconds: (performance.now() - from) / 1000 });
    let result: Result;
    try {
      const found = await score(trial);
      result = { ...about(), status: "ok", score: found };
    } catch (error) {
      result = { ...about(), status: "failed", reason: reasonOf(error) };
    }
    yield result;
  }
}
