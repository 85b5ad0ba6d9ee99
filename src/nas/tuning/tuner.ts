/**
 * Chooses between kernel variants by timing them, starting with the keys that most of a run depends on. A
 * variant other than the op's default must win twice by a clear margin: timings are noisy.
 */
import type { Gpu } from "../../gpu/device.ts";
import { Stopwatch, type Work } from "../../gpu/stopwatch.ts";
import { type Choice, type Choices, digestOf, isHalf } from "../../gpu/tuning.ts";
import { compileForms, type Job } from "./compiling.ts";
import { CLEARLY_FASTER, CLEARLY_SLOWER, fastest, Hopes, type Samples } from "./judge.ts";
import type { OpPass } from "./passes.ts";
import { Prepared } from "./prepared.ts";
import { byWeight, type Part, type Question, Questions } from "./questions.ts";

/**
 * Variants slower than the default by this factor are not measured further: after one sample, after several.
 */
const HOPELESS = { one: 8, several: 2 };
/** Samples per variant: once to find a winner, once more to confirm it. */
const ROUNDS = 6;
/** Number of samples that count as several. */
const SEVERAL = 2;
/**
 * Number of shapes that a variant has to win at: the weightiest ones, until they make up `COVERED` of the
 * weight. If it does not win at the first, the others are skipped, since each takes time to compile.
 */
const MOST_PARTS = 3;
const COVERED = 0.8;
/** Keys whose variants are compiled together; not more, since later keys may need fewer variants. */
const AHEAD = 6;
/** Largest share of the total time for one key, though each variant is sampled at least once. */
const KEY_SHARE = 0.1;

export interface TuneOptions {
  passes: readonly OpPass[];
  /** Time limit in seconds; keys not measured by then keep their default. */
  seconds: number;
  signal?: AbortSignal;
  /** Keys already measured, which are skipped. */
  known?: ReadonlySet<string>;
  /** Also try variants that compute in float16. Default: only those in float32. */
  float16?: boolean;
  /** Clock in milliseconds; for tests. */
  clock?: () => number;
  /** The stopwatch that times the variants; replaced in tests. Default: one on the device. */
  watch?: Watch;
}

/** The part of a stopwatch that compares variants. */
export type Watch = Pick<Stopwatch, "estimate" | "sample" | "stop">;

/** Result of one key. */
export interface Measured {
  key: string;
  candidates: readonly unknown[];
  /**
   * Milliseconds by candidate at the weightiest shape; Infinity for a hopeless one, here or at other keys.
   */
  ms: number[];
  /** Milliseconds by default and as chosen, summed over all occurrences of the measured shapes. */
  before: number;
  after: number;
  choice: Choice;
  /** Numbers of keys measured, including this one, and of keys left. */
  done: number;
  left: number;
  /** Share of the keys' work measured so far. */
  covered: number;
  secondsLeft: number;
}

/** A variant of the key that is being measured. */
interface Form {
  index: number;
  /** Rough milliseconds. */
  estimate: number;
  work: Work;
}

type Answer = Pick<Measured, "ms" | "before" | "after"> & { index: number };

/** Measures key after key; a yielded key is decided. Do not use the device for anything else meanwhile. */
export async function* tune(gpu: Gpu, options: TuneOptions): AsyncGenerator<Measured> {
  const before = gpu.tuning.choices;
  const tuner = new Tuner(gpu, options, options.watch ?? await Stopwatch.start(gpu));
  try {
    yield* tuner.all();
  } finally {
    await tuner.stop();
    gpu.tuning.choices = before;
  }
}

class Tuner {
  readonly #questions: Questions;
  readonly #decided = new Map<string, number>();
  readonly #hopes = new Hopes();
  /** Keys whose variants are compiled. */
  readonly #compiled = new Set<string>();
  /** Total weight of decided keys. */
  #measured = 0;
  readonly #started: number;
  readonly #deadline: number;

  constructor(
    private readonly gpu: Gpu,
    private readonly options: TuneOptions,
    private readonly watch: Watch,
  ) {
    this.#started = this.#now();
    this.#deadline = this.#started + options.seconds * 1000;
    this.#questions = new Questions(gpu);
    for (const pass of options.passes) this.#ask(pass);
  }

  async *all(): AsyncGenerator<Measured> {
    for (let next = this.#weightiest(); next; next = this.#weightiest()) {
      const [key, question] = next;
      if (!this.#compiled.has(key)) await this.#compile();
      const answer = await this.#measure(key, question);
      if (answer === null) return;
      const { index, ...times } = answer;
      this.#questions.open.delete(key);
      this.#measured += question.weight;
      this.#decided.set(key, index);
      // The chosen variant may have choices of its own.
      if (index > 0) question.parts.forEach(({ pass }) => this.#ask(pass));
      yield {
        key,
        candidates: question.candidates,
        ...times,
        choice: { index, among: digestOf(question.candidates) },
        done: this.#decided.size,
        left: this.#questions.open.size,
        covered: this.#measured / (this.#measured + this.#questions.weight),
        secondsLeft: Math.max(0, (this.#deadline - this.#now()) / 1000),
      };
    }
  }

  async stop(): Promise<void> {
    await this.watch.stop();
  }

  /** Indices of the candidates to measure. */
  #worth(key: string, candidates: readonly unknown[]): number[] {
    const { float16 = false } = this.options;
    return this.#hopes.worth(key, candidates).filter((i) => float16 || !isHalf(candidates[i]));
  }

  #now(): number {
    return (this.options.clock ?? (() => performance.now()))();
  }

  /** Adds the keys that a pass uses under the choices made so far. */
  #ask(pass: OpPass): void {
    const answered = (key: string) =>
      this.#decided.has(key) || (this.options.known?.has(key) ?? false);
    this.#questions.ask(pass, this.#choices, answered);
  }

  get #choices(): Choices {
    return Object.fromEntries(this.#decided);
  }

  /** Mean milliseconds per key so far. */
  get #mean(): number {
    return this.#decided.size && (this.#now() - this.#started) / this.#decided.size;
  }

  /** The key to measure next; undefined if the time left is probably too short. */
  #weightiest(): [string, Question] | undefined {
    if (this.#now() + this.#mean >= this.#deadline) return undefined;
    return this.#questions.sorted[0];
  }

  /** Compiles the variants of the next keys, as many as there is probably time for. */
  async #compile(): Promise<void> {
    const most = Math.min(AHEAD, (this.#deadline - this.#now()) / Math.max(1, this.#mean));
    const base = this.#choices;
    const jobs: Job[] = [];
    for (const [key, question] of this.#questions.sorted.slice(0, Math.ceil(most))) {
      const [part] = byWeight(question);
      const worth = this.#worth(key, question.candidates);
      if (worth.length > 1) {
        jobs.push(...worth.map((index) => ({ part, choices: { ...base, [key]: index } })));
      }
      this.#compiled.add(key);
    }
    await compileForms(this.gpu, jobs, () => this.#over());
  }

  /** Measures one key; null if time ran out first. */
  async #measure(key: string, question: Question): Promise<Answer | null> {
    const { candidates, weight } = question;
    const until = this.#now() + KEY_SHARE * this.options.seconds * 1000;
    const [first, ...others] = byWeight(question);
    const worth = this.#worth(key, candidates);
    const untried = candidates.map(() => Infinity);
    if (worth.length === 1) return { index: 0, ms: untried, before: 0, after: 0 };
    const found = await this.#compare(key, first, worth, until);
    if (found === null) return null;
    const ms = candidates.map((_, i) => found.ms.get(i) ?? Infinity);
    this.#hopes.note(key, candidates, worth.filter((i) => ms[i] > CLEARLY_SLOWER * ms[0]));
    const { best } = found;
    const times = [0, best].map((i) => first.pass.times * ms[i]);
    let covered = first.pass.weight;
    for (const part of best === 0 ? [] : others.slice(0, MOST_PARTS - 1)) {
      if (covered >= COVERED * weight) break;
      const more = await this.#compare(key, part, [0, best], until);
      if (more === null) return null;
      [0, best].forEach((i, k) => times[k] += part.pass.times * (more.ms.get(i) ?? Infinity));
      covered += part.pass.weight;
    }
    const [before, after] = times;
    const index = after <= CLEARLY_FASTER * before ? best : 0;
    return { index, ms, before, after: index ? after : before };
  }

  /**
   * Milliseconds of one part by candidate, and the candidate that was clearly the fastest twice, otherwise 0.
   * Null if time ran out.
   */
  async #compare(key: string, part: Part, worth: readonly number[], until: number) {
    const { gpu } = this;
    const prepared = new Prepared(gpu, part.pass);
    const base = this.#choices;
    const forms = worth.map((index): Form => ({
      index,
      estimate: 0,
      work: () => {
        gpu.tuning.choices = { ...base, [key]: index };
        prepared.record(part.wanted);
      },
    }));
    try {
      for (const form of forms) {
        form.estimate = await this.watch.estimate(form.work);
        if (this.#over()) return null;
      }
      const most = HOPELESS.one * forms[0].estimate;
      const samples = await this.#sample(forms.filter(({ estimate }) => estimate <= most), until);
      if (this.#over()) return null;
      let best = fastest(samples);
      if (best > 0) {
        const two = forms.filter(({ index }) => index === 0 || index === best);
        const again = await this.#sample(two, until);
        if (this.#over()) return null;
        if (fastest(again) !== best) best = 0;
        for (const [index, times] of again) samples.get(index)!.push(...times);
      }
      return { ms: new Map([...samples].map(([i, times]) => [i, Math.min(...times)])), best };
    } finally {
      prepared.release();
    }
  }

  /** Samples of the variants in turn, by index; slow ones are dropped early. */
  async #sample(forms: readonly Form[], until: number): Promise<Samples> {
    const samples: Samples = new Map(forms.map(({ index }) => [index, []]));
    const least = (index: number) => Math.min(...samples.get(index)!);
    let alive = [...forms];
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0 && this.#now() > until) break;
      const times = await this.watch.sample(
        alive.map(({ work }) => work),
        alive.map(({ estimate }) => estimate),
      );
      alive.forEach(({ index }, k) => samples.get(index)!.push(times[k]));
      if (this.#over()) break;
      if (round + 1 < SEVERAL) continue;
      alive = alive.filter(({ index }) => least(index) <= HOPELESS.several * least(0));
    }
    return samples;
  }

  /** Whether time is up; throws when the signal aborted. */
  #over(): boolean {
    this.options.signal?.throwIfAborted();
    return this.#now() >= this.#deadline;
  }
}
