/**
 * Local search (White et al., "Local Search is State of the Art for Neural Architecture Search Benchmarks",
 * 2020; Den Ottelander et al. 2020): moves to a better neighbour; where there is none, restarts.
 */
import { Rng, Stream } from "../../common/random.ts";
import type { Strategy } from "../strategy.ts";
import {
  asTrial,
  type Known,
  loadScores,
  meanReward,
  parentsOf,
  type SavedScore,
  saveScores,
} from "./asking.ts";
import type { VariationOperators } from "./variation.ts";

export interface LocalSearchConfig {
  /** Random samples before each climb, which starts from the best of them. */
  initial: number;
  /** Order in which neighbours are tried; fixed: that of the space or encoding. */
  order: "random" | "fixed";
  /** Score the whole neighbourhood and move to its best, instead of to the first that is better. */
  whole: boolean;
  /** At a minimum: restart from new samples, or continue from the best architecture not fully expanded. */
  atMinimum: "restart" | "continue";
}

interface Saved {
  drawn: number;
  trials: number;
  /** Scored architectures in the order of scoring. */
  seen: SavedScore[];
  expanded: number[][];
  starts: SavedScore[];
  fresh: number;
  here: SavedScore | null;
  left: number[][];
  better: SavedScore | null;
}

/**
 * Opens local search.
 * @throws UsageError where space or encoding have no neighbourhood.
 */
export function localSearchStrategy<A>(
  variation: VariationOperators<A>,
  seed: number,
  config: LocalSearchConfig,
): Strategy<A> {
  variation.require("local search", "neighbours");
  return new LocalSearch(variation, new Rng(seed, Stream.search), config);
}

/** Attempts to sample an architecture that is not scored yet. */
const ENOUGH = 10_000;

class LocalSearch<A> implements Strategy<A> {
  #trials = 0;
  /** All scored architectures; they are not asked for again. */
  #seen = new Map<string, Known<A>>();
  /** Keys of architectures whose neighbours have all been tried. */
  #expanded = new Set<string>();
  /** Samples of the current start, and how many are still missing. */
  #starts: Known<A>[] = [];
  #fresh: number;
  #here: Known<A> | null = null;
  /** Neighbours still to be tried, the next one last. */
  #left: A[] = [];
  /** The best neighbour so far, when a whole neighbourhood is scored. */
  #better: Known<A> | null = null;

  constructor(
    private readonly variation: VariationOperators<A>,
    private readonly rng: Rng,
    private readonly config: LocalSearchConfig,
  ) {
    this.#fresh = config.initial;
  }

  draw(n: number): Promise<A[]> {
    return Promise.resolve(
      Array.from({ length: n }, () => this.#here?.arch ?? this.variation.sample(this.rng)),
    );
  }

  ask(n: number) {
    const asked = new Map<string, A>();
    while (asked.size < n) {
      const arch = this.#next(asked.size > 0);
      if (arch === null) break;
      asked.set(this.#key(arch), arch);
    }
    // Samples of a start have no parents; neighbours have the current architecture.
    const parents = this.#here ? parentsOf(this.#here) : [];
    const trials = [...asked.values()].map((arch) => asTrial(this.#trials++, { arch, parents }));
    return Promise.resolve(trials);
  }

  tell(done: Parameters<Strategy<A>["tell"]>[0]) {
    for (const { id, arch, score } of done) this.#learn({ arch, score: score.value, trial: id });
    return Promise.resolve({ reward: meanReward(done) });
  }

  #key(arch: A): string {
    return this.variation.space.key(arch);
  }

  /** The next architecture to score; null where results of those already asked for are needed first. */
  #next(asked: boolean): A | null {
    for (let tries = 0;; tries++) {
      if (this.#fresh > 0) {
        const arch = this.variation.sample(this.rng);
        const known = this.#seen.get(this.#key(arch));
        this.#fresh--;
        // After many attempts all samples were known: ask for a known one again.
        if (!known || tries > ENOUGH) return arch;
        this.#starts.push(known);
        if (this.#fresh === 0 && !asked) this.#begin();
        continue;
      }
      if (!this.#here) {
        if (asked) return null;
        this.#begin();
      }
      const arch = this.#left.pop();
      if (arch === undefined) {
        if (asked) return null;
        this.#finishNeighbourhood();
      } else if (!this.#seen.has(this.#key(arch))) return arch;
    }
  }

  #learn(found: Known<A>): void {
    this.#seen.set(this.#key(found.arch), found);
    if (!this.#here) {
      this.#starts.push(found);
    } else if (found.score > (this.#better ?? this.#here).score) {
      if (this.config.whole) this.#better = found;
      else this.#goTo(found);
    }
  }

  #begin(): void {
    const best = this.#starts.reduce((a, b) => b.score > a.score ? b : a);
    this.#starts = [];
    this.#goTo(best);
  }

  #goTo(next: Known<A>): void {
    this.#here = next;
    this.#better = null;
    const all = this.variation.neighbours(next.arch);
    const order = this.config.order === "random"
      ? this.rng.permutation(all.length)
      : all.map((_, i) => all.length - 1 - i);
    this.#left = Array.from(order, (i) => all[i]);
  }

  #finishNeighbourhood(): void {
    this.#expanded.add(this.#key(this.#here!.arch));
    if (this.#better) return this.#goTo(this.#better);
    const open = this.config.atMinimum === "continue" ? this.#bestOpen() : null;
    if (open) return this.#goTo(open);
    this.#here = null;
    this.#fresh = this.config.initial;
  }

  #bestOpen(): Known<A> | null {
    let best: Known<A> | null = null;
    for (const [key, known] of this.#seen) {
      if (!this.#expanded.has(key) && known.score > (best?.score ?? -Infinity)) best = known;
    }
    return best;
  }

  snapshot() {
    const { space } = this.variation;
    const one = (known: Known<A> | null) => known && saveScores(space, [known])[0];
    const json: Saved = {
      drawn: this.rng.index,
      trials: this.#trials,
      seen: saveScores(space, this.#seen.values()),
      expanded: [...this.#expanded].map((key) => space.encode(this.#seen.get(key)!.arch)),
      starts: saveScores(space, this.#starts),
      fresh: this.#fresh,
      here: one(this.#here),
      left: this.#left.map((arch) => space.encode(arch)),
      better: one(this.#better),
    };
    return Promise.resolve({ json, tensors: {} });
  }

  restore({ json }: { json: unknown }): Promise<void> {
    const { space } = this.variation;
    const saved = json as Saved;
    const one = (known: SavedScore | null) => known && loadScores(space, [known])[0];
    this.rng.index = saved.drawn;
    this.#trials = saved.trials;
    this.#seen = new Map(
      loadScores(space, saved.seen).map((known) => [this.#key(known.arch), known]),
    );
    this.#expanded = new Set(saved.expanded.map((choice) => this.#key(space.decode(choice))));
    this.#starts = loadScores(space, saved.starts);
    this.#fresh = saved.fresh;
    this.#here = one(saved.here);
    this.#left = saved.left.map((choice) => space.decode(choice));
    this.#better = one(saved.better);
    return Promise.resolve();
  }
}
