/** Scores architectures by their untrained networks; loaded on demand with all scores. */
import type { Evaluator, Result, ScoredOn } from "../evaluator.ts";
import { evaluateEach, reasonOf, TrialError } from "../results.ts";
import type { Score, State, Trial } from "../strategy.ts";
import { type ScorerParts, UntrainedScorer } from "../zero_cost/scorer.ts";

export { firstBatch } from "../zero_cost/first_batch.ts";

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
