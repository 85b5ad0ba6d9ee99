/**
 * Gaussian-process regression with one or several kernels of graphs, whose weights, numbers of rounds and
 * noise are learned at every fit (Schrodi et al., NeurIPS 2023).
 */
import type { Rng } from "../../common/random.ts";
import type { ModelFit } from "../strategy.ts";
import {
  drawFrom,
  fitGram,
  type Fitted,
  type Posterior,
  posteriorOf,
  UnfitError,
  varianceLeft,
} from "./gaussian_process.ts";
import type { KernelFamily } from "./kernels.ts";
import { FIRST_NOISE, LARGEST_NOISE, learnShares, mixed } from "./kernel_weights.ts";
import type { Prediction, Predictor } from "./predictor.ts";
import { type Standard, standardise } from "./targets.ts";

/** One kernel of a model, of variance 1. */
export interface GraphTerm<A> {
  /** Name of the graphs that it compares: `graph`, `level 0`, …. */
  name: string;
  family: KernelFamily<A>;
  /** Setting of the family; absent where the likelihood selects one at every fit. */
  setting?: number;
  /** Kernel whose likelihood alone selects the setting; absent: the likelihood of the whole model does. */
  judge?: KernelFamily<A>;
}

interface State<A> {
  archs: readonly A[];
  by: Standard;
  settings: readonly number[];
  shares: Float64Array;
  fitted: Fitted;
}

export class GraphProcess<A> implements Predictor<A> {
  /** Noise variance of the last fit, from which the next one starts. */
  #noise = FIRST_NOISE;
  #state: State<A> | null = null;

  constructor(
    private readonly terms: readonly GraphTerm<A>[],
    private readonly largestNoise = LARGEST_NOISE,
  ) {}

  fit(archs: readonly A[], targets: Float64Array): void {
    const { values, by } = standardise(targets);
    const families = this.terms.map(({ family, setting }) =>
      setting === undefined ? family.all(archs, archs) : [family.one(setting, archs, archs)]
    );
    const chosen = this.#choose(archs, families, values);
    const grams = families.map((all, l) => all[chosen[l]]);
    const { largestNoise } = this;
    const { shares, fitted } = learnShares(grams, values, this.#noise, { largestNoise });
    this.#noise = fitted.noise;
    const settings = this.terms.map(({ setting }, l) => setting ?? chosen[l]);
    this.#state = { archs: [...archs], by, settings, shares, fitted };
  }

  /** Index into each family's matrices: the setting with the largest likelihood before weights are learned. */
  #choose(
    archs: readonly A[],
    families: readonly Float64Array[][],
    values: Float64Array,
  ): number[] {
    const chosen = families.map(() => 0);
    const equal = families.map(() => 1 / families.length);
    this.terms.forEach(({ judge }, l) => {
      if (families[l].length === 1) return;
      const matrices = judge
        ? judge.all(archs, archs)
        : families[l].map((gram) =>
          mixed(families.map((all, other) => other === l ? gram : all[chosen[other]]), equal)
        );
      const likelihoods = matrices.map((gram) => this.#surprise(gram, values));
      chosen[l] = likelihoods.indexOf(Math.min(...likelihoods));
    });
    return chosen;
  }

  #surprise(gram: Float64Array, values: Float64Array): number {
    try {
      return fitGram(gram, values, this.#noise).negativeLogLikelihood;
    } catch (error) {
      if (error instanceof UnfitError) return Infinity;
      throw error;
    }
  }

  /** Posterior of a measurement: the deviation includes the noise. */
  predict(archs: readonly A[]): Prediction {
    const { by, fitted } = this.#fittedState();
    const posterior = this.#posterior(archs);
    const { noise } = fitted;
    const prior = new Float64Array(archs.length).fill(1 + noise);
    return {
      mean: posterior.mean.map((m) => by.mean + by.deviation * m),
      deviation: varianceLeft(posterior, prior)
        .map((variance) => by.deviation * Math.sqrt(Math.max(noise, variance))),
      noise: by.deviation * Math.sqrt(noise),
    };
  }

  /** Samples one function of the posterior at these architectures. */
  draw(archs: readonly A[], rng: Rng): Float64Array {
    const { by } = this.#fittedState();
    return drawFrom(this.#posterior(archs), this.#between(archs, archs), rng)
      .map((value) => by.mean + by.deviation * value);
  }

  get model(): ModelFit {
    const { settings, shares, fitted } = this.#fittedState();
    return {
      kernels: this.terms.map(({ name }) => name),
      settings: this.terms.map(({ family }, l) => family.settings[settings[l]]),
      weights: [...shares],
      noise: fitted.noise,
      likelihood: -fitted.negativeLogLikelihood / fitted.weights.length,
    };
  }

  snapshot(): number {
    return this.#noise;
  }

  restore(noise: unknown): void {
    this.#noise = noise as number;
  }

  #fittedState(): State<A> {
    if (!this.#state) throw new Error("Cannot predict: the Gaussian process was not fitted");
    return this.#state;
  }

  #between(a: readonly A[], b: readonly A[]): Float64Array {
    const { settings, shares } = this.#fittedState();
    return mixed(this.terms.map(({ family }, l) => family.one(settings[l], a, b)), shares);
  }

  #posterior(archs: readonly A[]): Posterior {
    const { fitted, archs: known } = this.#fittedState();
    return posteriorOf(fitted, this.#between(archs, known));
  }
}
