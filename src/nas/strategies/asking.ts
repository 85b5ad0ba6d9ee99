/** What strategies without a policy on the device have in common. */
import type { SearchSpace } from "../space.ts";
import type { Scored } from "../strategy.ts";

/** An architecture with its score, as plain data. */
export interface SavedScore {
  choice: number[];
  score: number;
}

export const saveScores = <A>(
  space: SearchSpace<A>,
  all: Iterable<{ arch: A; score: number }>,
): SavedScore[] => Array.from(all, ({ arch, score }) => ({ choice: space.encode(arch), score }));

export const loadScores = <A>(
  space: SearchSpace<A>,
  saved: readonly SavedScore[],
): { arch: A; score: number }[] =>
  saved.map(({ choice, score }) => ({ arch: space.decode(choice), score }));

export const meanReward = <A>(done: readonly Scored<A>[]): number =>
  done.reduce((sum, d) => sum + d.score.value, 0) / done.length;
