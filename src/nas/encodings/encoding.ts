/**
 * The interface of encodings. No code here: encodings live beside this file. A search uses encodings for
 * three purposes, each possibly with another one: to sample an architecture, to perturb one, and to describe
 * one to a predictor (White et al., NeurIPS 2020).
 */
import type { Rng } from "../../common/random.ts";

/** Operations of an encoding of architectures `A`. Using a missing one is an error before a search starts. */
export interface Encoding<A> {
  /** Name in the literature: `adj`, `trunc_path`, `cont_path` … */
  name: string;
  /** A random architecture: the distribution depends on the encoding. */
  sample?(rng: Rng): A;
  /**
   * A valid architecture near `arch`, or `arch` itself: a perturbation may change nothing, and a short
   * truncated encoding may have no neighbour to move to.
   * @param edits factor on the expected number of changes, where the published encoding has one; default 1.
   */
  perturb?(arch: A, rng: Rng, edits?: number): A;
  /** All architectures one edit away, in a fixed order. */
  neighbours?(arch: A): A[];
  /** Distance for Gaussian-process kernels: not negative, 0 between an architecture and itself. */
  distance?(a: A, b: A): number;
  /** Input of a predictor; the same length for all architectures of the space. */
  features?(arch: A): Float64Array;
}

/** Encodings of a space by name. */
export type Encodings<A> = Readonly<Record<string, Encoding<A>>>;

/** Options for opening the encodings of a space. */
export interface OpenEncodings {
  /** Encodings that will be used: NAS-Bench-101's cells are enumerated only for those that look cells up. */
  names: readonly string[];
  /** Reproduces quirks of the published code. */
  strict?: boolean;
  /** Expected number of changes per perturbation, and lengths of truncated encodings. */
  rate?: number;
  pathCutoff?: number;
  edgeCutoff?: number;
  /** Bounds on architectures sampled by `constrained`. */
  maxEdges?: number;
  maxNodes?: number;
  cacheDir?: string;
  signal?: AbortSignal;
  progress?(done: number): void;
}
