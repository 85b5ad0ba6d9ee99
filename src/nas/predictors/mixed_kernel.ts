/**
 * A kernel of architectures that mixes two: m k_h(a, b) + (1 − m) Π_d exp(−θ_d [a_d ≠ b_d]). The
 * Weisfeiler–Lehman kernel k_h compares what networks compute. The product over decisions d compares
 * operations position by position and learns which positions matter (automatic relevance determination,
 * Rasmussen & Williams 2006, §5.1).
 */
import { fitGram, type Fitted } from "./gaussian_process.ts";

export interface MixedSetting {
  /** Rounds h of the graph kernel. */
  rounds: number;
  /** Logarithms of m / (1 − m), of the noise variance, and of θ_d: one per decision, or one for all. */
  at: readonly number[];
}

/** Data about known architectures from which a setting is learned. */
export interface Known {
  /** Graph kernel between all of them, by number of rounds: `[n, n]`. */
  graphs: readonly Float64Array[];
  /** Choices per architecture. */
  choices: readonly (readonly number[])[];
}

/** Most decisions with a weight each; above it, all share one. Every weight costs fits. */
const MOST_WEIGHTS = 16;
/** Initial value of Σ θ_d. */
const FIRST_SUM = 2.2;
const FIRST_NOISE = 1e-2;
const LEAST_NOISE = 1e-6;
const LARGEST_NOISE = 0.5;
const FIRST_ROUNDS = 2;
/** Indices into `MixedSetting.at`. */
const ODDS = 0, NOISE = 1, WEIGHTS = 2;
/** Standard deviations of the normal priors on the logarithms. */
const PRIOR = { odds: 2, noise: 2, weight: 1 };
/** Coordinate search: passes over all logarithms, first step along each, and smallest step. */
const PASSES = 8;
const STEP = 1;
const LEAST_STEP = 0.2;

/** Setting that uses the graph kernel alone. */
export const GRAPH_ALONE: MixedSetting = {
  rounds: FIRST_ROUNDS,
  at: [Infinity, Math.log(FIRST_NOISE), 0],
};

/** Product Π_d for two lists of choices. @param keep exp(−θ_d), or one factor for all decisions. */
export function sameChoices(
  a: readonly number[],
  b: readonly number[],
  keep: readonly number[],
): number {
  let product = 1;
  for (let d = Math.max(a.length, b.length) - 1; d >= 0; d--) {
    if (a[d] !== b[d]) product *= keep[d % keep.length];
  }
  return product;
}

/** Weight m of the graph kernel, factors exp(−θ_d) and the noise variance. */
export function factorsOf({ at }: MixedSetting): { share: number; keep: number[]; noise: number } {
  return {
    share: 1 / (1 + Math.exp(-at[ODDS])),
    keep: at.slice(WEIGHTS).map((log) => Math.exp(-Math.exp(log))),
    noise: Math.exp(at[NOISE]),
  };
}

/** Fits the process to these targets. @param targets of the first architectures; standardised. */
export function fitMixed(
  { graphs, choices }: Known,
  targets: Float64Array,
  setting: MixedSetting,
): Fitted {
  const n = targets.length, all = choices.length;
  const { share, keep, noise } = factorsOf(setting);
  const graph = graphs[setting.rounds];
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      gram[i * n + j] = share * graph[i * all + j] +
        (1 - share) * sameChoices(choices[i], choices[j], keep);
    }
  }
  return fitGram(gram, targets, noise);
}

/**
 * Finds the setting with the largest posterior, by a search along one logarithm after another. It always
 * begins at the same start, so that equal data give an equal setting.
 */
export function learnSetting(known: Known, targets: Float64Array): MixedSetting {
  const first = firstSetting(known.choices.slice(0, targets.length));
  const cost = (setting: MixedSetting) =>
    fitMixed(known, targets, setting).negativeLogLikelihood + surprise(setting, first);
  let best = first, least = cost(first);
  const improves = (setting: MixedSetting): boolean => {
    const now = cost(setting);
    if (!(now < least)) return false;
    [best, least] = [setting, now];
    return true;
  };
  for (let pass = 0, step = STEP; pass < PASSES && step >= LEAST_STEP; pass++) {
    let moved = false;
    for (let rounds = 0; rounds < known.graphs.length; rounds++) {
      if (rounds !== best.rounds) moved = improves({ ...best, rounds }) || moved;
    }
    for (let i = 0; i < best.at.length; i++) {
      moved = [-step, step].map((by) => along(best, i, by)).some(improves) || moved;
    }
    if (!moved) step /= 2;
  }
  return best;
}

function firstSetting(choices: readonly (readonly number[])[]): MixedSetting {
  const decisions = choices[0].length;
  const own = decisions <= MOST_WEIGHTS && choices.every(({ length }) => length === decisions);
  const weight = Math.log(FIRST_SUM / Math.max(1, decisions));
  const weights = new Array<number>(own ? Math.max(1, decisions) : 1).fill(weight);
  return { rounds: FIRST_ROUNDS, at: [0, Math.log(FIRST_NOISE), ...weights] };
}

function along({ rounds, at }: MixedSetting, i: number, by: number): MixedSetting {
  const moved = at[i] + by;
  const bounded = i === NOISE
    ? Math.min(Math.log(LARGEST_NOISE), Math.max(Math.log(LEAST_NOISE), moved))
    : moved;
  return { rounds, at: at.with(i, bounded) };
}

/** Negative logarithm of the prior, up to a constant. */
const surprise = ({ at }: MixedSetting, first: MixedSetting): number =>
  at.reduce((sum, log, i) => {
    const deviation = i === ODDS ? PRIOR.odds : i === NOISE ? PRIOR.noise : PRIOR.weight;
    return sum + ((log - first.at[i]) / deviation) ** 2 / 2;
  }, 0);
