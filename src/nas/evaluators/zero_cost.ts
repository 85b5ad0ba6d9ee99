/**
 * Evaluation without training: each architecture is scored by its network with random weights. All networks see
 * the same batch of training images and start from the same seed.
 */
import * as z from "zod";
import { UsageError } from "../../common/errors.ts";
import { asOption } from "../config/as_option.ts";
import { limits, sizeOf } from "../config/limits.ts";
import { defineEvaluator } from "../definition.ts";
import type { Evaluator, Result, ScoredOn } from "../evaluator.ts";
import { evaluateEach, reasonOf, TrialError } from "../results.ts";
import type { Score, State, Trial } from "../strategy.ts";
import { firstBatch } from "../zero_cost/first_batch.ts";
import { zeroCostNames } from "../zero_cost/mod.ts";
import { type ScorerParts, UntrainedScorer } from "../zero_cost/scorer.ts";
import { describeData, saysOf } from "./images.ts";

interface Saved {
  /** Scores and reasons of failures by key: no architecture is scored twice. */
  scores: Record<string, number>;
  failures: Record<string, string>;
}

export class ZeroCostEvaluator<A> implements Evaluator<A> {
  readonly remembers = true;
  readonly #scorer: UntrainedScorer<A>;
  #saved: Saved = { scores: {}, failures: {} };

  /** @param name of the score. */
  constructor(private readonly parts: ScorerParts<A>, private readonly name: string) {
    this.#scorer = new UntrainedScorer(parts, name);
  }

  dryRun = () => this.#scorer.dryRun();

  evaluate(
    trials: readonly Trial<A>[],
    _on: ScoredOn,
    signal: AbortSignal,
  ): AsyncIterable<Result> {
    return evaluateEach(trials, (trial) => this.#score(trial, signal));
  }

  async #score({ arch, seed }: Trial<A>, signal: AbortSignal): Promise<Score> {
    const key = `${this.parts.space.key(arch)}${seed === undefined ? "" : ` seed ${seed}`}`;
    const { scores, failures } = this.#saved;
    if (key in failures) throw new TrialError(failures[key]);
    if (key in scores) return { value: scores[key] };
    signal.throwIfAborted();
    try {
      const value = await this.#scorer.score(arch, seed);
      if (!Number.isFinite(value)) {
        throw new TrialError(`The ${this.name} score is ${value}, expected a finite number`);
      }
      return { value: scores[key] = value };
    } catch (error) {
      throw new TrialError(failures[key] = reasonOf(error), { cause: error });
    }
  }

  snapshot(): Promise<State> {
    return Promise.resolve({ json: structuredClone(this.#saved), tensors: {} });
  }

  restore({ json }: State): Promise<void> {
    this.#saved = structuredClone(json as Saved);
    return Promise.resolve();
  }
}

export const zeroCostDefinition = defineEvaluator({
  name: "zero-cost",
  summary: "the network of each architecture without any training",
  settings: z.strictObject({
    score: z.enum(zeroCostNames as [string, ...string[]]).default("nwot").meta(
      asOption(`score of untrained networks, one of ${zeroCostNames.join(", ")}`),
    ),
    /** Training images that the networks see. */
    scoreBatch: sizeOf(limits.batch).default(64).meta(
      asOption("training images that untrained networks are scored on"),
    ),
  }),
  cost: "untrained",
  needsDevice: true,
  loop: { epochs: 1, rounds: 100, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  async open({ score, scoreBatch }, context) {
    const { config, space } = context;
    const gpu = context.gpu!;
    const first = await firstBatch(context, scoreBatch);
    const evaluator = new ZeroCostEvaluator({ gpu, space, seed: config.seed, first }, score);
    return {
      evaluator,
      ...saysOf(first.data, config),
      scoreKind: "zero-cost",
      score: { label: `${score} of the untrained network`, unit: "", comparable: true },
      dispatches: evaluator.dryRun,
      figures: () => ({ step: 0, trainedImages: 0, peakBytes: gpu.counters.bufferBytes }),
      warmStart() {
        if (config.initFrom === "") return Promise.resolve(null);
        throw new UsageError(
          "Cannot start from earlier weights: evaluator zero-cost scores untrained networks; leave out --init-from",
        );
      },
      start: { data: describeData(first.data) },
    };
  },
});
