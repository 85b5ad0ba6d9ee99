/** Scores of untrained networks by name. A new one is one file, its name in names.ts, and one line here. */
import { flops, params } from "./counts.ts";
import { fisher } from "./fisher.ts";
import { grasp } from "./grasp.ts";
import { epeNas, jacov } from "./input_gradients.ts";
import { nwot } from "./nwot.ts";
import { UsageError } from "../../common/errors.ts";
import { zeroCostNames } from "./names.ts";
import type { ZeroCostScore } from "./score.ts";
import { synflow } from "./synflow.ts";
import { gradNorm, l2Norm, plain, snip } from "./weights_and_gradients.ts";
import { zen } from "./zen.ts";

export { zeroCostNames } from "./names.ts";
export type { ZeroCostScore } from "./score.ts";

const all = [
  params,
  flops,
  l2Norm,
  gradNorm,
  plain,
  snip,
  grasp,
  fisher,
  synflow,
  nwot,
  jacov,
  epeNas,
  zen,
];

/** Every score, in the order of their names. */
export const zeroCostScores: readonly ZeroCostScore[] = zeroCostNames.map((wanted) =>
  all.find(({ name }) => name === wanted)!
);

/** The score of this name. @throws UsageError listing the known ones. */
export function zeroCostScore(name: string): ZeroCostScore {
  const found = zeroCostScores.find((score) => score.name === name);
  if (found) return found;
  throw new UsageError(
    `Cannot score with ${JSON.stringify(name)}: expected one of ${zeroCostNames.join(", ")}`,
  );
}
