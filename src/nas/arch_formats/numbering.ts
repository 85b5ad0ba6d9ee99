/** The two numberings of operations that architectures are passed around in. */
import { UsageError } from "../../common/errors.ts";

/** `original`: the released ENAS code, and denas itself; `nnabla`: Sony's reproduction in NNabla. */
export const numberings = ["original", "nnabla"] as const;

export type Numbering = typeof numberings[number];

/** Macro operations: NNabla has conv 5×5 and sep 3×3, average and max pooling the other way round. */
const macroSwaps: readonly number[] = [0, 2, 1, 3, 5, 4];

/**
 * Choices in the other numbering: original to NNabla or back, which is the same map. The micro space is
 * numbered alike in both.
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
  // Numbers that no operation has stay as they are: the space says what is wrong with them.
  return choice.map((n, i) => operations.has(i) ? macroSwaps[n] ?? n : n);
}

/** Where the operations stand among macro choices: at the start of each layer's row. */
function operationPlaces(length: number): Set<number> {
  const places = new Set<number>();
  for (let at = 0, i = 0; at < length; at += ++i) places.add(at);
  return places;
}
