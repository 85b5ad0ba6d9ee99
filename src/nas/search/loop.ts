/**
 * The loop of every search. Each epoch runs `prepare?(draw)` and then rounds of `ask → evaluate → tell`, or
 * the rounds first and then the training of the best candidate. At the end the best candidates are scored on
 * more images and the winner is written. `tell` gets failed trials too. Yields events and keeps its state in
 * a `Store`, so that a killed run resumes with the same result.
 */
import { Arrivals, isAsynchronous } from "./arrivals.ts";
import type { ArchFile } from "../arch_formats/arch_file.ts";
import type { SearchConfig } from "../config/config.ts";
import { addStep, takeMeans } from "../train/epoch_figures.ts";
import type { Evaluator } from "../evaluator.ts";
import type { RunEvent } from "../events.ts";
import type { SpentEpochs } from "./inheritance.ts";
import { withMember } from "./pareto.ts";
import { earlyStop, meanReport, type Phase, type Position, startPosition } from "./position.ts";
import { Checkpoints, Clock, mergeStates, partOf } from "./progress.ts";
import { type Round, round } from "./round.ts";
import { Scoring } from "./scoring.ts";
import { selection } from "./selection.ts";
import type { SearchSpace } from "../space.ts";
import type { Store } from "./store.ts";
import type { Scored, State, Strategy, TrialStatus } from "../strategy.ts";
import { isUntrained } from "../zero_cost/untrained_trials.ts";

/** Parts of a search; `openSearch` makes them from a config. */
export interface SearchParts<A> {
  config: SearchConfig;
  space: SearchSpace<A>;
  strategy: Strategy<A>;
  evaluator: Evaluator<A>;
  /** Fields of the start event beside the config. */
  start: Omit<Extract<RunEvent, { type: "start" }>, "type" | "config" | "command">;
  /** Parameters and multiply-adds of an architecture. */
  sizes(arch: A): { parameters: number; macs: number };
  /** Whether an architecture satisfies the constraints on parameters and multiply-adds. */
  fits(arch: A): boolean;
  /** Kind of score that arch.json records. */
  scoreKind: NonNullable<ArchFile["scoreKind"]>;
  /** Score given to trials without one; default: the lowest so far, or 0 if none is negative. */
  unfit?: number;
  /** Further objectives of an architecture, larger is better; absent where the score is the only one. */
  objectives?(arch: A): number[];
  /** A figure of the winner that no strategy sees. */
  report?(arch: A): { objective: string; metric: string; value: number; unit?: string };
  /** Epochs of training, and those that inherited weights saved. */
  spentEpochs?(): SpentEpochs;
  /** Fields of arch.json beside the choice and score. */
  archFields: Omit<ArchFile, "choice" | "score" | "scoreKind">;
  figures(): { step: number; trainedImages: number; peakBytes: number };
  /** Replaces the initial weights by earlier ones and returns the event; null if the config asks for none. */
  warmStart?(): Promise<RunEvent | null>;
  /** Compiles kernels before the first step; ends early when the run is stopped. */
  compile?(): AsyncIterable<RunEvent>;
}

export async function* searchLoop<A>(
  parts: SearchParts<A>,
  io: { signal: AbortSignal; store: Store; minutes?: number },
): AsyncGenerator<RunEvent> {
  yield* new Loop(parts, io.signal, io.store, io.minutes).run();
}

class Loop<A> {
  #at: Position;
  /** Phases of an epoch, in order. */
  readonly #phases: readonly Phase[];
  readonly #clock = new Clock();
  /**
   * State before a round whose trials are saved one by one: a run that resumes within it asks for the same
   * again.
   */
  #before: { strategy: State; queries: number } | null = null;
  readonly #scoring: Scoring<A>;
  readonly #checkpoints: Checkpoints;

  constructor(
    private readonly parts: SearchParts<A>,
    private readonly signal: AbortSignal,
    private readonly store: Store,
    private readonly minutes = Infinity,
  ) {
    this.#phases = parts.strategy.askTrained
      ? ["rounds", "prepare", "trained"]
      : ["prepare", "rounds"];
    this.#at = startPosition(this.#phases[0]);
    this.#scoring = new Scoring(parts, signal, () => this.#at);
    this.#checkpoints = new Checkpoints(signal, () => this.#save());
  }

  async *run(): AsyncGenerator<RunEvent> {
    const { config, start } = this.parts;
    const saved = await this.store.load();
    if (saved) {
      this.#at = { ...this.#at, ...partOf(saved, "loop").json as Position };
      await this.parts.strategy.restore(partOf(saved, "strategy"));
      await this.parts.evaluator.restore(partOf(saved, "evaluator"));
      this.#clock.earlier = this.#at.seconds;
    }
    const warm = saved ? null : await this.parts.warmStart?.();
    yield { type: "start", command: "search", ...start, config };
    if (!saved) {
      for (const message of this.parts.space.notes ?? []) yield { type: "warn", message };
    }
    if (saved) yield { type: "resume", fromStep: this.parts.figures().step };
    if (warm) {
      yield warm;
      // The copied weights are saved now: a resumed run does not read the earlier one.
      yield* this.#checkpoints.at(true);
    }
    if (this.parts.compile) {
      yield* this.parts.compile();
      if (this.signal.aborted) yield* this.#checkpoints.at(true);
    }
    while (this.#at.phase !== "selection") yield* this.#epoch();
    if (this.#at.topEpoch === null) await this.#keepController(0);
    yield* selection(this.parts, this.#scoring, this.#at, this.store, this.#clock);
  }

  async #save(): Promise<number> {
    this.#at.seconds = this.#clock.seconds();
    const { strategy, queries } = this.#before ?? await this.#now();
    await this.store.save(mergeStates({
      loop: { json: { ...this.#at, queries }, tensors: {} },
      strategy,
      evaluator: await this.parts.evaluator.snapshot(),
    }));
    return this.parts.figures().step;
  }

  async #now(): Promise<{ strategy: State; queries: number }> {
    return { strategy: await this.parts.strategy.snapshot(), queries: this.#at.queries };
  }

  /** Runs one round; null where the strategy asks for no more trials. */
  async *#round(): AsyncGenerator<RunEvent, Round<A> | null> {
    const { config: { perRound }, strategy, evaluator } = this.parts;
    if (evaluator.oneByOne) this.#before = await this.#now();
    const running = round(strategy, this.#scoring, perRound);
    let next = await running.next();
    for (; !next.done; next = await running.next()) {
      if (evaluator.oneByOne) yield* this.#checkpoints.at(true);
    }
    this.#before = null;
    return next.value;
  }

  async *#epoch(): AsyncGenerator<RunEvent> {
    const { config, evaluator } = this.parts;
    const begin = performance.now();
    const due = (this.#at.epoch + 1) % config.roundsEvery === 0;
    const first = this.#phases.findIndex((phase) => phase === this.#at.phase);
    for (const phase of this.#phases.slice(first)) {
      if (phase !== this.#at.phase) {
        this.#at.phase = phase;
        this.#at.round = 0;
        yield* this.#checkpoints.at(true);
      }
      if (phase === "prepare") yield* this.#prepare();
      else if (phase === "trained") yield* this.#trained();
      else if (due) yield* this.#rounds();
    }
    const report = meanReport(this.#at.reports);
    const score = report.trained ?? report.reward;
    if (due) yield { type: "controller", epoch: this.#at.epoch, ...report };
    if (score !== undefined) await this.#keepController(score);
    const policyAccuracy = await evaluator.policyScore?.(
      (n) => this.#scoring.draw(n),
      this.signal,
    );
    this.#at.epoch++;
    this.#at.stopped = earlyStop(this.#at, config.earlyStopOver);
    yield {
      type: "epoch",
      epoch: this.#at.epoch,
      epochs: config.epochs,
      ...takeMeans(this.#at.sums),
      learningRate: this.#at.learningRate,
      validAccuracy: score,
      policyAccuracy,
      seconds: (performance.now() - begin) / 1000,
      stoppedAt: this.#at.stopped?.score,
    };
    const more = this.#at.epoch < config.epochs && !this.#at.stopped && !this.#at.exhausted;
    const phase = more ? this.#phases[0] : "selection";
    const { told: _told, pending: _pending, ...at } = this.#at;
    this.#at = { ...at, phase, round: 0, reports: [] };
    yield* this.#checkpoints.at(true);
  }

  /** Runs the rounds of an epoch, from which the strategy learns. */
  async *#rounds(): AsyncGenerator<RunEvent> {
    const { config } = this.parts;
    if (isAsynchronous(this.parts, this.#at)) return yield* this.#asResultsArrive();
    while (this.#at.round < config.rounds) {
      if (this.#isLate()) return yield* this.#exhausted();
      const from = performance.now();
      const done = yield* this.#round();
      if (done === null) return yield* this.#exhausted();
      this.#at.reports.push(done.report);
      yield* this.#trials(done.scored);
      // Untrained scores come on top: rounds and queries count what the evaluator itself scores.
      if (!done.scored.every(isUntrained)) this.#at.round++;
      this.#clock.add("round", 1, performance.now() - from);
      yield* this.#checkpoints.at(false);
    }
  }

  #isLate(): boolean {
    return this.#clock.seconds() > 60 * this.minutes;
  }

  /** Ends the rounds of the search: the strategy asks for no more trials. */
  *#exhausted(): Generator<RunEvent> {
    const { finished = "The strategy asks for no more trials." } = this.parts.strategy;
    const late = `No more trials after ${this.minutes} minutes; those that ran were finished.`;
    yield { type: "warn", message: this.#isLate() ? late : finished };
    this.#at.exhausted = true;
  }

  /** The same rounds on several workers, for a strategy that is told results in the order of arrival. */
  async *#asResultsArrive(): AsyncGenerator<RunEvent> {
    const parts = { ...this.parts, isLate: () => this.#isLate() };
    const arrivals = new Arrivals(parts, this.#scoring, this.#at, this.signal);
    for await (const told of arrivals.run()) {
      const from = performance.now();
      if (told) {
        this.#at.reports.push(told.report);
        yield* this.#trials([told.scored]);
      } else {
        yield* this.#checkpoints.at(true);
        arrivals.saved(performance.now() - from);
      }
    }
    if (this.parts.strategy.finished !== undefined || this.#isLate()) yield* this.#exhausted();
  }

  /** Scores the architecture that this epoch trained. */
  async *#trained(): AsyncGenerator<RunEvent> {
    const { strategy } = this.parts;
    const scored = await this.#scoring.score(strategy.askTrained!());
    this.#at.reports.push(strategy.tellTrained!(scored));
    yield* this.#trials(scored);
  }

  /** Writes the controller if this epoch has the best score so far; later sampling uses that one. */
  async #keepController(score: number): Promise<void> {
    if (this.#at.topEpoch !== null && score <= this.#at.topEpoch) return;
    this.#at.topEpoch = score;
    const { tensors } = await this.parts.strategy.snapshot();
    const { config, archFields } = this.parts;
    // With this metadata the file alone is enough to sample from.
    const metadata = { config: JSON.stringify(config), arch: JSON.stringify(archFields) };
    await this.store.put("controller.safetensors", tensors, metadata);
  }

  /** Shared-weight training on architectures that satisfy the constraints. */
  async *#prepare(): AsyncGenerator<RunEvent> {
    const { evaluator } = this.parts;
    if (!evaluator.prepare) return;
    let step = this.parts.figures().step;
    let from = performance.now();
    for await (const event of evaluator.prepare((n) => this.#scoring.draw(n), this.signal)) {
      if (event?.type === "step") {
        const now = performance.now();
        this.#clock.add("step", event.step - step, now - from);
        [step, from] = [event.step, now];
        event.secondsLeft = this.#secondsLeft(event.steps - event.step);
        addStep(this.#at.sums, event, this.parts.figures().trainedImages);
        this.#at.learningRate = event.learningRate;
      }
      if (event) yield event;
      yield* this.#checkpoints.at(false);
    }
  }

  /** Projected time left. Until measured, scoring an image is taken to cost a third of training on it. */
  #secondsLeft(steps: number): number {
    const { config } = this.parts;
    const { perRound, batch, selection, epochs } = config;
    const images = this.parts.evaluator.rewardImages ?? 0;
    const rounds = config.rounds / config.roundsEvery;
    const step = this.#clock.rate("step", 0);
    const scoring = step / 3 / batch;
    const round = this.#clock.rate("round", scoring * perRound * images);
    const final = scoring * (selection.drawn + selection.best) * selection.images;
    return (steps * step + (epochs - this.#at.epoch) * rounds * round + final) / 1000;
  }

  #count(status: TrialStatus = "ok", reason = ""): void {
    if (status === "ok") this.#at.succeeded++;
    if (status !== "failed") return;
    this.#at.failed++;
    this.#at.failure = reason;
  }

  /** Yields the events of scored trials and keeps the best trials. */
  *#trials(scored: Scored<A>[]): Generator<RunEvent> {
    const { space, config } = this.parts;
    for (const { id, arch, epochs: trainedEpochs, partial, score, ...about } of scored) {
      const { parents, inherit, seed, model, status, reason, askedAfter } = about;
      const choice = space.encode(arch);
      const found = {
        trial: id,
        epoch: this.#at.epoch,
        choice,
        key: space.key(arch),
        score: score.value,
      };
      const { objectives } = score;
      const told = {
        trainedEpochs,
        partial,
        objectives,
        parents,
        inherit,
        seed,
        model,
        status,
        reason,
        askedAfter,
      };
      yield { type: "trial", ...found, on: "reward", ...told };
      this.#at.trials = Math.max(this.#at.trials, id + 1);
      this.#count(status, reason);
      if (partial || (status ?? "ok") !== "ok") continue;
      if (objectives) this.#at.front = [...withMember(this.#at.front, { ...found, objectives })];
      this.#at.latest = choice;
      const { best } = this.#at;
      if (!best.length || found.score > best[0].score) {
        yield { type: "best", trial: id, epoch: found.epoch, choice, score: found.score };
      }
      const rest = best.filter((b) => b.key !== found.key || b.score > found.score);
      if (!rest.some((b) => b.key === found.key)) rest.push(found);
      this.#at.best = rest.sort((a, b) => b.score - a.score || a.trial - b.trial)
        .slice(0, Math.max(1, config.selection.best));
    }
  }
}
