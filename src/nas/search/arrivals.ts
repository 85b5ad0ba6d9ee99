/**
 * Asynchronous rounds: as many trials as the evaluator can take are evaluated at the same time, each result is
 * told as it arrives, and the next trial is asked for at once. The number of trials is that of the
 * synchronous rounds. Trials asked and not told are part of the search's position, so that a resumed search
 * hands out the same ones again.
 */
import type { Result } from "../evaluator.ts";
import type { SearchParts } from "./loop.ts";
import type { Position } from "./position.ts";
import type { Scoring } from "./scoring.ts";
import type { Scored, StrategyReport, Trial } from "../strategy.ts";

/** A finished evaluation. */
interface Arrival<A> {
  trial: Trial<A>;
  result: Result;
  evaluated: boolean;
}

/** Largest share of the time that is spent on saving the state between two results. */
const SAVING_SHARE = 0.1;

/** Milliseconds between two looks for new workers while no result arrives. */
const LOOK_MS = 1000;

/** Whether a search goes on asynchronously: its strategy allows it, and it has workers or had them before. */
export function isAsynchronous<A>(
  { strategy, evaluator }: Pick<SearchParts<A>, "strategy" | "evaluator">,
  { told }: Pick<Position, "told">,
): boolean {
  return told !== undefined || strategy.order === "arrival" && evaluator.capacity !== undefined;
}

export class Arrivals<A> {
  #running = 0;
  readonly #arrived: Arrival<A>[] = [];
  #failure: { error: unknown } | undefined;
  /** Ends the wait for a change. */
  #wake = () => {};
  /** Time of the last save and its duration, in ms. */
  #saved = performance.now();
  #saving = 0;
  #unsaved = false;

  constructor(
    private readonly parts:
      & Pick<SearchParts<A>, "config" | "space" | "strategy" | "evaluator">
      & {
        /** Whether the time of the search is over: no more trials are asked for. */
        isLate(): boolean;
      },
    private readonly scoring: Scoring<A>,
    private readonly at: Position,
    private readonly signal: AbortSignal,
  ) {
    at.told ??= at.round * parts.config.perRound;
    at.pending ??= [];
  }

  /**
   * Yields each told trial with the strategy's report, and null where the state should be saved; call `saved`
   * after a save.
   */
  async *run(): AsyncGenerator<{ scored: Scored<A>; report: StrategyReport } | null> {
    const { space, strategy, config } = this.parts;
    const limit = config.rounds * config.perRound;
    for (const { choice, ...trial } of this.at.pending!) {
      this.#start({ ...trial, arch: space.decode(choice) });
    }
    while (this.at.told! < limit) {
      if (!this.signal.aborted) await this.#refill(limit);
      if (this.#running === 0 && this.#arrived.length === 0 && !this.#failure) {
        if (strategy.finished !== undefined || this.parts.isLate()) return;
        throw new Error(
          `Cannot go on: strategy ${config.strategy.kind} asked for no trial while none was evaluated`,
        );
      }
      const arrival = await this.#next();
      if (arrival === "more") continue;
      if (arrival === null) {
        yield null;
        continue;
      }
      const { trial, result, evaluated } = arrival;
      this.at.pending = this.at.pending!.filter(({ id }) => id !== trial.id);
      if (evaluated) this.at.queries++;
      const [scored] = this.scoring.scored([trial], [result]);
      const report = await strategy.tell([scored]);
      this.at.told!++;
      this.at.round = Math.floor(this.at.told! / config.perRound);
      this.#unsaved = true;
      // The next trial starts before the events are written and the state is saved.
      if (!this.signal.aborted) await this.#refill(limit);
      yield { scored, report };
      if (this.#isDue()) yield null;
    }
  }

  /** Notes that the state was saved. @param ms duration of saving. */
  saved(ms: number): void {
    this.#saved = performance.now();
    this.#saving = ms;
    this.#unsaved = false;
  }

  #isDue(): boolean {
    return this.signal.aborted || this.#unsaved && this.#wait() === 0;
  }

  /** Time until the state may be saved again, in ms. */
  #wait(): number {
    return Math.max(0, this.#saved + this.#saving / SAVING_SHARE - performance.now());
  }

  /** Asks for trials while the evaluator can take more. */
  async #refill(limit: number): Promise<void> {
    const { strategy, evaluator, space } = this.parts;
    const most = Math.max(1, evaluator.capacity?.() ?? 1);
    const { pending } = this.at;
    while (pending!.length < most && this.at.told! + pending!.length < limit) {
      if (this.parts.isLate()) return;
      const asked = await strategy.ask(1);
      if (asked.length === 0) return;
      for (const trial of asked) {
        const { arch, ...plain } = { ...trial, askedAfter: this.at.told! };
        pending!.push({ ...plain, choice: space.encode(arch) });
        this.#start({ ...plain, arch });
      }
    }
  }

  #start(trial: Trial<A>): void {
    this.#running++;
    this.scoring.one(trial).then(
      (done) => this.#arrived.push({ trial, ...done }),
      (error) => this.#failure ??= { error },
    ).finally(() => {
      this.#running--;
      this.#wake();
    });
  }

  /**
   * The next result; null where it takes so long that the state is saved meanwhile, "more" where it is time
   * to look for new workers.
   */
  async #next(): Promise<Arrival<A> | null | "more"> {
    while (this.#arrived.length === 0) {
      // An interrupted search saves its state before it ends.
      if (this.signal.aborted) return null;
      if (this.#failure) throw this.#failure.error;
      if (this.#isDue()) return null;
      const changed = await this.#change(this.#unsaved ? this.#wait() : LOOK_MS);
      if (!changed && !this.#isDue()) return "more";
    }
    return this.#arrived.shift()!;
  }

  /** Waits for a result or a failure, at most `ms`. @returns whether there was one. */
  async #change(ms: number): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const changed = await new Promise<boolean>((resolve) => {
      this.#wake = () => resolve(true);
      timer = setTimeout(resolve, ms, false);
    });
    clearTimeout(timer);
    return changed;
  }
}
