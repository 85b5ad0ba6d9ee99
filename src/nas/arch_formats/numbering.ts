/** The two numberings of operations in architecture files. */
import { UsageError } from "../../common/errors.ts";
import { spaces } from "../registry.ts";
import { scripted } from "./scripted.ts";

/** `original`: the released ENAS code, and denas itself; `nnabla`: Sony's reproduction in NNabla. */
export const numberings = ["original", "nnabla"] as const;

export type Numbering = typeof numberings[number];

/**
 * Converts choices between the original numbering and NNabla's; the same map converts both ways. Some spaces have
 * the same numbers in both.
 * @throws UsageError for a space that NNabla does not have.
 */
export function renumber(space: string, choice: readonly number[]): number[] {
  const nnabla = spaces.find(space)?.script?.nnabla;
  if (nnabla) return nnabla.renumber?.(choice) ?? [...choice];
  const known = scripted().filter(({ script }) => script.nnabla).map(({ name }) => name);
  throw new UsageError(
    `Cannot number a ${space} architecture as NNabla does: it has the spaces ${
      known.join(" and ")
    } only`,
  );
}
