/**
 * Evaluator whose trials run on the workers of a channel. It hands out jobs, repeats those whose worker was
 * lost, keeps results as long as a checkpoint may need them, and counts what the workers computed.
 */
import { UsageError } from "../../common/errors.ts";
import { Inbox } from "../../common/inbox.ts";
import { describe } from "../../nas/analysis/describe.ts";
import type { SearchConfig } from "../../nas/config/config.ts";
import type { EvaluatorContext, OpenEvaluator } from "../../nas/definition.ts";
import type { Evaluator, Result, ScoredOn } from "../../nas/evaluator.ts";
import { evaluators } from "../../nas/registry.ts";
import { reasonOf } from "../../nas/results.ts";
import type { SearchSpace } from "../../nas/space.ts";
import type { State, Trial } from "../../nas/strategy.ts";
import { type Attempted, attempted, jobId } from "./attempts.ts";
import type { Channel, OnAttempt } from "./channel.ts";
import { type Evaluated, evaluated, type EvaluateJob } from "./evaluate.ts";

export interface Distribution {
  channel: Channel;
  onAttempt?: OnAttempt;
}

interface Saved {
  distributed: true;
  inner: unknown;
  results: [key: string, value: Evaluated][];
  figures: Evaluated["figures"];
}

/** @throws UsageError where a score depends on scores before it. */
export function requireUnordered({ evaluator }: OpenEvaluator, { config }: EvaluatorContext): void {
  if (!evaluator.ordered) return;
  throw new UsageError(
    `Cannot use workers with evaluator ${config.evaluator.kind} of these settings: a score depends on those ` +
      "before it; leave out --workers, or score each alone (--set evaluator.runs=mean on a table, " +
      "--set evaluator.ownBatches=false with shared weights, --inherit none in training)",
  );
}

/**
 * Wraps an opened evaluator for `RunIO.distribute`, so that workers evaluate every trial.
 * @throws UsageError where trials depend on each other.
 */
export function distributed(
  opened: OpenEvaluator,
  context: EvaluatorContext,
  distribution: Distribution,
): OpenEvaluator {
  const { config, space } = context;
  if (opened.inheritance) {
    throw new UsageError(
      "Cannot use workers where networks inherit weights: these are kept in one process; use --inherit none, " +
        "or leave out --workers",
    );
  }
  requireUnordered(opened, context);
  const { cost, needsDevice } = evaluators.get(config.evaluator.kind);
  const trains = cost === "training" && needsDevice;
  const needs = trains ? trainingMemory(config, space, opened.target) : undefined;
  const evaluator = new DistributedEvaluator(opened, space, distribution, needs);
  return {
    ...opened,
    evaluator,
    // Only workers train.
    dispatches: undefined,
    figures: () => evaluator.figures(),
  };
}

/** The result of a trial whose job has ended. */
export function resultOf(trial: number, found: Attempted<Evaluated>): Result {
  if ("value" in found) return { ...found.value.result, trial };
  const { lost: reason, unfit } = found;
  return { trial, seconds: 0, status: unfit ? "infeasible" : "failed", reason };
}

/** Estimates the device memory of trainings; undefined for architectures whose network cannot be built. */
function trainingMemory(
  { batch, optimizer }: SearchConfig,
  space: SearchSpace<unknown>,
  target: OpenEvaluator["target"],
): (arch: unknown) => number | undefined {
  const moments = optimizer.algorithm === "adam" ? 2 : 1;
  return (arch) => {
    try {
      const choice = space.encode(arch);
      const { memory } = describe({ space, choice, ...target, form: "final", batch });
      const { weights, gradients, states, step } = memory;
      return weights * (1 + moments) + gradients + states + step!;
    } catch (error) {
      // Its worker says why it fails.
      reasonOf(error);
    }
  };
}

class DistributedEvaluator<A> implements Evaluator<A> {
  readonly oneByOne = true;
  readonly remembers: boolean | undefined;
  readonly fidelities: readonly number[] | undefined;
  readonly rewardImages: number | undefined;
  readonly #inner: Evaluator<A>;
  readonly #innerFigures: OpenEvaluator["figures"];
  #figures: Evaluated["figures"];
  #known = new Map<string, Evaluated>();
  readonly #running = new Map<string, Promise<Evaluated>>();

  constructor(
    { evaluator, figures }: OpenEvaluator,
    private readonly space: SearchSpace<A>,
    private readonly distribution: Distribution,
    /** Bytes of device memory that an architecture's training takes. */
    private readonly needs?: (arch: A) => number | undefined,
  ) {
    this.#inner = evaluator;
    this.#innerFigures = figures;
    this.#figures = figures();
    this.remembers = evaluator.remembers;
    this.fidelities = evaluator.fidelities;
    this.rewardImages = evaluator.rewardImages;
  }

  capacity(): number {
    return this.distribution.channel.capacity();
  }

  figures(): Evaluated["figures"] {
    return this.#figures;
  }

  async *evaluate(
    trials: readonly Trial<A>[],
    on: ScoredOn,
    signal: AbortSignal,
  ): AsyncGenerator<Result> {
    // A failure of one ends the others.
    const stop = new AbortController();
    const all = AbortSignal.any([signal, stop.signal]);
    const inbox = new Inbox<Result>();
    for (const trial of trials) {
      this.#evaluate(trial, on, all).then(
        (result) => inbox.put(result),
        (error) => inbox.fail(error),
      );
    }
    try {
      for (let left = trials.length; left > 0; left--) yield await inbox.take();
    } finally {
      stop.abort(new DOMException("Another trial ended the evaluation", "AbortError"));
    }
  }

  async #evaluate(trial: Trial<A>, on: ScoredOn, signal: AbortSignal): Promise<Result> {
    const key = this.#keyOf(trial, on);
    const known = this.#known.get(key) ?? await this.#running.get(key);
    if (known) return { ...known.result, trial: trial.id };
    const running = this.#run(trial, on, signal);
    this.#running.set(key, running);
    try {
      const found = await running;
      if (!("lost" in found)) this.#known.set(key, found);
      return { ...found.result, trial: trial.id };
    } finally {
      this.#running.delete(key);
    }
  }

  /** Results of the same key are the same: those of an architecture, or of a trial. */
  #keyOf({ id, arch, epochs, seed }: Trial<A>, on: ScoredOn): string {
    return this.remembers
      ? JSON.stringify([this.space.key(arch), epochs, seed])
      : JSON.stringify([on, id]);
  }

  async #run(
    trial: Trial<A>,
    on: ScoredOn,
    signal: AbortSignal,
  ): Promise<Evaluated & { lost?: true }> {
    const { arch, askedAfter: _, ...plain } = trial;
    const payload: EvaluateJob = { trial: { ...plain, choice: this.space.encode(arch) }, on };
    const job = { id: jobId(trial.id, payload), payload, needs: this.needs?.(arch) };
    const { channel, onAttempt } = this.distribution;
    const found = await attempted(channel, job, evaluated, signal, onAttempt);
    if ("value" in found) return this.#count(found.value);
    const figures = { step: 0, trainedImages: 0, peakBytes: 0 };
    return { result: resultOf(trial.id, found), figures, lost: true };
  }

  #count(found: Evaluated): Evaluated {
    const { step, trainedImages, peakBytes } = this.#figures;
    this.#figures = {
      step: step + found.figures.step,
      trainedImages: trainedImages + found.figures.trainedImages,
      peakBytes: Math.max(peakBytes, found.figures.peakBytes),
    };
    return found;
  }

  async snapshot(): Promise<State> {
    const { json, tensors } = await this.#inner.snapshot();
    const saved: Saved = {
      distributed: true,
      inner: json,
      results: [...this.#known],
      figures: this.#figures,
    };
    return { json: saved, tensors };
  }

  /** Takes the state of a search without workers too. */
  async restore({ json, tensors }: State): Promise<void> {
    if (!isSaved(json)) {
      await this.#inner.restore({ json, tensors });
      this.#figures = this.#innerFigures();
      return;
    }
    await this.#inner.restore({ json: json.inner, tensors });
    this.#known = new Map(json.results);
    this.#figures = json.figures;
  }
}

const isSaved = (json: unknown): json is Saved =>
  typeof json === "object" && json !== null && "distributed" in json;
