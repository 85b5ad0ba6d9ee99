/**
 * The one loop of every search: each epoch `prepare?(draw)`, then rounds of `ask → score → tell`; at the end
 * the best candidates are scored on more images and the winner is written. Yields events and keeps its
 * state in a `Store`, so that a killed run goes on to the same end.
 */
import { type ArchFile, formatArchFile } from "./arch_file.ts";
import type { SearchConfig } from "./config.ts";
import type { Evaluator } from "./evaluator.ts";
import type { RunEvent } from "./events.ts";
import { withMember } from "./pareto.ts";
import { earlyStop, meanReport, type Position, startPosition } from "./position.ts";
import { Checkpoints, Clock, mergeStates, partOf } from "./progress.ts";
import type { SearchSpace } from "./space.ts";
import type { Store } from "./store.ts";
import type { Scored, Strategy, Trial } from "./strategy.ts";

/** Everything a search needs; `openSearch` puts it together from a config. */
export interface SearchParts<A> {
  config: SearchConfig;
  space: SearchSpace<A>;
  strategy: Strategy<A>;
  evaluator: Evaluator<A>;
  /** What the first event says beside the config. */
  start: Omit<Extract<RunEvent, { type: "start" }>, "type" | "config" | "command">;
  /** Whether an architecture keeps to the limits on parameters and multiply-adds. */
  fits(arch: A): boolean;
  /** What a score means. */
  scoreKind: NonNullable<ArchFile["scoreKind"]>;
  /** The score of architectures over the limits; default 0. */
  unfit?: number;
  /** Further objectives of an architecture, larger is better; absent where the score is the only one. */
  objectives?(arch: A): number[];
  /** A figure of the winner that no strategy sees. */
  report?(arch: A): { objective: string; metric: string; value: number };
  /** What arch.json records beside the choice. */
  archFields: Omit<ArchFile, "choice" | "score" | "scoreKind">;
  figures(): { step: number; trainedImages: number; peakBytes: number };
  /** Puts earlier weights in place of the first ones and says so; null where the config asks for none. */
  warmStart?(): Promise<RunEvent | null>;
}

export async function* searchLoop<A>(
  parts: SearchParts<A>,
  io: { signal: AbortSignal; store: Store },
): AsyncGenerator<RunEvent> {
  yield* new Loop(parts, io.signal, io.store).run();
}

class Loop<A> {
  #at: Position = startPosition();
  readonly #clock = new Clock();
  readonly #checkpoints: Checkpoints;

  constructor(
    private readonly parts: SearchParts<A>,
    private readonly signal: AbortSignal,
    private readonly store: Store,
  ) {
    this.#checkpoints = new Checkpoints(signal, () => this.#save());
  }

  async *run(): AsyncGenerator<RunEvent> {
    const { config, start } = this.parts;
    const saved = await this.store.load();
    if (saved) {
      this.#at = partOf(saved, "loop").json as Position;
      await this.parts.strategy.restore(partOf(saved, "strategy"));
      await this.parts.evaluator.restore(partOf(saved, "evaluator"));
      this.#clock.earlier = this.#at.seconds;
    }
    const warm = saved ? null : await this.parts.warmStart?.();
    yield { type: "start", command: "search", ...start, config };
    if (saved) yield { type: "resume", fromStep: this.parts.figures().step };
    if (warm) {
      yield warm;
      // From here on the run needs its own folder only.
      yield* this.#checkpoints.at(true);
    }
    while (this.#at.phase !== "selection") yield* this.#epoch();
    yield* this.#selection();
  }

  async #save(): Promise<number> {
    this.#at.seconds = this.#clock.seconds();
    await this.store.save(mergeStates({
      loop: { json: this.#at, tensors: {} },
      strategy: await this.parts.strategy.snapshot(),
      evaluator: await this.parts.evaluator.snapshot(),
    }));
    return this.parts.figures().step;
  }

  async *#epoch(): AsyncGenerator<RunEvent> {
    const { config, strategy, evaluator } = this.parts;
    const begin = performance.now();
    if (this.#at.phase === "prepare") {
      yield* this.#prepare();
      this.#at.phase = "rounds";
      this.#at.round = 0;
      this.#at.reports = [];
      yield* this.#checkpoints.at(true);
    }
    const due = (this.#at.epoch + 1) % config.roundsEvery === 0;
    while (due && this.#at.round < config.rounds) {
      const from = performance.now();
      const scored = await this.#score(await strategy.ask(config.perRound));
      this.#at.reports.push(await strategy.tell(scored));
      yield* this.#trials(scored);
      this.#at.round++;
      this.#clock.add("round", 1, performance.now() - from);
      yield* this.#checkpoints.at(false);
    }
    const report = meanReport(this.#at.reports);
    const score = report.trained ?? report.reward;
    if (due) yield { type: "controller", epoch: this.#at.epoch, ...report };
    if (score !== undefined) await this.#keepController(score);
    const policyAccuracy = config.policyEvaluation
      ? await evaluator.policyScore?.((n) => this.#draw(n), this.signal)
      : undefined;
    this.#at.epoch++;
    this.#at.stopped = earlyStop(this.#at, config.earlyStopOver);
    yield {
      type: "epoch",
      epoch: this.#at.epoch,
      epochs: config.epochs,
      ...this.#at.last,
      validAccuracy: score,
      policyAccuracy,
      seconds: (performance.now() - begin) / 1000,
      stoppedAt: this.#at.stopped?.score,
    };
    const more = this.#at.epoch < config.epochs && !this.#at.stopped;
    this.#at.phase = more ? "prepare" : "selection";
    yield* this.#checkpoints.at(true);
  }

  /** The controller of the best epoch is the one to draw from after the search. */
  async #keepController(score: number): Promise<void> {
    if (score <= this.#at.topEpoch) return;
    this.#at.topEpoch = score;
    const { tensors } = await this.parts.strategy.snapshot();
    await this.store.put("controller.safetensors", tensors);
  }

  /** Shared-weight training on architectures that keep to the limits. */
  async *#prepare(): AsyncGenerator<RunEvent> {
    const { evaluator } = this.parts;
    if (!evaluator.prepare) return;
    let step = this.parts.figures().step;
    let from = performance.now();
    for await (const event of evaluator.prepare((n) => this.#draw(n), this.signal)) {
      if (event.type === "step") {
        const now = performance.now();
        this.#clock.add("step", event.step - step, now - from);
        [step, from] = [event.step, now];
        event.secondsLeft = this.#secondsLeft(event.steps - event.step);
        const { loss, trainAccuracy, learningRate } = event;
        this.#at.last = { loss, trainAccuracy, learningRate };
      }
      yield event;
      yield* this.#checkpoints.at(false);
    }
  }

  /** Scoring costs about a third of training on as many images, until it was measured. */
  #secondsLeft(steps: number): number {
    const { config } = this.parts;
    const { perRound, rewardBatch, rewardBatches, batch, selection, epochs } = config;
    const rounds = config.rounds / config.roundsEvery;
    const step = this.#clock.rate("step", 0);
    const scoring = step / 3 / batch;
    const round = this.#clock.rate("round", scoring * perRound * rewardBatch * rewardBatches);
    const final = scoring * (selection.drawn + selection.best) * selection.images;
    return (steps * step + (epochs - this.#at.epoch) * rounds * round + final) / 1000;
  }

  /** Draws until enough architectures keep to the limits. */
  async #draw(n: number): Promise<A[]> {
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
      drawn.push(...(await this.parts.strategy.draw(n)).filter((a) => this.parts.fits(a)));
    }
    return drawn.slice(0, n);
  }

  /** Architectures over the limits score nothing, so that a strategy learns to avoid them. */
  async #score(trials: Trial<A>[], on: "reward" | "selection" = "reward"): Promise<Scored<A>[]> {
    const fitting = trials.filter((t) => this.parts.fits(t.arch));
    const { evaluator, objectives, unfit = 0 } = this.parts;
    const scores = await evaluator.score(
      fitting.map((t) => t.arch),
      on,
      this.signal,
      fitting.map((t) => t.epochs),
    );
    if (on === "reward" || !evaluator.remembers) this.#at.queries += fitting.length;
    const byTrial = new Map(fitting.map((t, i) => [t, scores[i]]));
    return trials.map((t) => {
      const score = byTrial.get(t) ?? { value: unfit };
      if (objectives) score.objectives = [score.value, ...objectives(t.arch)];
      return { ...t, score };
    });
  }

  *#trials(scored: Scored<A>[]): Generator<RunEvent> {
    const { space, config } = this.parts;
    for (const { id, arch, epochs: trainedEpochs, partial, score } of scored) {
      const choice = space.encode(arch);
      const found = {
        trial: id,
        epoch: this.#at.epoch,
        choice,
        key: space.key(arch),
        score: score.value,
      };
      const { objectives } = score;
      yield { type: "trial", ...found, on: "reward", trainedEpochs, objectives };
      this.#at.trials = id + 1;
      if (partial) continue;
      if (objectives && this.parts.fits(arch)) {
        this.#at.front = [...withMember(this.#at.front, { ...found, objectives })];
      }
      if (this.parts.fits(arch)) this.#at.latest = choice;
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

  /** Final draws and the best trials, all on the same validation images; writes ranking and winner. */
  async *#selection(): AsyncGenerator<RunEvent> {
    const { config, space, archFields, evaluator } = this.parts;
    await this.#keepController(0);
    const candidates = await this.#candidates();
    const scored = await this.#score(
      candidates.map((arch, i) => ({ id: this.#at.trials + i, arch })),
      "selection",
    );
    const ranking = scored.map(({ id, arch, score }) => ({
      trial: id,
      epoch: this.#at.epoch,
      choice: space.encode(arch),
      key: space.key(arch),
      score: score.value,
    }));
    for (const c of ranking) yield { type: "trial", ...c, on: "selection" };
    ranking.sort((a, b) => b.score - a.score || a.trial - b.trial);
    const [winner] = ranking;
    yield {
      type: "best",
      trial: winner.trial,
      epoch: winner.epoch,
      choice: winner.choice,
      score: winner.score,
    };
    await this.store.put(
      "ranking.json",
      JSON.stringify(
        { images: config.selection.images, scoreKind: this.parts.scoreKind, ranking },
        null,
        1,
      ) + "\n",
    );
    const front = this.parts.objectives && await this.#keepFront();
    const { tensors } = await evaluator.snapshot();
    if (Object.keys(tensors).length > 0) await this.store.put("supernet.safetensors", tensors);
    await this.store.put(
      "arch.json",
      formatArchFile({
        ...archFields,
        choice: winner.choice,
        score: winner.score,
        scoreKind: this.parts.scoreKind,
      }),
    );
    const { trainedImages, peakBytes } = this.parts.figures();
    yield {
      type: "done",
      seconds: this.#clock.seconds(),
      queries: this.#at.queries,
      trainedImages,
      peakBytes,
      choice: winner.choice,
      score: winner.score,
      report: this.parts.report?.(space.decode(winner.choice)),
      stopped: this.#at.stopped,
      front,
    };
  }

  /** Writes the trials that no other one dominates, by falling score. */
  async #keepFront(): Promise<{ trial: number; choice: number[]; objectives: number[] }[]> {
    const front = this.#at.front.toSorted((a, b) => b.score - a.score || a.trial - b.trial);
    const objectives = ["score", ...this.parts.config.objectives];
    await this.store.put("pareto.json", JSON.stringify({ objectives, front }, null, 1) + "\n");
    return front.map(({ trial, choice, objectives }) => ({ trial, choice, objectives }));
  }

  /** What the winner is chosen from: draws of the final policy and the best trials, or only the last trial. */
  async #candidates(): Promise<A[]> {
    const { config, space, fits } = this.parts;
    const { latest } = this.#at;
    if (config.select === "last") {
      return latest.length ? [space.decode(latest)] : await this.#draw(1);
    }
    const candidates = new Map<string, A>();
    for (const arch of await this.#draw(config.selection.drawn)) {
      candidates.set(space.key(arch), arch);
    }
    for (const b of this.#at.best.slice(0, config.selection.best)) {
      const arch = space.decode(b.choice);
      if (fits(arch)) candidates.set(b.key, arch);
    }
    return [...candidates.values()];
  }
}
