/**
 * Successive halving (Jamieson & Talwalkar, AISTATS 2016) and Hyperband (Li et al., JMLR 18, 2018): many
 * architectures train briefly, the best of them longer. The fidelity is the number of training epochs.
 */
import { UsageError } from "../../common/errors.ts";
import { Rng, Stream } from "../../common/random.ts";
import type { Scored, Strategy, Trial } from "../strategy.ts";
import { loadScores, meanReward, type SavedScore, saveScores } from "./asking.ts";
import type { VariationOperators } from "./variation.ts";

export interface HyperbandConfig {
  /** One in `eta` architectures is promoted to the next fidelity. */
  eta: number;
  /** Architectures at the lowest fidelity; 0 = just enough to leave one at the highest. */
  initial: number;
}

interface Saved {
  drawn: number;
  trials: number;
  bracket: number;
  level: number;
  waiting: number[][];
  asked: number;
  scored: SavedScore[];
}

/**
 * Opens successive halving or Hyperband.
 * @param fidelities numbers of epochs that the evaluator can train, ascending.
 * @param brackets Hyperband starts its brackets at each fidelity in turn, successive halving always at the
 * lowest.
 * @throws UsageError with fewer than two fidelities.
 */
export function hyperbandStrategy<A>(
  variation: VariationOperators<A>,
  seed: number,
  fidelities: readonly number[],
  config: HyperbandConfig & { brackets: "all" | "lowest" },
): Strategy<A> {
  if (fidelities.length < 2) {
    throw new UsageError(
      `Cannot halve successively: the evaluator has ${
        fidelities.length === 0 ? "no fidelities" : `one fidelity, ${fidelities[0]} epochs`
      }, expected two at least; ` +
        "try a table with several numbers of epochs, or --evaluator train with more epochs",
    );
  }
  return new Hyperband(variation, new Rng(seed, Stream.search), fidelities, config);
}

class Hyperband<A> implements Strategy<A> {
  #trials = 0;
  /** Indices of the fidelity at which the current bracket started, and of the current one. */
  #bracket = 0;
  #level = 0;
  /** Architectures of the current rung that are not yet asked for; `#asked` counts those without a result. */
  #waiting: A[] = [];
  #asked = 0;
  #scored: { arch: A; score: number }[] = [];

  constructor(
    private readonly variation: VariationOperators<A>,
    private readonly rng: Rng,
    private readonly fidelities: readonly number[],
    private readonly config: HyperbandConfig & { brackets: "all" | "lowest" },
  ) {
    this.#begin(0);
  }

  draw(n: number): Promise<A[]> {
    const best = [...this.#scored].sort((a, b) => b.score - a.score);
    return Promise.resolve(
      Array.from({ length: n }, (_, i) => best[i]?.arch ?? this.variation.sample(this.rng)),
    );
  }

  /** Asks for n trials, or fewer at the end of a rung. */
  ask(n: number): Promise<Trial<A>[]> {
    const epochs = this.fidelities[this.#level];
    const asked = this.#waiting.splice(0, n);
    this.#asked += asked.length;
    const partial = this.#level < this.fidelities.length - 1;
    return Promise.resolve(
      asked.map((arch) => ({ id: this.#trials++, arch, epochs, partial })),
    );
  }

  tell(done: Scored<A>[]) {
    for (const { arch, score } of done) this.#scored.push({ arch, score: score.value });
    this.#asked -= done.length;
    if (this.#asked === 0 && this.#waiting.length === 0) this.#promote();
    return Promise.resolve({ reward: meanReward(done) });
  }

  #promote(): void {
    const last = this.fidelities.length - 1;
    if (this.#level === last) {
      const next = this.config.brackets === "all" ? (this.#bracket + 1) % (last + 1) : 0;
      return this.#begin(next);
    }
    const keep = Math.max(1, Math.floor(this.#scored.length / this.config.eta));
    this.#waiting = [...this.#scored].sort((a, b) => b.score - a.score).slice(0, keep)
      .map(({ arch }) => arch);
    this.#scored = [];
    this.#level++;
  }

  #begin(bracket: number): void {
    const { eta, initial } = this.config;
    const most = initial || eta ** (this.fidelities.length - 1);
    this.#bracket = this.#level = bracket;
    this.#scored = [];
    this.#waiting = Array.from(
      { length: Math.max(1, Math.ceil(most / eta ** bracket)) },
      () => this.variation.sample(this.rng),
    );
  }

  snapshot() {
    const { space } = this.variation;
    const json: Saved = {
      drawn: this.rng.index,
      trials: this.#trials,
      bracket: this.#bracket,
      level: this.#level,
      waiting: this.#waiting.map((arch) => space.encode(arch)),
      asked: this.#asked,
      scored: saveScores(space, this.#scored),
    };
    return Promise.resolve({ json, tensors: {} });
  }

  restore({ json }: { json: unknown }): Promise<void> {
    const { space } = this.variation;
    const saved = json as Saved;
    this.rng.index = saved.drawn;
    this.#trials = saved.trials;
    this.#bracket = saved.bracket;
    this.#level = saved.level;
    this.#waiting = saved.waiting.map((choice) => space.decode(choice));
    this.#asked = saved.asked;
    this.#scored = loadScores(space, saved.scored);
    return Promise.resolve();
  }
}
