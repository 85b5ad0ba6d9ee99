/** Helpers of strategies without a policy on the device. */
import type { SearchSpace } from "../space.ts";
import type { Scored, Trial } from "../strategy.ts";

/** An architecture with its score, and the id of its trial where needed, as plain data. */
export interface SavedScore {
  choice: number[];
  score: number;
  trial?: number;
}

export interface Known<A> {
  arch: A;
  score: number;
  trial?: number;
}

export const saveScores = <A>(space: SearchSpace<A>, all: Iterable<Known<A>>): SavedScore[] =>
  Array.from(all, ({ arch, ...rest }) => ({ choice: space.encode(arch), ...rest }));

export const loadScores = <A>(
  space: SearchSpace<A>,
  saved: readonly SavedScore[],
): Known<A>[] => saved.map(({ choice, ...rest }) => ({ arch: space.decode(choice), ...rest }));

/** A new architecture with the trial ids of its parents; a sampled one has none. */
export interface Child<A> {
  arch: A;
  parents?: number[];
}

/** Ids of the trials in which these architectures were scored, each once. */
export const parentsOf = (...from: readonly { trial?: number }[]): number[] => [
  ...new Set(from.flatMap(({ trial }) => trial ?? [])),
];

/** The trial of a new architecture. */
export const asTrial = <A>(id: number, { arch, parents }: Child<A>): Trial<A> => ({
  id,
  arch,
  ...parents?.length && { parents },
});

export const meanReward = <A>(done: readonly Scored<A>[]): number =>
  done.reduce((sum, d) => sum + d.score.value, 0) / done.length;
