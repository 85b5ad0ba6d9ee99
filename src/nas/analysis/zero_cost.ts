/**
 * Measures how well scores of untrained networks rank architectures: correlations with results (Abdelfattah et al.,
 * ICLR 2021; in the form of Schrodi et al., NeurIPS 2023).
 */
import { nextTurn } from "../../common/next_turn.ts";
import type { Dispatch } from "../../gpu/programs.ts";
import { reasonOf } from "../results.ts";
import { type ScorerParts, UntrainedScorer } from "../zero_cost/scorer.ts";
import { kendall, mean, pearson, spearman } from "./statistics.ts";

/** An architecture with a result to compare with; larger is better. */
export interface Judged {
  key: string;
  choice: readonly number[];
  result: number;
}

/** One score of one architecture. */
export interface ZeroCostPoint {
  method: string;
  key: string;
  result: number;
  /** Null where the network has no finite score. */
  value: number | null;
  seconds: number;
}

export interface ZeroCostOptions {
  parts: ScorerParts<unknown>;
  architectures: readonly Judged[];
  /** Names of scores. */
  methods: readonly string[];
  signal: AbortSignal;
  /** Whether a point was measured earlier and is to be skipped. */
  skip?(point: Pick<ZeroCostPoint, "method" | "key">): boolean;
  /** Called while kernels are compiled, before the first architecture. */
  onCompile?(done: number, of: number): void;
}

/**
 * Scores every architecture by every method, architecture by architecture.
 * @throws UsageError for a score that the data set does not allow.
 */
export async function* zeroCost(options: ZeroCostOptions): AsyncGenerator<ZeroCostPoint> {
  const { parts, architectures, methods, signal, skip, onCompile } = options;
  const scorers = new ZeroCostScorers(parts, methods);
  await scorers.compile(signal, onCompile);
  for (const one of architectures) {
    const wanted = methods.filter((method) => !skip?.({ method, key: one.key }));
    yield* scorers.score(one, wanted, signal);
  }
}

/** Scores by name, over all architectures of a space. */
export class ZeroCostScorers {
  readonly #scorers: ReadonlyMap<string, UntrainedScorer<unknown>>;

  /** @throws UsageError for a score that the data set does not allow. */
  constructor(private readonly parts: ScorerParts<unknown>, methods: readonly string[]) {
    this.#scorers = new Map(methods.map((name) => [name, new UntrainedScorer(parts, name)]));
  }

  /** Compiles nearly all kernels that scoring needs. */
  async compile(
    signal: AbortSignal,
    onCompile: ZeroCostOptions["onCompile"] = () => {},
  ): Promise<void> {
    const missing: Dispatch[] = [];
    for (const scorer of this.#scorers.values()) {
      missing.push(...scorer.dryRun());
      // Dry runs of all scores take long; a signal is heard between two.
      await nextTurn();
      signal.throwIfAborted();
    }
    for await (const { done, of } of this.parts.gpu.compile(missing, signal)) onCompile(done, of);
  }

  /** Yields the scores of one architecture by some of the methods. */
  async *score(
    { key, choice, result }: Judged,
    methods: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<ZeroCostPoint> {
    const arch = this.parts.space.decode(choice);
    for (const method of methods) {
      signal.throwIfAborted();
      const from = performance.now();
      const value = await finiteScore(() => this.#scorers.get(method)!.score(arch));
      const seconds = (performance.now() - from) / 1000;
      yield { method, key, result, value, seconds };
    }
  }
}

/** A score; null where it is not finite or where the architecture has none. */
async function finiteScore(score: () => Promise<number>): Promise<number | null> {
  try {
    const value = await score();
    return Number.isFinite(value) ? value : null;
  } catch (error) {
    reasonOf(error);
    return null;
  }
}

/** Correlations of one score with the results, under the names of the published files. */
export interface ZeroCostCorrelation {
  pearson: number;
  spearman: number;
  kendalltau: number;
  /** Mean seconds per network, without compiling. */
  time: number;
  architectures: number;
  /** Architectures without a finite score. */
  unscored: number;
}

/** Stands for a score that is not finite, as in the published code. */
const NO_SCORE = -1e8;

/**
 * Correlations by method, in the order of first appearance.
 * @param top share of the architectures with the best results that are compared.
 */
export function correlateZeroCost(
  points: readonly ZeroCostPoint[],
  top = 1,
): Record<string, ZeroCostCorrelation> {
  const groups = Map.groupBy(points, ({ method }) => method);
  return Object.fromEntries([...groups].map(([method, all]) => {
    const kept = all.toSorted((a, b) => b.result - a.result)
      .slice(0, Math.max(1, Math.round(top * all.length)));
    const scores = kept.map(({ value }) => value ?? NO_SCORE);
    const results = kept.map(({ result }) => result);
    return [method, {
      pearson: pearson(scores, results),
      spearman: spearman(scores, results),
      kendalltau: kendall(scores, results),
      time: mean(kept.map(({ seconds }) => seconds)),
      architectures: kept.length,
      unscored: kept.filter(({ value }) => value === null).length,
    }];
  }));
}
