/** The weights that all architectures of a space share. */
import { UsageError } from "../common/errors.ts";
import type { BuildContext, SearchSpace } from "./space.ts";

/**
 * Declares the weights that a space's architectures share.
 * @throws UsageError where they share none.
 */
export function declareSupernet(space: SearchSpace<unknown>, into: BuildContext): void {
  if (!space.supernet) {
    throw new UsageError(
      `Cannot share weights in space ${space.name}: it has no supernet, expected a space with one; try ` +
        "--evaluator train",
    );
  }
  space.supernet(into);
}
