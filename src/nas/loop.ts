/**
 * The one loop of every search: each epoch `prepare?(draw)`, then rounds of `ask → score → tell`; at the end
 * the best candidates are scored on more images and the winner is written. Yields events and keeps its
 * state in a `Store`, so that a killed run goes on to the same end.
 */
import { type ArchFile, formatArchFile } from "./arch_file.ts";
import type { SearchConfig } from "./config.ts";
import type { Evaluator } from "./evaluator.ts";
import type { RunEvent } from "./events.ts";
import { Checkpoints, Clock, mergeStates, partOf } from "./progress.ts";
import type { SearchSpace } from "./space.ts";
import type { Store } from "./store.ts";
import type { Scored, Strategy, StrategyReport, Trial } from "./strategy.ts";

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
  /** What arch.json records beside the choice. */
  archFields: Omit<ArchFile, "choice" | "score" | "scoreKind">;
  figures(): { step: number; trainedImages: number; peakBytes: number };
}

interface Candidate {
  trial: number;
  epoch: number;
  choice: number[];
  key: string;
  score: number;
}

/** Where the loop stands: enough to go on from. */
interface Position {
  epoch: number;
  phase: "prepare" | "rounds" | "selection";
  round: number;
  queries: number;
  /** The best trials so far by reward, best first, no two equivalent. */
  best: Candidate[];
  /** Of the present epoch, for its events: the last figures of training, and one report per round. */
  last: { loss: number; trainAccuracy: number; learningRate: number };
  reports: StrategyReport[];
  seconds: number;
}

const untouched: Position = {
  epoch: 0,
  phase: "prepare",
  round: 0,
  queries: 0,
  best: [],
  last: { loss: 0, trainAccuracy: 0, learningRate: 0 },
  reports: [],
  seconds: 0,
};

export async function* searchLoop<A>(
  parts: SearchParts<A>,
  io: { signal: AbortSignal; store: Store },
): AsyncGenerator<RunEvent> {
  yield* new Loop(parts, io.signal, io.store).run();
}

class Loop<A> {
  #at: Position = structuredClone(untouched);
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
    yield { type: "start", command: "search", ...start, config };
    if (saved) yield { type: "resume", fromStep: this.parts.figures().step };
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
    const { config, strategy } = this.parts;
    const begin = performance.now();
    if (this.#at.phase === "prepare") {
      yield* this.#prepare();
      this.#at.phase = "rounds";
      this.#at.round = 0;
      this.#at.reports = [];
      yield* this.#checkpoints.at(true);
    }
    while (this.#at.round < config.rounds) {
      const from = performance.now();
      const scored = await this.#score(await strategy.ask(config.perRound));
      this.#at.reports.push(await strategy.tell(scored));
      yield* this.#trials(scored);
      this.#at.round++;
      this.#clock.add("round", 1, performance.now() - from);
      yield* this.#checkpoints.at(false);
    }
    const report = mean(this.#at.reports);
    yield { type: "controller", epoch: this.#at.epoch, ...report };
    this.#at.epoch++;
    yield {
      type: "epoch",
      epoch: this.#at.epoch,
      epochs: config.epochs,
      ...this.#at.last,
      validAccuracy: report.reward,
      seconds: (performance.now() - begin) / 1000,
    };
    this.#at.phase = this.#at.epoch < config.epochs ? "prepare" : "selection";
    yield* this.#checkpoints.at(true);
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
    const { rounds, perRound, rewardBatch, batch, selection, epochs } = config;
    const step = this.#clock.rate("step", 0);
    const scoring = step / 3 / batch;
    const round = this.#clock.rate("round", scoring * perRound * rewardBatch);
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
    const scores = await this.parts.evaluator.score(fitting.map((t) => t.arch), on, this.signal);
    this.#at.queries += fitting.length;
    const byTrial = new Map(fitting.map((t, i) => [t, scores[i]]));
    return trials.map((t) => ({ ...t, score: byTrial.get(t) ?? { value: 0 } }));
  }

  *#trials(scored: Scored<A>[]): Generator<RunEvent> {
    const { space, config } = this.parts;
    for (const { id, arch, score } of scored) {
      const choice = space.encode(arch);
      const found = {
        trial: id,
        epoch: this.#at.epoch,
        choice,
        key: space.key(arch),
        score: score.value,
      };
      yield { type: "trial", ...found, on: "reward" };
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
    const { config, space, archFields, strategy, evaluator } = this.parts;
    const candidates = new Map<string, A>();
    for (const arch of await this.#draw(config.selection.drawn)) {
      candidates.set(space.key(arch), arch);
    }
    for (const b of this.#at.best.slice(0, config.selection.best)) {
      const arch = space.decode(b.choice);
      if (this.parts.fits(arch)) candidates.set(b.key, arch);
    }
    const first = config.epochs * config.rounds * config.perRound;
    const scored = await this.#score(
      [...candidates.values()].map((arch, i) => ({ id: first + i, arch })),
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
        { images: config.selection.images, scoreKind: "shared-weights", ranking },
        null,
        1,
      ) + "\n",
    );
    await this.store.put("supernet.safetensors", (await evaluator.snapshot()).tensors);
    await this.store.put("controller.safetensors", (await strategy.snapshot()).tensors);
    await this.store.put(
      "arch.json",
      formatArchFile({
        ...archFields,
        choice: winner.choice,
        score: winner.score,
        scoreKind: "shared-weights",
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
    };
  }
}

/** Field by field; probabilities are those of the last report. */
function mean(reports: StrategyReport[]): StrategyReport {
  const result: StrategyReport = { probabilities: reports.at(-1)?.probabilities };
  for (const name of ["loss", "reward", "entropy", "baseline", "skipRate"] as const) {
    const values = reports.map((r) => r[name]).filter((v) => v !== undefined);
    if (values.length) result[name] = values.reduce((a, b) => a + b, 0) / values.length;
  }
  return result;
}
