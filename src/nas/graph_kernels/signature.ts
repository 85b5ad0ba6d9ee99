/**
 * A text that is equal for graphs that the test of Weisfeiler and Lehman cannot tell apart, isomorphic ones
 * included; for two others it is equal with a probability below 1e-15.
 */
import { hash } from "../../common/random.ts";
import type { LabelledGraph } from "../space.ts";
import { textLabel } from "./labels.ts";

/** Rounds of refinement, by predecessors and successors. */
const ROUNDS = 6;

/** Joins two words to a label that a float64 holds: 53 bits. */
const joined = (high: number, low: number): number => (high >>> 0) * 2 ** 21 + (low >>> 11);

/** A label for a list of labels in any order. */
function ofAll(list: readonly number[], start: number): number {
  let a = start, b = list.length;
  for (const label of Float64Array.from(list).sort()) {
    const high = Math.floor(label / 2 ** 21), low = label % 2 ** 21;
    [a, b] = [hash(a, b, high, low), hash(b, a, low, high)];
  }
  return joined(a, b);
}

/** Labels are refined by those of their neighbours; the signature is made of all of them. */
export function graphSignature({ labels, successors }: LabelledGraph): string {
  const predecessors = labels.map((): number[] => []);
  successors.forEach((list, v) => list.forEach((w) => predecessors[w].push(v)));
  let refined = labels.map((text) => joined(...textLabel(text)));
  for (let round = 0; round < ROUNDS; round++) {
    const of = (list: readonly number[], side: number) => ofAll(list.map((w) => refined[w]), side);
    refined = refined.map((own, v) => {
      // In this order, so that own label and the two sides are told apart.
      const before = of(predecessors[v], 1), after = of(successors[v], 2);
      const word = hash(own % 2 ** 32, before % 2 ** 32, after % 2 ** 32, own / 2 ** 32);
      return joined(word, hash(word, before / 2 ** 32, after / 2 ** 32, own % 2 ** 32));
    });
  }
  return `${labels.length} ${ofAll(refined, 3)} ${ofAll(refined, 4)}`;
}
