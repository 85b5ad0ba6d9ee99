/**
 * Final candidates of a search with shared weights, scored on workers. Training the weights and the rewards of the
 * strategy stay in the search's process; at the end its weights go to each worker once, as an attachment, and every
 * candidate is a job.
 */
import { basename } from "@std/path";
import { UsageError } from "../../common/errors.ts";
import { describe } from "../../nas/analysis/describe.ts";
import type { SearchConfig } from "../../nas/config/config.ts";
import type { EvaluatorContext, OpenEvaluator } from "../../nas/definition.ts";
import { delegate } from "../../nas/delegate.ts";
import type { Result } from "../../nas/evaluator.ts";
import { evaluators } from "../../nas/registry.ts";
import { reasonOf } from "../../nas/results.ts";
import type { Trial } from "../../nas/strategy.ts";
import { removeAttachments, writeAttachment } from "./attachments.ts";
import { runAll } from "./attempts.ts";
import { type Distribution, requireUnordered, resultOf } from "./distribute.ts";
import { evaluated, type EvaluateJob } from "./evaluate.ts";

/** Workers that are opened when the first candidate is to be scored. */
export interface CandidatesOn {
  open(): Promise<Distribution>;
  /** Folder of the attachments of their opening. */
  attachments: string;
}

/** Whether workers score only the final candidates of a search, since its trials share weights. */
export const sharesWeights = ({ evaluator: { kind } }: SearchConfig): boolean =>
  evaluators.get(kind).cost === "pass";

/** Most final candidates of a search. */
export const candidateCount = ({ select, selection: { drawn, best } }: SearchConfig): number =>
  select === "last" ? 1 : Math.max(1, drawn + best);

/** @throws UsageError for a search with shared weights that has nothing to give to workers. */
export function requireCandidates(config: SearchConfig): void {
  if (!sharesWeights(config) || candidateCount(config) > 1) return;
  throw new UsageError(
    "Cannot use workers for 1 final candidate: of a search with shared weights they get nothing else, expected 2 " +
      "or more; leave out --workers, or give --set select=best --set selection.drawn=16",
  );
}

/**
 * Wraps an opened evaluator for `RunIO.distribute`.
 * @throws UsageError where a candidate's score depends on more than weights that it can hand out.
 */
export function candidatesDistributed(
  opened: OpenEvaluator,
  context: EvaluatorContext,
  on: CandidatesOn,
): OpenEvaluator {
  requireUnordered(opened, context);
  const { evaluator } = opened;
  if (!evaluator.giveWeights || !evaluator.takeWeights) {
    throw new UsageError(
      `Cannot use workers with evaluator ${context.config.evaluator.kind}: it does not hand out the weights that ` +
        "scores depend on (giveWeights, takeWeights); leave out --workers",
    );
  }
  return {
    ...opened,
    evaluator: {
      ...delegate(evaluator),
      evaluate: (trials, purpose, signal) =>
        purpose === "selection"
          ? scoredOn(on, opened, context, trials, signal)
          : evaluator.evaluate(trials, purpose, signal),
    },
  };
}

/** Scores candidates on workers; yields results in the order of the trials, as without workers. */
async function* scoredOn(
  { open, attachments }: CandidatesOn,
  opened: OpenEvaluator,
  context: EvaluatorContext,
  trials: readonly Trial<unknown>[],
  signal: AbortSignal,
): AsyncGenerator<Result> {
  if (trials.length === 0) return;
  const { channel, onAttempt } = await open();
  const payloads = trials.map(({ arch, ...trial }): EvaluateJob => ({
    trial: { ...trial, choice: context.space.encode(arch) },
    on: "selection",
  }));
  const results = new Map<number, Result>();
  const file = writeAttachment(attachments, await opened.evaluator.giveWeights!());
  try {
    await channel.attach?.(file);
    const jobs = {
      ...{ channel, onAttempt, payloads, schema: evaluated, attachment: basename(file) },
      needs: scoringMemory(opened, context),
    };
    for await (const { payload: { trial: { id } }, found } of runAll(jobs, signal)) {
      results.set(id, resultOf(id, found));
    }
  } finally {
    removeAttachments(attachments);
  }
  for (const { id } of trials) yield results.get(id)!;
}

/**
 * Device memory of a worker that scores a candidate: all weights with what training keeps for them, and at most what
 * a training step on the same images takes. Undefined where the network cannot be built.
 */
function scoringMemory(
  { target }: OpenEvaluator,
  { config: { evalBatch, optimizer }, space }: EvaluatorContext,
): (job: EvaluateJob) => number | undefined {
  const common = { space, ...target, form: "search" } as const;
  const { weights, gradients, states } = describe({ ...common, supernet: true }).memory;
  const moments = optimizer.algorithm === "adam" ? 2 : 1;
  const kept = weights * (1 + moments) + gradients + states;
  return ({ trial: { choice } }) => {
    try {
      return kept + describe({ ...common, choice, batch: evalBatch }).memory.step!;
    } catch (error) {
      // Its worker says why it fails.
      reasonOf(error);
    }
  };
}
