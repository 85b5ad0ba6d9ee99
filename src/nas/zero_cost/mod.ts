/** Scores of untrained networks by name. A new one is one file and one line here. */
import { flops, params } from "./counts.ts";
import { fisher } from "./fisher.ts";
import { grasp } from "./grasp.ts";
import { epeNas, jacov } from "./input_gradients.ts";
import { nwot } from "./nwot.ts";
import { UsageError } from "../../common/errors.ts";
import type { ZeroCostScore } from "./score.ts";
import { synflow } from "./synflow.ts";
import { gradNorm, l2Norm, plain, snip } from "./weights_and_gradients.ts";
import { zen } from "./zen.ts";

export type { ZeroCostScore } from "./score.ts";

/** Every score, the simplest first. */
export const zeroCostScores: readonly ZeroCostScore[] = [
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

/** Names of all scores. */
export const zeroCostNames: readonly string[] = zeroCostScores.map(({ name }) => name);

/** The score of this name. @throws UsageError listing the known ones. */
export function zeroCostScore(name: string): ZeroCostScore {
  const found = zeroCostScores.find((score) => score.name === name);
  if (found) return found;
  throw new UsageError(
    `Cannot score with ${JSON.stringify(name)}: expected one of ${zeroCostNames.join(", ")}`,
  );
}
