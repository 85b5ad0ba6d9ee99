/** Walks through the decisions of a space. */
import { UsageError } from "../common/errors.ts";
import type { Cursor, Decision, SearchSpace } from "./space.ts";

/** The options that a decision allows. */
export function allowed({ options, mask }: Decision): number[] {
  return Array.from({ length: options }, (_, i) => i).filter((i) => mask?.[i] ?? true);
}

/**
 * The decision behind each of these choices, in order; choices may end before the architecture is complete.
 * @throws UsageError naming the decision of a choice that is not allowed, or when there are too many.
 */
export function decisionsOf<A>(space: SearchSpace<A>, choice: readonly number[]): Decision[] {
  const decisions: Decision[] = [];
  let at: Cursor = space.start();
  for (const option of choice) {
    if (at.decision === null) throw tooMany(space.name, choice.length, decisions.length);
    decisions.push(at.decision);
    at = at.choose(option);
  }
  return decisions;
}

/**
 * The choices of one walk from the first decision to the last.
 * @param pick one of the allowed options of each decision.
 */
export function walk<A>(space: SearchSpace<A>, pick: (decision: Decision) => number): number[] {
  const choice: number[] = [];
  for (let at = space.start(); at.decision !== null;) {
    const option = pick(at.decision);
    choice.push(option);
    at = at.choose(option);
  }
  return choice;
}

const tooMany = (space: string, got: number, expected: number) =>
  new UsageError(
    `Cannot decode ${space} architecture: got ${got} choices, expected ${expected}; ` +
      `the number of layers or blocks may be another`,
  );
