/** Filters the architectures of a round before they are trained, by a score of their untrained networks. */
import { UsageError } from "../../common/errors.ts";
import type { EvaluatorContext } from "../definition.ts";
import type { Result } from "../evaluator.ts";
import { firstBatch } from "./first_batch.ts";
import { UntrainedScorer } from "./scorer.ts";

export interface FilterSettings {
  /** Name of the score. */
  name: string;
  /** Share of a round's new architectures that is trained; at least one is. */
  top: number;
}

/** Number of architectures that pass, of so many. */
const passing = (n: number, top: number): number => Math.max(1, Math.round(top * n));

/**
 * Opens the scorer of a filter, on the first training batch.
 * @throws UsageError where every architecture of a round would pass.
 */
export async function openFilter(context: EvaluatorContext, settings: FilterSettings) {
  const { config: { perRound, seed, batch }, space, gpu } = context;
  const { name, top } = settings;
  if (passing(perRound, top) >= perRound) {
    throw new UsageError(
      `Cannot filter the best ${100 * top} % of a round: a round has ${perRound} architecture${
        perRound === 1 ? "" : "s"
      }, of which all would pass; give more with --set perRound=${Math.ceil(1.5 / top)}`,
    );
  }
  const first = await firstBatch(context, batch);
  return { ...settings, scorer: new UntrainedScorer({ gpu: gpu!, space, seed, first }, name) };
}

/**
 * Results of the trials that are not trained: infeasible, or failed where there is no network.
 * @param scored results of untrained scores.
 */
export function refusedBy(scored: readonly Result[], { name, top }: FilterSettings): Result[] {
  const known = scored.filter((r) => r.status === "ok" && Number.isFinite(r.score.value));
  const value = (r: Result) => r.status === "ok" ? r.score.value : NaN;
  const ranked = known.toSorted((a, b) => value(b) - value(a) || a.trial - b.trial);
  const most = scored.length > 0 ? passing(scored.length, top) : 0;
  const kept = new Set(ranked.slice(0, most).map(({ trial }) => trial));
  return scored.filter(({ trial }) => !kept.has(trial)).map((result): Result => {
    if (result.status !== "ok") return result;
    const { trial, seconds, score } = result;
    const reason = Number.isFinite(score.value)
      ? `its ${name} of ${
        Number(score.value.toPrecision(6))
      } is not among the best ${kept.size} of ${scored.length} in this round`
      : `its ${name} is ${score.value}, expected a finite number`;
    return { trial, seconds, status: "infeasible", reason };
  });
}
