/** Samples and scores architectures within the constraints of a search. */
import type { Result, ScoredOn } from "../evaluator.ts";
import type { SearchParts } from "./loop.ts";
import type { Position } from "./position.ts";
import { reasonOf } from "../results.ts";
import type { Scored, Trial } from "../strategy.ts";
import { isUntrained } from "../zero_cost/untrained_trials.ts";

/** Further objectives of an architecture whose network cannot be built: the lowest finite number. */
const LOWEST = -Number.MAX_VALUE;

/** Parts of a search that scoring uses. */
export type ScoringParts<A> =
  & Pick<SearchParts<A>, "strategy" | "evaluator" | "fits" | "objectives" | "unfit">
  & { config: Pick<SearchParts<A>["config"], "objectives"> };

export class Scoring<A> {
  /** @param at position of the search; its evaluation count and lowest score are updated here. */
  constructor(
    private readonly parts: ScoringParts<A>,
    private readonly signal: AbortSignal,
    private readonly at: () => Pick<Position, "queries" | "lowest">,
  ) {}

  /** Samples until n architectures satisfy the constraints. */
  async draw(n: number): Promise<A[]> {
    const drawn: A[] = [];
    for (let tries = 0; drawn.length < n; tries++) {
      if (tries === 50) {
        throw new Error(
          `Cannot find architectures within the limits: ${drawn.length} of ${
            50 * n
          } drawn fit, expected ` +
            `${n}; raise --max-params or --max-macs`,
        );
      }
      const more = await this.parts.strategy.draw(n);
      drawn.push(...more.filter((a) => this.#refused(a) === null));
    }
    return drawn.slice(0, n);
  }

  /** Yields one result per trial as they arrive. Infeasible ones come first, without asking the evaluator. */
  async *results(
    trials: readonly Trial<A>[],
    on: ScoredOn = "reward",
  ): AsyncGenerator<Result> {
    const { evaluator } = this.parts;
    const open = new Map<number, Trial<A>>();
    for (const trial of trials) {
      const refused = this.#refused(trial.arch);
      if (refused) yield { trial: trial.id, seconds: 0, ...refused };
      else open.set(trial.id, trial);
    }
    for await (const result of evaluator.evaluate([...open.values()], on, this.signal)) {
      const trial = open.get(result.trial);
      if (!trial) {
        throw new Error(`Cannot use the result of trial ${result.trial}: it was not asked for`);
      }
      open.delete(result.trial);
      if (!isUntrained(trial) && (on === "reward" || !evaluator.remembers)) this.at().queries++;
      yield finite(result);
    }
    const [missing] = open.keys();
    if (missing !== undefined) {
      throw new Error(`Cannot go on: the evaluator gave no result of trial ${missing}`);
    }
  }

  /**
   * The result of one trial, without counting it: asynchronous searches count where they tell.
   * @returns `evaluated` whether the evaluator was asked.
   */
  async one(trial: Trial<A>): Promise<{ result: Result; evaluated: boolean }> {
    const refused = this.#refused(trial.arch);
    if (refused) return { result: { trial: trial.id, seconds: 0, ...refused }, evaluated: false };
    for await (const result of this.parts.evaluator.evaluate([trial], "reward", this.signal)) {
      return { result: finite(result), evaluated: true };
    }
    throw new Error(`Cannot go on: the evaluator gave no result of trial ${trial.id}`);
  }

  /** Evaluates trials and returns them as `tell` takes them. */
  async score(trials: readonly Trial<A>[], on?: ScoredOn): Promise<Scored<A>[]> {
    const results: Result[] = [];
    for await (const result of this.results(trials, on)) results.push(result);
    return this.scored(trials, results);
  }

  /**
   * Trials with their results, in the order that the strategy wants. Trials without a score get a low one, so
   * that the strategy learns to avoid them.
   */
  scored(trials: readonly Trial<A>[], results: readonly Result[]): Scored<A>[] {
    const at = this.at();
    for (const result of results) {
      if (result.status === "ok") at.lowest = Math.min(at.lowest, result.score.value);
    }
    const byId = new Map(results.map((result) => [result.trial, result]));
    const ordered = this.parts.strategy.order === "arrival"
      ? results.map(({ trial }) => trials.find(({ id }) => id === trial)!)
      : trials;
    return ordered.map((trial) => this.#one(trial, byId.get(trial.id)!));
  }

  #one(trial: Trial<A>, result: Result): Scored<A> {
    const { objectives, unfit = this.at().lowest } = this.parts;
    const score = result.status === "ok" ? { ...result.score } : { value: unfit };
    if (objectives) score.objectives = [score.value, ...this.#further(trial.arch)];
    if (result.status === "ok") return { ...trial, score };
    return { ...trial, score, status: result.status, reason: result.reason };
  }

  /** Reason why an architecture is not evaluated; null if it is. */
  #refused(arch: A): { status: "failed" | "infeasible"; reason: string } | null {
    try {
      if (this.parts.fits(arch)) return null;
      return { status: "infeasible", reason: "larger than --max-params or --max-macs allow" };
    } catch (error) {
      return { status: "failed", reason: reasonOf(error) };
    }
  }

  #further(arch: A): number[] {
    try {
      return this.parts.objectives!(arch);
    } catch (error) {
      reasonOf(error);
      return this.parts.config.objectives.map(() => LOWEST);
    }
  }
}

/** Turns a score that is not finite into a failure. */
function finite(result: Result): Result {
  if (result.status !== "ok") return result;
  const { trial, seconds, score } = result;
  // A plug-in may have returned no score at all.
  const value = score?.value;
  if (Number.isFinite(value)) return result;
  return {
    trial,
    seconds,
    status: "failed",
    reason: `the score is ${value}, expected a finite number`,
  };
}
