/** The interface of scores of untrained networks. Scores live beside this file; mod.ts lists them. */
import type { ZeroCostName } from "./names.ts";
import type { Untrained } from "./untrained.ts";

/** Scores a network without training it. */
export interface ZeroCostScore {
  /** Name in the published code, with underscores. */
  name: ZeroCostName;
  /** One line for `--help` and tables, with the source. */
  summary: string;
  /** Images of one class each are needed: data sets with several labels per image have no score. */
  needsClasses?: true;
  /** Records the passes of the score without reading anything: for `Gpu.dryRun`. */
  record?(net: Untrained): void;
  /** Larger is better. May be infinite or NaN where the network has no score. */
  score(net: Untrained): Promise<number>;
}
