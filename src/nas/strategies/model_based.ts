/**
 * Model-based search. After initial random samples, a predictor is fitted to all scores, an acquisition
 * function rates candidates, and the best of them are asked for, again and again. Bayesian optimisation,
 * BANANAS and the others differ only in these three parts.
 */
import { UsageError } from "../../common/errors.ts";
import { Rng, salted, Stream } from "../../common/random.ts";
import { UnfitError } from "../predictors/gaussian_process.ts";
import type { Predictor } from "../predictors/predictor.ts";
import type { ModelFit, Scored, Strategy, StrategyReport } from "../strategy.ts";
import { acquire, type AcquisitionName, isFixed } from "./acquisition.ts";
import { type AcquisitionEvolution, evolveCandidate } from "./acquisition_evolution.ts";
import { loadScores, meanReward, type SavedScore, saveScores } from "./asking.ts";
import { type CandidatePlan, findCandidates, type Surroundings } from "./candidates.ts";
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
  candidates: CandidatePlan | AcquisitionEvolution;
  /**
   * Fit anew for each architecture: those asked for before it and not told count with their predicted losses.
   */
  pending?: boolean;
  /** Share of random samples among the architectures after the first fit. */
  interleaved?: number;
  /** Key of an architecture: only one of several with equal keys is asked for. */
  key(arch: A): string;
  /** Converts scores to what a predictor learns: the error, or its logarithm. */
  target: (scores: Float64Array) => Float64Array;
}

interface Saved {
  drawn: number;
  trials: number;
  known: SavedScore[];
  /** Choices of trials that failed. This and what follows is absent in runs of earlier versions. */
  failed?: number[][];
  /** Trials asked for and not told. */
  open?: { id: number; choice: number[] }[];
  queue: number[][];
  model?: ModelFit;
  predictors?: unknown[];
}

interface Known<A> {
  arch: A;
  score: number;
}

/** An architecture to ask for, with the model that chose it. */
interface Asked<A> {
  arch: A;
  model?: ModelFit;
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
  if ("climbs" in plan.candidates && plan.candidates.climbs > 0) {
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
  readonly order: "ask" | "arrival";
  readonly #rng: Rng;
  #trials = 0;
  /** Scored architectures in the order of scoring; one scored twice has its last score. */
  #known = new Map<string, Known<A>>();
  /** Architectures whose evaluation failed: not asked for again, and nothing to learn from. */
  #failed = new Map<string, A>();
  /** Trials asked for and not told, by id. */
  #open = new Map<number, A>();
  /** Candidates picked by the last fit and not yet asked for, the next one first. */
  #queue: A[] = [];
  /** Kernel weights and noise of the last fit. */
  #model: ModelFit | undefined;
  /** The whole space, listed at the first fit; null where it is too large for the plan. */
  #whole: Whole<A> | null | undefined;

  constructor(
    private readonly variation: VariationOperators<A>,
    private readonly seed: number,
    private readonly plan: ModelBasedPlan<A>,
  ) {
    this.#rng = new Rng(seed, Stream.search);
    this.order = plan.pending ? "arrival" : "ask";
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
    const { initial, batch, pending } = this.plan;
    const asked = new Map<string, Asked<A>>();
    const { key } = this.plan;
    const taken = new Set([...this.#known.keys(), ...this.#failed.keys()]);
    for (const arch of this.#open.values()) taken.add(key(arch));
    const take = (arch: A, model?: ModelFit) => {
      const key = this.plan.key(arch);
      asked.set(asked.has(key) ? `${key} again ${asked.size}` : key, {
        arch,
        ...model && { model },
      });
      taken.add(key);
    };
    while (asked.size < n) {
      // Results may be of another search, which asked for them.
      const scored = Math.max(this.#trials + asked.size, this.#known.size);
      const guided = scored >= initial && this.#known.size > 1;
      if (!guided) take(this.#fresh(taken));
      else if (this.#queue.length > 0) take(this.#queue.shift()!, this.#model);
      else {
        const open = [...this.#open.values(), ...[...asked.values()].map(({ arch }) => arch)];
        const picked = this.#pick(this.#trials + asked.size, pending ? open : [], taken)
          .slice(0, pending ? batch : Math.max(batch, n - asked.size));
        if (picked.length > 0) this.#queue = picked;
        else take(this.#fresh(taken));
      }
    }
    const trials = Array.from(asked.values(), (one) => ({ id: this.#trials++, ...one }));
    for (const { id, arch } of trials) this.#open.set(id, arch);
    return Promise.resolve(trials);
  }

  tell(done: Scored<A>[]): Promise<StrategyReport> {
    for (const { id, arch, score, status } of done) {
      this.#open.delete(id);
      const key = this.plan.key(arch);
      if (status === "failed") this.#failed.set(key, arch);
      else this.#known.set(key, { arch, score: score.value });
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

  /**
   * Fits a predictor to all scores and returns the candidates with the best acquisition, which may be none.
   * @param trial id of the trial they are for.
   * @param open architectures without a loss that count with a predicted one.
   */
  #pick(trial: number, open: readonly A[], taken: ReadonlySet<string>): A[] {
    const { predictors, initial, batch, acquisition, candidates, key, interleaved = 0 } = this.plan;
    const turn = Math.floor(Math.max(0, this.#trials - initial) / batch);
    const predictor = predictors[turn % predictors.length];
    // The seed depends only on the number of trials: a restored search repeats no earlier fits.
    const rng = new Rng(this.seed, salted(Stream.search, 1), trial);
    if (interleaved > 0 && rng.next() < interleaved) return [];
    const known = [...this.#known.values()];
    const archs = known.map(({ arch }) => arch);
    const losses = this.plan.target(Float64Array.from(known, ({ score }) => score));
    if (!fitted(predictor, archs, losses, open, rng)) return [];
    this.#model = predictor.model;
    const best = losses.reduce((a, b) => Math.min(a, b));
    const acquireAll = (candidates: readonly A[]) =>
      acquire(acquisition, {
        prediction: predictor.predict(candidates),
        best,
        incumbent: () => losses[least(predictor.predict(archs).mean)],
        rng,
        draw: () => predictor.draw!(candidates, rng),
        members: () => predictor.members!(candidates),
      });
    const around: Surroundings<A> = {
      variation: this.variation,
      key,
      whole: this.#wholeSpace(),
      ranked: this.#ranked(),
      taken,
      rng,
      acquire: acquireAll,
    };
    if (!("pool" in candidates)) return findCandidates(candidates, around).map(({ arch }) => arch);
    const found = evolveCandidate(candidates, around);
    return found ? [found.arch] : [];
  }

  #wholeSpace(): Whole<A> | null {
    const { candidates, key } = this.plan;
    const most = "whole" in candidates ? candidates.whole ?? 0 : 0;
    if (this.#whole === undefined) {
      this.#whole = most > 0 ? wholeSpace(this.variation.space, key, most) : null;
    }
    return this.#whole;
  }

  snapshot() {
    const { space } = this.variation;
    const json: Saved = {
      drawn: this.#rng.index,
      trials: this.#trials,
      known: saveScores(space, this.#known.values()),
      failed: Array.from(this.#failed.values(), (arch) => space.encode(arch)),
      open: Array.from(this.#open, ([id, arch]) => ({ id, choice: space.encode(arch) })),
      queue: this.#queue.map((arch) => space.encode(arch)),
      ...this.#model && { model: this.#model },
      predictors: this.plan.predictors.map((predictor) => predictor.snapshot?.() ?? null),
    };
    return Promise.resolve({ json, tensors: {} });
  }

  restore({ json }: { json: unknown }): Promise<void> {
    const { space } = this.variation;
    const { failed = [], open = [], predictors = [], ...saved } = json as Saved;
    this.#rng.index = saved.drawn;
    this.#trials = saved.trials;
    this.#known = new Map(
      loadScores(space, saved.known).map((known) => [this.plan.key(known.arch), known]),
    );
    this.#failed = new Map(
      failed.map((choice) => space.decode(choice)).map((arch) => [this.plan.key(arch), arch]),
    );
    this.#open = new Map(open.map(({ id, choice }) => [id, space.decode(choice)]));
    this.#queue = saved.queue.map((choice) => space.decode(choice));
    this.#model = saved.model;
    predictors.forEach((state, i) => this.plan.predictors[i].restore?.(state));
    return Promise.resolve();
  }
}

/**
 * Fits a predictor. Architectures without a loss count with the mean that a first fit predicts (Ginsbourger
 * et al., "Kriging is well-suited to parallelize optimization", 2010).
 * @param open architectures without a loss.
 * @returns whether a model could be fitted.
 */
function fitted<A>(
  predictor: Predictor<A>,
  archs: readonly A[],
  losses: Float64Array,
  open: readonly A[],
  rng: Rng,
): boolean {
  try {
    predictor.fit(archs, losses, rng);
    if (open.length > 0) {
      const { mean } = predictor.predict(open);
      predictor.fit([...archs, ...open], Float64Array.of(...losses, ...mean), rng);
    }
    return true;
  } catch (error) {
    if (error instanceof UnfitError) return false;
    throw error;
  }
}

/** Index of the smallest value. */
const least = (values: Float64Array): number =>
  values.reduce((best, value, i) => value < values[best] ? i : best, 0);
