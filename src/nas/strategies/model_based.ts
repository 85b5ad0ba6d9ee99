/**
 * Model-based search. After initial random samples, a predictor is fitted to all scores, an acquisition
 * function rates candidates, and the best of them are asked for, again and again. Bayesian optimisation,
 * BANANAS and the others differ only in these three parts.
 */
import { UsageError } from "../../common/errors.ts";
import { Rng, salted, Stream } from "../../common/random.ts";
import type { Predictor } from "../predictors/predictor.ts";
import type { Scored, Strategy, StrategyReport } from "../strategy.ts";
import { acquire, type AcquisitionName, isFixed } from "./acquisition.ts";
import { loadScores, meanReward, type SavedScore, saveScores } from "./asking.ts";
import { type Candidate, type CandidatePlan, findCandidates } from "./candidates.ts";
import type { VariationOperators } from "./variation.ts";
import { type Whole, wholeSpace } from "./whole.ts";

export interface ModelBasedPlan<A> {
  /** Name of the strategy, for messages. */
  name: string;
  /** Random samples before the first fit. */
  initial: number;
  /** Architectures asked for between two fits. */
  batch: number;
  /** Predictors, used in turn from fit to fit. */
  predictors: readonly Predictor<A>[];
  acquisition: AcquisitionName;
  candidates: CandidatePlan;
  /** Key of an architecture: only one of several with equal keys is asked for. */
  key(arch: A): string;
  /** Converts scores to what a predictor learns: the error, or its logarithm. */
  target: (scores: Float64Array) => Float64Array;
}

interface Saved {
  drawn: number;
  trials: number;
  known: SavedScore[];
  queue: number[][];
}

interface Known<A> {
  arch: A;
  score: number;
}

/** Attempts to sample an architecture that is not taken, before a taken one is accepted. */
const TRIES = 1000;

/**
 * Opens a model-based strategy.
 * @throws UsageError where space or encoding have no mutation, or no neighbourhood to climb in, and for an
 * acquisition that cannot be climbed.
 */
export function modelBasedStrategy<A>(
  variation: VariationOperators<A>,
  seed: number,
  plan: ModelBasedPlan<A>,
): Strategy<A> {
  if (plan.acquisition === "ts" && !plan.predictors.every(({ draw }) => draw)) {
    throw new UsageError(
      `Cannot use acquisition ts in ${plan.name}: its predictor draws no functions; try its`,
    );
  }
  if (plan.acquisition === "percentile" && !plan.predictors.every(({ members }) => members)) {
    throw new UsageError(
      `Cannot use acquisition percentile in ${plan.name}: its predictor is no ensemble; try ucb`,
    );
  }
  if (plan.candidates.parents > 0) variation.require(plan.name, "perturb");
  if (plan.candidates.climbs > 0) {
    variation.require(plan.name, "neighbours");
    if (!isFixed(plan.acquisition)) {
      throw new UsageError(
        `Cannot climb by acquisition ${plan.acquisition} in ${plan.name}: it is another at every look; try ei`,
      );
    }
  }
  return new Guided(variation, seed, plan);
}

class Guided<A> implements Strategy<A> {
  readonly #rng: Rng;
  #trials = 0;
  /** Scored architectures in the order of scoring; one scored twice has its last score. */
  #known = new Map<string, Known<A>>();
  /** Candidates picked by the last fit and not yet asked for, the next one first. */
  #queue: A[] = [];
  /** The whole space, listed before the first fit; null where it is too large for the plan. */
  #whole: Whole<A> | null | undefined;

  constructor(
    private readonly variation: VariationOperators<A>,
    private readonly seed: number,
    private readonly plan: ModelBasedPlan<A>,
  ) {
    this.#rng = new Rng(seed, Stream.search);
  }

  draw(n: number): Promise<A[]> {
    const best = this.#ranked().slice(0, Math.max(1, this.plan.candidates.parents));
    const one = () =>
      best.length > 0 && this.plan.candidates.parents > 0
        ? this.variation.perturb(this.#rng.pick(best), this.#rng)
        : this.variation.sample(this.#rng);
    return Promise.resolve(Array.from({ length: n }, one));
  }

  ask(n: number) {
    const asked = new Map<string, A>();
    const taken = new Set(this.#known.keys());
    const take = (arch: A) => {
      const key = this.plan.key(arch);
      asked.set(asked.has(key) ? `${key} again ${asked.size}` : key, arch);
      taken.add(key);
    };
    while (asked.size < n) {
      const guided = this.#trials + asked.size >= this.plan.initial && this.#known.size > 1;
      if (!guided) take(this.#fresh(taken));
      else if (this.#queue.length > 0) take(this.#queue.shift()!);
      else this.#queue = this.#pick(Math.max(this.plan.batch, n - asked.size), taken);
    }
    return Promise.resolve([...asked.values()].map((arch) => ({ id: this.#trials++, arch })));
  }

  tell(done: Scored<A>[]): Promise<StrategyReport> {
    for (const { arch, score } of done) {
      this.#known.set(this.plan.key(arch), { arch, score: score.value });
    }
    return Promise.resolve({ reward: meanReward(done) });
  }

  #ranked(): A[] {
    return [...this.#known.values()].sort((a, b) => b.score - a.score).map(({ arch }) => arch);
  }

  /** Samples an architecture that is not taken; after `TRIES` attempts, one that may be. */
  #fresh(taken: ReadonlySet<string>): A {
    let arch = this.variation.sample(this.#rng);
    for (let i = 0; i < TRIES && taken.has(this.plan.key(arch)); i++) {
      arch = this.variation.sample(this.#rng);
    }
    return arch;
  }

  /** Fits a predictor to all scores and returns the candidates with the best acquisition, at least one. */
  #pick(n: number, taken: ReadonlySet<string>): A[] {
    const { predictors, initial, batch, target, acquisition, candidates, key } = this.plan;
    const turn = Math.floor(Math.max(0, this.#trials - initial) / batch);
    const predictor = predictors[turn % predictors.length];
    if (this.#whole === undefined) {
      this.#whole = wholeSpace(this.variation.space, key, candidates.whole ?? 0);
    }
    // The seed depends only on the number of trials: a restored search repeats no earlier fits.
    const rng = new Rng(this.seed, salted(Stream.search, 1), this.#trials);
    const known = [...this.#known.values()];
    const losses = target(Float64Array.from(known, ({ score }) => score));
    predictor.fit(known.map(({ arch }) => arch), losses, rng);
    const best = losses.reduce((a, b) => Math.min(a, b));
    const values = (archs: readonly A[]) =>
      acquire(acquisition, {
        prediction: predictor.predict(archs),
        best,
        rng,
        draw: () => predictor.draw!(archs, rng),
        members: () => predictor.members!(archs),
      });
    const found: Candidate<A>[] = findCandidates(candidates, {
      variation: this.variation,
      key,
      whole: this.#whole,
      ranked: this.#ranked(),
      taken,
      rng,
      acquire: values,
    });
    const picked = found.slice(0, n).map(({ arch }) => arch);
    return picked.length > 0 ? picked : [this.#fresh(taken)];
  }

  snapshot() {
    const { space } = this.variation;
    const json: Saved = {
      drawn: this.#rng.index,
      trials: this.#trials,
      known: saveScores(space, this.#known.values()),
      queue: this.#queue.map((arch) => space.encode(arch)),
    };
    return Promise.resolve({ json, tensors: {} });
  }

  restore({ json }: { json: unknown }): Promise<void> {
    const { space } = this.variation;
    const saved = json as Saved;
    this.#rng.index = saved.drawn;
    this.#trials = saved.trials;
    this.#known = new Map(
      loadScores(space, saved.known).map((known) => [this.plan.key(known.arch), known]),
    );
    this.#queue = saved.queue.map((choice) => space.decode(choice));
    return Promise.resolve();
  }
}
