/**
 * ASHA, asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning",
 * MLSys 2020, algorithm 2): an architecture is promoted to the next fidelity as soon as it is among the best
 * of those that are finished at its own; no rung waits for its last trial.
 */
import { UsageError } from "../../common/errors.ts";
import { Rng, Stream } from "../../common/random.ts";
import type { Scored, Strategy, Trial } from "../strategy.ts";
import { type Known, loadScores, meanReward, type SavedScore, saveScores } from "./asking.ts";
import type { VariationOperators } from "./variation.ts";

interface Saved {
  drawn: number;
  trials: number;
  rungs: { scored: SavedScore[]; promoted: number[] }[];
}

/** One fidelity: its finished trials in told order, and the ids of those that were promoted. */
interface Rung<A> {
  scored: (Known<A> & { trial: number })[];
  promoted: Set<number>;
}

/**
 * Opens ASHA.
 * @param fidelities numbers of epochs that the evaluator can train, ascending.
 * @param eta one in `eta` architectures is promoted.
 * @throws UsageError with fewer than two fidelities.
 */
export function ashaStrategy<A>(
  variation: VariationOperators<A>,
  seed: number,
  fidelities: readonly number[],
  eta: number,
): Strategy<A> {
  if (fidelities.length < 2) {
    throw new UsageError(
      `Cannot halve successively: the evaluator offers ${fidelities.length} lengths of training, ` +
        "expected two at least; try a table with several, or --evaluator train with more epochs",
    );
  }
  return new Asha(variation, new Rng(seed, Stream.search), fidelities, eta);
}

class Asha<A> implements Strategy<A> {
  readonly order = "arrival";
  #trials = 0;
  #rungs: Rung<A>[];

  constructor(
    private readonly variation: VariationOperators<A>,
    private readonly rng: Rng,
    private readonly fidelities: readonly number[],
    private readonly eta: number,
  ) {
    this.#rungs = fidelities.map(() => ({ scored: [], promoted: new Set() }));
  }

  /** The best of the highest rung, then random ones. */
  draw(n: number): Promise<A[]> {
    const top = this.#rungs.findLast(({ scored }) => scored.length > 0)?.scored ?? [];
    const best = byScore(top);
    return Promise.resolve(
      Array.from({ length: n }, (_, i) => best[i]?.arch ?? this.variation.sample(this.rng)),
    );
  }

  ask(n: number): Promise<Trial<A>[]> {
    return Promise.resolve(Array.from({ length: n }, () => this.#one()));
  }

  tell(done: Scored<A>[]) {
    for (const { id, arch, epochs, score } of done) {
      const level = this.fidelities.indexOf(epochs!);
      this.#rungs[level].scored.push({ arch, score: score.value, trial: id });
    }
    return Promise.resolve({ reward: meanReward(done) });
  }

  /** The next promotion, of the highest rung that has one; else a new architecture in the lowest rung. */
  #one(): Trial<A> {
    for (let level = this.#rungs.length - 2; level >= 0; level--) {
      const { scored, promoted } = this.#rungs[level];
      const most = Math.floor(scored.length / this.eta);
      const next = byScore(scored).slice(0, most).find(({ trial }) => !promoted.has(trial));
      if (!next) continue;
      promoted.add(next.trial);
      return this.#trial(next.arch, level + 1, [next.trial]);
    }
    return this.#trial(this.variation.sample(this.rng), 0);
  }

  #trial(arch: A, level: number, parents?: number[]): Trial<A> {
    const partial = level < this.fidelities.length - 1;
    const trial = { id: this.#trials++, arch, epochs: this.fidelities[level], partial };
    return parents ? { ...trial, parents } : trial;
  }

  snapshot() {
    const { space } = this.variation;
    const json: Saved = {
      drawn: this.rng.index,
      trials: this.#trials,
      rungs: this.#rungs.map(({ scored, promoted }) => ({
        scored: saveScores(space, scored),
        promoted: [...promoted],
      })),
    };
    return Promise.resolve({ json, tensors: {} });
  }

  restore({ json }: { json: unknown }): Promise<void> {
    const saved = json as Saved;
    this.rng.index = saved.drawn;
    this.#trials = saved.trials;
    this.#rungs = saved.rungs.map(({ scored, promoted }) => ({
      scored: loadScores(this.variation.space, scored) as Rung<A>["scored"],
      promoted: new Set(promoted),
    }));
    return Promise.resolve();
  }
}

/** By falling score; of equal ones the one told first. */
const byScore = <K extends { score: number }>(all: readonly K[]): K[] =>
  all.toSorted((a, b) => b.score - a.score);
