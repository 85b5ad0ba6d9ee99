/** Index of a run's events: series, trials, the last event of each type. Reading resumes where it stopped. */
import type { LoggedEvent } from "../../nas/events.ts";
import { eventIn } from "../lines.ts";
import { Columns, mean, stretches } from "./columns.ts";
import { TrialTable } from "./trial_table.ts";

/** The bytes of a run's events.ndjson, which may still grow. */
export interface EventSource {
  /** The whole lines from a byte that begins a line, in blocks. */
  linesFrom(from: number): AsyncIterable<Uint8Array>;
  /** Parts of the file, each by its first byte and its length. */
  read(parts: readonly (readonly [from: number, length: number])[]): Uint8Array[];
}

type Event<Type extends LoggedEvent["type"]> = Extract<LoggedEvent, { type: Type }>;

export class RunIndex {
  /** `seq` of the next event to read. */
  next = 0;
  start: Event<"start"> | null = null;
  controller: Event<"controller"> | null = null;
  best: Event<"best"> | null = null;
  done: Event<"done"> | null = null;
  /** The newest event if it is about compiling, otherwise null. */
  compiling: Event<"compile"> | null = null;
  readonly warnings: string[] = [];
  readonly trials = new TrialTable();
  readonly #steps = new Columns([
    "loss",
    "trainAccuracy",
    "gradientNorm",
    "learningRate",
    "imagesPerSecond",
  ]);
  readonly #epochs = new Columns([
    "loss",
    "trainAccuracy",
    "validAccuracy",
    "policyAccuracy",
    "testAccuracy",
    "seconds",
  ]);
  readonly #reports = new Columns(["loss", "reward", "entropy", "baseline", "skipRate"]);
  /** Weights of a model's kernels by trial; null before the first model. */
  #kernels: Columns<string> | null = null;
  #position = 0;
  #reading: Promise<void> | null = null;

  constructor(private readonly source: EventSource) {}

  /** Reads new events; concurrent calls share the work. */
  refresh(): Promise<this> {
    this.#reading ??= this.#read().finally(() => this.#reading = null);
    return this.#reading.then(() => this);
  }

  /** Down-sampled series, each of at most `points` points. */
  curves(points: number) {
    return {
      next: this.next,
      steps: this.#steps.thinned(points),
      epochs: this.#epochs.thinned(points),
      controller: this.#reports.thinned(points),
      kernels: this.#kernels?.thinned(points) ?? { x: [] },
      ...this.#rewards(points),
    };
  }

  /** Events of trials as they were written. */
  rows(rows: readonly number[]) {
    if (rows.length === 0) return [];
    const { offset, length } = this.trials;
    return this.source.read(rows.map((row) => [offset[row], length[row]])).map((bytes) => {
      const event: Event<"trial"> = JSON.parse(decode(bytes));
      const { trial, epoch, on, score, status, reason, parents, key, choice } = event;
      const { trainedEpochs, inherit } = event;
      const trained = { trainedEpochs, inherit };
      return { trial, epoch, on, score, status, reason, parents, key, choice, ...trained };
    });
  }

  async #read(): Promise<void> {
    for await (const bytes of this.source.linesFrom(this.#position)) this.#takeLines(bytes);
  }

  #takeLines(bytes: Uint8Array): void {
    const text = decode(bytes);
    // The text is nearly always ASCII; then its positions are those in the file.
    const plain = text.length === bytes.length;
    for (let at = 0; at < text.length;) {
      const end = text.indexOf("\n", at) + 1;
      const line = text.slice(at, end);
      const length = plain ? line.length : new TextEncoder().encode(line).length;
      this.#take(line, length);
      at = end;
    }
  }

  #take(line: string, length: number): void {
    const event = eventIn(line);
    if (event) this.#add(event, length);
    else this.warnings.push(`The line at byte ${this.#position} of the events is none: left out`);
    this.#position += length;
  }

  #add(event: LoggedEvent, length: number): void {
    this.next = event.seq + 1;
    this.compiling = event.type === "compile" ? event : null;
    switch (event.type) {
      case "start":
        this.start = event;
        break;
      case "step":
        this.#steps.push(event.step, event);
        break;
      case "epoch":
        this.#epochs.push(event.epoch, event);
        break;
      case "controller":
        this.controller = event;
        this.#reports.push(event.epoch, event);
        break;
      case "trial":
        this.trials.set(event, this.#position, length);
        if (event.model) this.#weigh(event.trial, event.model);
        break;
      case "best":
        this.best = event;
        break;
      case "resume":
        this.#steps.cut(event.fromStep + 1);
        break;
      case "warn":
        this.warnings.push(event.message);
        break;
      case "done":
        this.done = event;
        break;
    }
  }

  #weigh(trial: number, { kernels, weights }: NonNullable<Event<"trial">["model"]>): void {
    this.#kernels ??= new Columns(kernels);
    this.#kernels.push(trial, Object.fromEntries(kernels.map((name, k) => [name, weights[k]])));
  }

  #rewards(points: number) {
    const { trial, score } = this.trials;
    const order = (on: string) =>
      this.trials.trial.map((_, row) => row)
        .filter((row) => this.trials.on[row] === on && this.trials.scored[row]).sort((a, b) =>
          trial[a] - trial[b]
        );
    const rewards = order("reward");
    const best = { x: [] as number[], score: [] as number[] };
    for (const row of rewards) {
      if (best.score.length > 0 && score[row] <= best.score.at(-1)!) continue;
      best.x.push(trial[row]);
      best.score.push(score[row]);
    }
    const pieces = stretches(rewards.length, points).map(([from, to]) => {
      const scores = rewards.slice(from, to).map((row) => score[row]);
      const low = scores.reduce((a, b) => Math.min(a, b));
      const high = scores.reduce((a, b) => Math.max(a, b));
      return { x: trial[rewards[to - 1]], reward: mean(scores), low, high };
    });
    const selected = order("selection");
    const nothing = pieces.map(() => null);
    const trials = {
      x: [...pieces.map(({ x }) => x), ...selected.map((row) => trial[row])],
      reward: [...pieces.map(({ reward }) => reward), ...selected.map(() => null)],
      low: [...pieces.map(({ low }) => low), ...selected.map(() => null)],
      high: [...pieces.map(({ high }) => high), ...selected.map(() => null)],
      selection: [...nothing, ...selected.map((row) => score[row])],
    };
    return { trials, best };
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
