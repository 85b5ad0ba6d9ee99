/**
 * The interface of encodings. No code here: encodings live beside this file. A search uses an encoding in
 * three places that need not agree: to sample an architecture, to perturb one, and to describe one to a
 * predictor (White et al., NeurIPS 2020).
 */
import type { Rng } from "../../common/random.ts";

/** What an encoding of architectures `A` can do; a missing capability is an error before a search starts. */
export interface Encoding<A> {
  /** As the literature calls it: `adj`, `trunc_path`, `cont_path` … */
  name: string;
  /** A random architecture: the distribution depends on the encoding. */
  sample?(rng: Rng): A;
  /**
   * A valid architecture near `arch`, or `arch` itself: a perturbation may change nothing, and a short truncated
   * encoding may know no way to another.
   * @param edits factor on the expected number of changes, where the published encoding has one; default 1.
   */
  perturb?(arch: A, rng: Rng, edits?: number): A;
  /** All architectures one edit away, in a fixed order. */
  neighbours?(arch: A): A[];
  /** Not negative, 0 between an architecture and itself: for kernels of Gaussian processes. */
  distance?(a: A, b: A): number;
  /** What a predictor sees; the same length for all architectures of the space. */
  features?(arch: A): Float64Array;
}

/** Encodings of a space by name. */
export type Encodings<A> = Readonly<Record<string, Encoding<A>>>;

/** How the encodings of a space are opened. */
export interface OpenEncodings {
  /** Encodings that will be used: NAS-Bench-101's cells are enumerated only for those that look cells up. */
  names: readonly string[];
  /** Quirks of the published code. */
  strict?: boolean;
  /** Expected number of changes of a perturbation, and where truncated encodings end. */
  rate?: number;
  pathCutoff?: number;
  edgeCutoff?: number;
  /** Bounds of draws by `constrained`. */
  maxEdges?: number;
  maxNodes?: number;
  cacheDir?: string;
  signal?: AbortSignal;
  progress?(done: number): void;
}
