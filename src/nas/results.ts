/** Results of trials: which errors are failures of a trial, and results from a function of one trial. */
import { AdapterError, UsageError } from "../common/errors.ts";
import type { Result } from "./evaluator.ts";
import type { Score, Trial } from "./strategy.ts";
import { DivergedError } from "./train/training.ts";

/** A trial has no score for a reason of its own: the search goes on without it. */
export class TrialError extends Error {
  override name = "TrialError";
}

/**
 * Why a trial failed; undefined for errors that are no fault of its architecture (an abort, a lost device, a
 * programming error), which end a search.
 */
export function failureOf(error: unknown): string | undefined {
  const kinds = [TrialError, DivergedError, UsageError, RangeError];
  return kinds.some((kind) => error instanceof kind) ? (error as Error).message : undefined;
}

/** The reason of a failed trial. Throws the error again where it is to end the search. */
export function reasonOf(error: unknown): string {
  const reason = failureOf(error);
  if (reason === undefined) throw error;
  return reason;
}

/**
 * What `build` returns.
 * @throws TrialError with the message of what it throws: an architecture whose network cannot be built is a failed
 * trial.
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

/** Evaluates trials one after the other; one whose score cannot be had for a reason of its own has failed. */
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
