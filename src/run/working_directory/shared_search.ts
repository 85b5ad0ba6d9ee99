/**
 * A search that several processes work on through a working directory. Each process runs the usual loop. Its
 * strategy is the directory's: under the directory's lock it is restored from the state kept there, told the
 * results that have come in from all processes since, asked for one configuration, and kept again. So the
 * proposals are those of one search whose results arrive late. Results of other processes reach the loop as
 * trials that are already evaluated: every process ends with all of them.
 */
import { UsageError } from "../../common/errors.ts";
import type { Evaluator, Result, ScoredOn } from "../../nas/evaluator.ts";
import type { SearchParts } from "../../nas/search/loop.ts";
import type { Notation, SearchSpace } from "../../nas/space.ts";
import type { Scored, State, Strategy, StrategyReport, Trial } from "../../nas/strategy.ts";
import type { WorkingDirectory } from "./directory.ts";
import { type Kept, readKept, type SharedSearch, writeKept } from "./shared_state.ts";
import type { Configuration, Outcome } from "./tree.ts";

/** Milliseconds between two looks at the directory while others evaluate. */
const waitMs = 500;

/** Joins a search to its working directory. @throws UsageError where space or strategy cannot be shared. */
export function shareSearch(
  parts: SearchParts<unknown>,
  shared: SharedSearch,
  signal: AbortSignal,
): SearchParts<unknown> {
  const { notation } = parts.space;
  if (!notation) {
    throw new UsageError(
      `Cannot use a working directory for space ${parts.space.name}: it has no notation for ` +
        `config.yaml, expected one of a grammar`,
    );
  }
  const board = new Board(parts, notation, shared, signal);
  return { ...parts, strategy: board.strategy(), evaluator: board.evaluator() };
}

class Board {
  readonly #space: SearchSpace<unknown>;
  /** Configurations that the loop has got. */
  #seen = new Set<number>();
  /** Configurations that this process evaluates. */
  readonly #own = new Set<number>();
  /** State that the strategy object has; it is restored only where another process has changed it. */
  #current = "";

  constructor(
    private readonly parts: SearchParts<unknown>,
    private readonly notation: Notation<unknown>,
    private readonly shared: SharedSearch,
    private readonly signal: AbortSignal,
  ) {
    this.#space = parts.space;
  }

  strategy(): Strategy<unknown> {
    const { strategy } = this.parts;
    return {
      order: strategy.order,
      draw: (n) => strategy.draw(n),
      ask: () => this.#ask(),
      tell: (done) => this.#tell(done),
      snapshot: () => Promise.resolve({ json: [...this.#seen], tensors: {} }),
      restore: ({ json }) => {
        this.#seen = new Set(json as number[]);
        return Promise.resolve();
      },
    };
  }

  /** New results of other processes, and one configuration to evaluate; none once all have a result. */
  async #ask(): Promise<Trial<unknown>[]> {
    const { directory, onWait } = this.shared;
    for (let waited = false;; waited = true) {
      const { trials, waiting } = await directory.exclusively(this.signal, () => this.#look());
      if (trials.length > 0 || !waiting) return trials;
      if (!waited) onWait?.();
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      this.signal.throwIfAborted();
    }
  }

  async #look(): Promise<{ trials: Trial<unknown>[]; waiting: boolean }> {
    const { directory, total } = this.shared;
    const kept = readKept(this.shared.directory);
    for (const [n, { architecture }] of Object.entries(kept.asked)) {
      // Its process died between keeping the strategy and writing the configuration.
      if (!directory.has(Number(n))) directory.add(Number(n), architecture);
    }
    const all = directory.read();
    const trials = all.filter(({ n, outcome }) =>
      outcome && !this.#seen.has(n) && !this.#own.has(n)
    )
      .flatMap((found) => this.#trialOf(found, kept) ?? []);
    trials.forEach(({ id }) => this.#seen.add(id + 1));
    const open = all.filter((one) => !one.outcome && this.#isKnown(one));
    const free = open.find(({ n }) => !this.#own.has(n) && directory.take(n));
    if (free) return { trials: [...trials, this.#begin(free, kept)], waiting: false };
    if (all.length >= total) return { trials, waiting: open.length > 0 };
    const proposed = await this.#propose(all, kept);
    return { trials: [...trials, this.#begin(proposed, kept)], waiting: false };
  }

  /** Whether a configuration can be evaluated. One that is none of the space is recorded as failed. */
  #isKnown({ n, folder, architecture }: Configuration): boolean {
    if (architecture === null) return false;
    if (this.#parsed(architecture, folder) !== null) return true;
    const { directory } = this.shared;
    if (directory.take(n)) directory.record(n, null);
    return false;
  }

  #begin(configuration: Configuration, kept: Kept): Trial<unknown> {
    this.#own.add(configuration.n);
    return this.#trialOf(configuration, kept)!;
  }

  /** The loop's trial of a configuration; null where its architecture cannot be read. */
  #trialOf({ n, folder, architecture }: Configuration, { asked }: Kept): Trial<unknown> | null {
    const arch = architecture === null ? null : this.#parsed(architecture, folder);
    if (arch === null) return null;
    const { architecture: _text, id: _id, parents, ...about } = asked[n] ?? {};
    const configOf = new Map(Object.entries(asked).map(([m, { id }]) => [id, Number(m) - 1]));
    const named = parents?.flatMap((id) => configOf.get(id) ?? []);
    return { ...about, id: n - 1, arch, ...named?.length && { parents: named } };
  }

  /** An architecture; null, with a word to the user, where the text is none of the space. */
  #parsed(architecture: string, folder: string): unknown | null {
    try {
      return this.notation.parse(architecture);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.shared.directory.warnOnce(`Cannot use ${folder}: ${error.message}`);
      return null;
    }
  }

  /** Tells the strategy what is new and asks it for one configuration. */
  async #propose(all: readonly Configuration[], kept: Kept): Promise<Configuration> {
    const { strategy } = this.parts;
    const text = JSON.stringify(kept.strategy);
    if (kept.strategy !== null && text !== this.#current) {
      await strategy.restore({ json: kept.strategy, tensors: {} });
    }
    const told = new Set(kept.told);
    const fresh = all.filter(({ n, outcome }) => outcome && !told.has(n));
    const scored = fresh.flatMap((one) => this.#scored(one, kept, all) ?? []);
    if (scored.length > 0) await strategy.tell(scored);
    const { arch, ...trial } = await this.#asked();
    const { json, tensors } = await strategy.snapshot();
    if (Object.keys(tensors).length > 0 || trial.epochs !== undefined) {
      throw new UsageError(
        `Cannot use a working directory with strategy ${this.parts.config.strategy.kind}: it learns on a ` +
          `device or trains in steps, expected random, evolution or a Gaussian process`,
      );
    }
    const n = Math.max(0, ...all.map((one) => one.n)) + 1;
    const architecture = this.notation.format(arch);
    const next: Kept = {
      version: 1,
      told: [...kept.told, ...fresh.map((one) => one.n)],
      asked: { ...kept.asked, [n]: { ...trial, architecture } },
      strategy: json,
    };
    // The state first: a configuration that it names is written later if this process dies here.
    writeKept(this.shared.directory, next);
    this.#current = JSON.stringify(json);
    kept.asked = next.asked;
    const { directory } = this.shared;
    directory.add(n, architecture);
    directory.take(n);
    return directory.read().find((one) => one.n === n)!;
  }

  /** The strategy's next trial. What it wants scored untrained first is no configuration. */
  async #asked(): Promise<Trial<unknown>> {
    const { strategy, evaluator } = this.parts;
    while (true) {
      const trials = await strategy.ask(1);
      if (!trials.every(({ epochs }) => epochs === 0)) return trials[0];
      const done: Scored<unknown>[] = [];
      for await (const result of evaluator.evaluate(trials, "reward", this.signal)) {
        const trial = trials.find(({ id }) => id === result.trial)!;
        done.push(
          result.status === "ok"
            ? { ...trial, score: result.score }
            : { ...trial, score: { value: 0 }, status: result.status, reason: result.reason },
        );
      }
      await strategy.tell(done);
    }
  }

  /** A result as the strategy takes it, under its own id of the trial; one of its own making is negative. */
  #scored(
    configuration: Configuration,
    kept: Kept,
    all: readonly Configuration[],
  ): Scored<unknown> | null {
    const { n, folder, architecture, outcome } = configuration;
    const arch = architecture === null ? null : this.#parsed(architecture, folder);
    if (arch === null) return null;
    const { architecture: _text, ...trial } = kept.asked[n] ?? { id: -n, architecture: "" };
    if (outcome!.status === "ok") {
      return { ...trial, arch, score: { value: this.shared.scoreOf(outcome!.loss) } };
    }
    const scores = all.flatMap(({ outcome }) =>
      outcome?.status === "ok" ? [this.shared.scoreOf(outcome.loss)] : []
    );
    const value = this.parts.unfit ?? Math.min(0, ...scores);
    const { reason } = outcome as Extract<Outcome, { status: "error" }>;
    return { ...trial, arch, score: { value }, status: "failed", reason };
  }

  /** A trial that the loop refused, without asking the evaluator, is recorded as failed. */
  async #tell(done: Scored<unknown>[]): Promise<StrategyReport> {
    for (const { id } of done) {
      if (this.#own.has(id + 1) && !this.#seen.has(id + 1)) await this.#finish(id + 1, null);
    }
    const scores = done.map(({ score }) => score.value);
    return scores.length === 0 ? {} : { reward: scores.reduce((a, b) => a + b, 0) / scores.length };
  }

  async #finish(n: number, result: Parameters<WorkingDirectory["finish"]>[1]): Promise<void> {
    await this.shared.directory.finish(n, result);
    this.#own.delete(n);
    this.#seen.add(n);
  }

  evaluator(): Evaluator<unknown> {
    const { evaluator } = this.parts;
    return {
      remembers: true,
      oneByOne: true,
      rewardImages: evaluator.rewardImages,
      evaluate: (trials, on, signal) => this.#evaluate(trials, on, signal),
      snapshot: (): Promise<State> => evaluator.snapshot(),
      restore: (state) => evaluator.restore(state),
    };
  }

  async *#evaluate(
    trials: readonly Trial<unknown>[],
    on: ScoredOn,
    signal: AbortSignal,
  ): AsyncGenerator<Result> {
    const { directory } = this.shared;
    const all = await directory.exclusively(signal, () => directory.read());
    for (const trial of trials) {
      const known = on === "selection"
        ? this.#sameArchitecture(trial, all)
        : all.find(({ n }) => n === trial.id + 1);
      if (known?.outcome) yield this.#recorded(trial.id, known.outcome);
      else yield* this.#measure(trial, on, signal);
    }
  }

  #sameArchitecture({ arch }: Trial<unknown>, all: readonly Configuration[]) {
    const text = this.notation.format(arch);
    return all.find(({ architecture, outcome }) =>
      architecture === text && outcome?.status === "ok"
    );
  }

  #recorded(trial: number, outcome: Outcome): Result {
    if (outcome.status === "error") {
      return { trial, seconds: 0, status: "failed", reason: outcome.reason };
    }
    const value = this.shared.scoreOf(outcome.loss);
    return { trial, seconds: 0, status: "ok", score: { value } };
  }

  async *#measure(
    trial: Trial<unknown>,
    on: ScoredOn,
    signal: AbortSignal,
  ): AsyncGenerator<Result> {
    const began = performance.now();
    for await (const result of this.parts.evaluator.evaluate([trial], on, signal)) {
      if (on === "selection") {
        yield result;
        continue;
      }
      const seconds = (performance.now() - began) / 1000;
      const value = result.status === "ok" ? result.score.value : NaN;
      if (!Number.isFinite(value)) {
        await this.#finish(trial.id + 1, null);
        yield result;
        continue;
      }
      const { lossOf, infoOf } = this.shared;
      const { parameters } = this.parts.sizes(trial.arch);
      const loss = lossOf(value);
      await this.#finish(trial.id + 1, { loss, info: infoOf(value, { seconds, parameters }) });
      // As every process reads it from the directory.
      yield this.#recorded(trial.id, { status: "ok", loss, info: {}, ended: 0 });
    }
  }
}
