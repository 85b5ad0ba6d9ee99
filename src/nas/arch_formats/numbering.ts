/** The two numberings of operations in architecture files. */
import { UsageError } from "../../common/errors.ts";

/** `original`: the released ENAS code, and denas itself; `nnabla`: Sony's reproduction in NNabla. */
export const numberings = ["original", "nnabla"] as const;

export type Numbering = typeof numberings[number];

/**
 * Macro operations in the other numbering: NNabla exchanges conv 5×5 with sep 3×3, and average with max
 * pooling.
 */
const macroSwaps: readonly number[] = [0, 2, 1, 3, 5, 4];

/**
 * Converts choices between the original numbering and NNabla's; the same map converts both ways. The micro
 * space has the same numbers in both.
 * @throws UsageError for a space that NNabla does not have.
 */
export function renumber(space: string, choice: readonly number[]): number[] {
  if (space === "micro") return [...choice];
  if (space !== "macro") {
    throw new UsageError(
      `Cannot number a ${space} architecture as NNabla does: it has the spaces macro and micro only`,
    );
  }
  const operations = operationPlaces(choice.length);
  // Invalid operation numbers stay as they are: the space reports the error.
  return choice.map((n, i) => operations.has(i) ? macroSwaps[n] ?? n : n);
}

/** Positions of the operations among macro choices: the start of each layer's row. */
function operationPlaces(length: number): Set<number> {
  const places = new Set<number>();
  for (let at = 0, i = 0; at < length; at += ++i) places.add(at);
  return places;
}
