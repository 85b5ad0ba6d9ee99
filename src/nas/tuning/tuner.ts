/**
 * Chooses between forms of kernels by timing them, those first that most of a run depends on. A form that the
 * op would not take by itself has to win twice, by a clear margin: machines are noisy.
 */
import type { Gpu } from "../../gpu/device.ts";
import { Stopwatch, type Work } from "../../gpu/stopwatch.ts";
import { type Choice, digestOf } from "../../gpu/tuning.ts";
import type { OpPass } from "./passes.ts";
import { Prepared } from "./prepared.ts";

/** Of the time of the default: what another form may take at most to be chosen. */
const CLEARLY_FASTER = 0.95;
/** A form that takes so many times as long as the default is not measured any further: by one sample, by several. */
const HOPELESS = { one: 8, several: 2 };
/** How many several are. */
const SEVERAL = 3;
/** Samples of each form, once to find a winner and once more to believe it. */
const ROUNDS = 6;
/** Shapes that stand for all of a key: so many of the weightiest, or as many as make up `COVERED`. */
const MOST_PARTS = 3;
const COVERED = 0.8;
/** Share of the whole time that one key may take, once each form was sampled twice. */
const KEY_SHARE = 0.1;

export interface TuneOptions {
  passes: readonly OpPass[];
  /** Stops after so many seconds: what is not measured by then keeps its default. */
  seconds: number;
  signal?: AbortSignal;
  /** Keys that need not be measured. */
  known?: ReadonlySet<string>;
  /** Milliseconds so far; for tests. */
  clock?: () => number;
}

/** What became of one key. */
export interface Measured {
  key: string;
  candidates: readonly unknown[];
  /** Milliseconds by candidate, of what stands for the key; Infinity where one was hopelessly slow. */
  ms: number[];
  choice: Choice;
  /** Keys measured so far, this one included, and keys to come. */
  done: number;
  left: number;
  secondsLeft: number;
}

/** A pass that asks for a key; of a backward pass the gradients that do. */
interface Part {
  pass: OpPass;
  wanted: number[];
}

/** A candidate of the key that is being measured. */
interface Form {
  index: number;
  /** Milliseconds, roughly. */
  estimate: number;
  work: Work;
}

/** Milliseconds by candidate, measured twice; Infinity where one was hopelessly slow. */
type Rows = [first: number[], second: number[]];

interface Question {
  candidates: readonly unknown[];
  parts: Part[];
  weight: number;
}

/** Measures key after key; what it yielded is decided. The device should do nothing else meanwhile. */
export async function* tune(gpu: Gpu, options: TuneOptions): AsyncGenerator<Measured> {
  const before = gpu.tuning.choices;
  const tuner = new Tuner(gpu, options, await Stopwatch.start(gpu));
  try {
    yield* tuner.all();
  } finally {
    await tuner.stop();
    gpu.tuning.choices = before;
  }
}

/** The keys that these passes ask for, where there is something to choose. */
export function keysOf(gpu: Gpu, passes: readonly OpPass[]): Set<string> {
  const keys = new Set<string>();
  for (const pass of passes) {
    for (const [key] of questionsOf(gpu, new Prepared(gpu, pass, true))) keys.add(key);
  }
  return keys;
}

/** What a pass asks for where there is more than one answer. */
function questionsOf(gpu: Gpu, pass: Prepared, wanted?: readonly number[]) {
  const asked = gpu.questions(() => pass.record(wanted));
  return [...asked].filter(([, candidates]) => candidates.length > 1);
}

class Tuner {
  readonly #open = new Map<string, Question>();
  readonly #decided = new Map<string, number>();
  readonly #deadline: number;

  constructor(
    private readonly gpu: Gpu,
    private readonly options: TuneOptions,
    private readonly watch: Stopwatch,
  ) {
    this.#deadline = this.#now() + options.seconds * 1000;
    for (const pass of options.passes) this.#ask(pass);
  }

  async *all(): AsyncGenerator<Measured> {
    for (let next = this.#weightiest(); next; next = this.#weightiest()) {
      const [key, question] = next;
      const rows = await this.#measure(key, question);
      if (rows === null) return;
      this.#open.delete(key);
      const index = decide(rows);
      this.#decided.set(key, index);
      // Another form may have choices of its own.
      if (index > 0) question.parts.forEach(({ pass }) => this.#ask(pass));
      yield {
        key,
        candidates: question.candidates,
        ms: rows[0].map((ms, i) => Math.min(ms, rows[1][i])),
        choice: { index, among: digestOf(question.candidates) },
        done: this.#decided.size,
        left: this.#open.size,
        secondsLeft: Math.max(0, (this.#deadline - this.#now()) / 1000),
      };
    }
  }

  async stop(): Promise<void> {
    await this.watch.stop();
  }

  #now(): number {
    return (this.options.clock ?? (() => performance.now()))();
  }

  /** Notes what a pass asks for under the choices made so far. */
  #ask(pass: OpPass): void {
    const { gpu } = this;
    gpu.tuning.choices = Object.fromEntries(this.#decided);
    const dry = new Prepared(gpu, pass, true);
    for (const [key, candidates] of questionsOf(gpu, dry)) {
      if (this.#decided.has(key) || this.options.known?.has(key)) continue;
      const alone = dry.wanted.filter((i) =>
        questionsOf(gpu, dry, [i]).some(([other]) => other === key)
      );
      const part = { pass, wanted: alone.length ? alone : dry.wanted };
      const question = this.#open.get(key);
      if (!question) this.#open.set(key, { candidates, parts: [part], weight: pass.weight });
      else if (!question.parts.some((p) => p.pass === pass)) {
        question.parts.push(part);
        question.weight += pass.weight;
      }
    }
  }

  #weightiest(): [string, Question] | undefined {
    if (this.#now() >= this.#deadline) return undefined;
    return [...this.#open].sort(([, a], [, b]) => b.weight - a.weight)[0];
  }

  /** Two rows of times of all candidates; null when time was up before they were known. */
  async #measure(key: string, { candidates, parts, weight }: Question): Promise<Rows | null> {
    const sums: Rows = [candidates.map(() => 0), candidates.map(() => 0)];
    const until = this.#now() + KEY_SHARE * this.options.seconds * 1000;
    let covered = 0;
    const weightiest = parts.toSorted((a, b) => b.pass.weight - a.pass.weight);
    for (const part of weightiest.slice(0, MOST_PARTS)) {
      const rows = await this.#timesOf(key, candidates.length, part, until);
      if (rows === null) return null;
      rows.forEach((row, r) => row.forEach((ms, i) => sums[r][i] += part.pass.times * ms));
      covered += part.pass.weight;
      if (covered >= COVERED * weight) break;
    }
    return sums;
  }

  /** Milliseconds of one part by candidate, in two independent rows of samples. */
  async #timesOf(
    key: string,
    candidates: number,
    part: Part,
    until: number,
  ): Promise<Rows | null> {
    const { gpu } = this;
    const prepared = new Prepared(gpu, part.pass);
    const base = Object.fromEntries(this.#decided);
    const forms = Array.from({ length: candidates }, (_, i): Form => ({
      index: i,
      estimate: 0,
      work: () => {
        gpu.tuning.choices = { ...base, [key]: i };
        prepared.record(part.wanted);
      },
    }));
    try {
      for (const form of forms) {
        form.estimate = await this.watch.estimate(form.work);
        if (this.#over()) return null;
      }
      const most = HOPELESS.one * forms[0].estimate;
      let alive = forms.filter(({ estimate }) => estimate <= most);
      const rows: Rows = [forms.map(() => Infinity), forms.map(() => Infinity)];
      for (const row of rows) {
        alive = await this.#sample(alive, row, until);
        if (this.#over()) return null;
      }
      return rows;
    } finally {
      prepared.release();
    }
  }

  /** Puts the fastest of some samples of each form into `best`; returns the forms that are worth more. */
  async #sample(forms: readonly Form[], best: number[], until: number): Promise<Form[]> {
    let alive = [...forms];
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0 && this.#now() > until) break;
      const sample = await this.watch.sample(
        alive.map(({ work }) => work),
        alive.map(({ estimate }) => estimate),
      );
      alive.forEach(({ index }, k) => best[index] = Math.min(best[index], sample[k]));
      if (this.#over()) break;
      if (round + 1 < SEVERAL) continue;
      alive = alive.filter(({ index }) => best[index] <= HOPELESS.several * best[0]);
    }
    return alive;
  }

  /** Whether time is up; throws when it was stopped. */
  #over(): boolean {
    this.options.signal?.throwIfAborted();
    return this.#now() >= this.#deadline;
  }
}

/** The form that is clearly the fastest in both rows; the default where none is. */
function decide([first, second]: Rows): number {
  const best = first.indexOf(Math.min(...first));
  const clear = (row: readonly number[]) => row[best] <= CLEARLY_FASTER * row[0];
  return clear(first) && clear(second) ? best : 0;
}
