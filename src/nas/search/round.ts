/** One round of a search or of a study's trial: architectures are asked for, evaluated and told. */
import type { Result } from "../evaluator.ts";
import type { Scored, Strategy, StrategyReport } from "../strategy.ts";
import type { Scoring } from "./scoring.ts";

/** The scored trials of a round, as the strategy was told, and its report. */
export interface Round<A> {
  scored: Scored<A>[];
  report: StrategyReport;
}

/**
 * Runs a round of n trials, or more where the strategy adds its own. Yields each result as it arrives, so that a
 * search can save it.
 * @returns null where the strategy asks for no more trials.
 */
export async function* round<A>(
  strategy: Strategy<A>,
  scoring: Scoring<A>,
  n: number,
): AsyncGenerator<Result, Round<A> | null> {
  const trials = await strategy.ask(n);
  if (trials.length === 0) return null;
  const results: Result[] = [];
  for await (const result of scoring.results(trials)) {
    results.push(result);
    yield result;
  }
  const scored = scoring.scored(trials, results);
  return { scored, report: await strategy.tell(scored) };
}
