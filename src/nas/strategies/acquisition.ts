/**
 * Acquisition functions: which candidates are worth a query, given a predictor's output (White et al.,
 * "BANANAS", AAAI 2021, §3, appendix and released code; Jones et al., "Efficient Global Optimization", 1998).
 */
import type { Rng } from "../../common/random.ts";
import type { Prediction } from "../predictors/predictor.ts";

export const acquisitionNames = {
  ei: "expected improvement on the best with a fifth of the deviation",
  "ei-full": "expected improvement with the whole deviation",
  "log-ei": "expected improvement of the loss whose logarithm was learned",
  aei: "augmented expected improvement: less where a measurement is mostly noise",
  pi: "probability of an improvement",
  ucb: "mean less half a deviation",
  confidence: "mean plus two deviations: a bound that is probably kept",
  percentile: "the lowest prediction of an ensemble's members",
  mean: "the mean alone",
  its: "a draw per candidate: independent Thompson sampling",
  ts: "one function drawn from the predictor: Thompson sampling",
} as const;

export type AcquisitionName = keyof typeof acquisitionNames;

export const allAcquisitionNames = Object.keys(acquisitionNames) as AcquisitionName[];

export interface Situation {
  /** Predicted losses of the candidates: smaller is better. */
  prediction: Prediction;
  /** Lowest loss so far. */
  best: number;
  /** Loss of the known architecture that is predicted to be best. */
  incumbent(): number;
  rng: Rng;
  /** Samples a function from the predictor and evaluates it at the candidates. */
  draw(): Float64Array;
  /** Predictions of each ensemble member at the candidates. */
  members(): Float64Array[];
}

/** Whether an acquisition is deterministic; only then can local search climb it. */
export const isFixed = (name: AcquisitionName): boolean => name !== "its" && name !== "ts";

/** Divisor of the ensemble's deviation for `ei`, as in BANANAS: members differ by more than their error. */
const EI_CALIBRATION = 5;

/** Acquisition value per candidate, larger is better; only the order is meaningful. */
export function acquire(name: AcquisitionName, situation: Situation): Float64Array {
  const { prediction: { mean, deviation, noise = 0 }, best, rng, draw, members } = situation;
  const below = (factor: number) => mean.map((m, i) => -(m - factor * deviation[i]));
  const improvement = (of: (u: number, s: number) => number, calibration = 1, on = best) =>
    mean.map((m, i) => {
      const s = Math.max(deviation[i] / calibration, 1e-12);
      return of((on - m) / s, s);
    });
  const expected = (u: number, s: number) => Math.log(s) + logImprovement(u);
  switch (name) {
    case "ei":
      return improvement(expected, EI_CALIBRATION);
    case "ei-full":
      return improvement(expected);
    case "log-ei":
      return improvement((v, s) => logLognormalImprovement(v, s));
    case "aei":
      return improvement(
        (u, s) => expected(u, s) + Math.log1p(-noise / Math.hypot(noise, s)),
        1,
        situation.incumbent(),
      );
    case "pi":
      return improvement((u) => u);
    case "ucb":
      return below(0.5);
    case "confidence":
      return below(-2);
    case "percentile": {
      const all = members();
      return mean.map((_, i) => -all.reduce((least, one) => Math.min(least, one[i]), Infinity));
    }
    case "mean":
      return below(0);
    case "its":
      return mean.map((m, i) => -(m + deviation[i] * rng.normal()));
    case "ts":
      return draw().map((v) => -v);
  }
}

/** log(u Φ(u) + φ(u)), accurate even where the value itself underflows. */
export function logImprovement(u: number): number {
  const logDensity = -u * u / 2 - Math.log(2 * Math.PI) / 2;
  if (u < -8) {
    // φ(u) / u² · (1 − 3/u² + 15/u⁴ − …): the difference of the two terms would lose its digits.
    const v = 1 / (u * u);
    const series = v * (-3 + v * (15 + v * (-105 + v * 945)));
    return logDensity - 2 * Math.log(-u) + Math.log1p(series);
  }
  return Math.log(u * normalShare(u) + Math.exp(logDensity));
}

/**
 * log(Φ(v) − e^(s²/2 − v s) Φ(v − s)): the expected improvement of e^y with y normal, divided by the best e^y
 * (Hutter et al., "An Experimental Investigation of Model-Based Parameter Optimisation", GECCO 2009).
 */
function logLognormalImprovement(v: number, s: number): number {
  const below = logNormalShare(v);
  const lost = s * s / 2 - v * s + logNormalShare(v - s);
  // Rounding may make the difference of the two vanish, far out.
  return lost < below ? below + Math.log(-Math.expm1(lost - below)) : logImprovement(v) - 100;
}

/** log Φ(u), also where Φ(u) underflows. */
const logNormalShare = (u: number): number =>
  u < -30
    ? -u * u / 2 - Math.log(-u) - Math.log(2 * Math.PI) / 2 + Math.log1p(-1 / (u * u))
    : Math.log(normalShare(u));

/** Φ(u) with a relative error of 1.2e-7 (Numerical Recipes, 2nd edition, §6.2, `erfcc`). */
export function normalShare(u: number): number {
  const z = Math.abs(u) / Math.SQRT2;
  const t = 1 / (1 + z / 2);
  const terms = [
    -1.26551223,
    1.00002368,
    0.37409196,
    0.09678418,
    -0.18628806,
    0.27886807,
    -1.13520398,
    1.48851587,
    -0.82215223,
    0.17087277,
  ];
  const tail = t * Math.exp(-z * z + terms.reduceRight((sum, c) => sum * t + c, 0)) / 2;
  return u < 0 ? tail : 1 - tail;
}
