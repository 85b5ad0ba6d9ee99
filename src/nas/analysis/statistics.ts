/**
 * Small statistics: means and deviations over seeds, tests of the difference between groups, rank
 * correlations. Samples are small, so that sums need no special care. Random permutations are seeded.
 */
import { Rng } from "../../common/random.ts";

type Numbers = ArrayLike<number>;

/** Mean, sample standard deviation (n − 1; NaN for one value), half-width of the mean's 95 % interval. */
export interface Summary {
  n: number;
  mean: number;
  deviation: number;
  halfWidth: number;
}

export function summarise(values: Numbers): Summary {
  const n = values.length;
  const deviation = Math.sqrt(variance(values));
  const halfWidth = n < 2 ? NaN : studentQuantile(0.975, n - 1) * deviation / Math.sqrt(n);
  return { n, mean: mean(values), deviation, halfWidth };
}

/** Mean; NaN for no values. */
export function mean(values: Numbers): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Sample variance with n − 1; NaN for fewer than two values. */
export function variance(values: Numbers): number {
  if (values.length < 2) return NaN;
  const m = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - m) ** 2;
  return sum / (values.length - 1);
}

/** Difference of the means of two groups, with its test. */
export interface Difference {
  /** mean(a) − mean(b). */
  difference: number;
  /** Half-width of its interval: smaller differences are not significant. */
  halfWidth: number;
  degrees: number;
  /** Two-sided p of Welch's t-test, which assumes normal values but not equal deviations. */
  p: number;
}

/**
 * Welch's t-test (B. L. Welch, "The generalization of Student's problem", Biometrika 34, 1947). NaN for p and
 * width where a group has fewer than two values; p is 0 or 1 where neither group varies.
 * @param level of significance: the interval holds the true difference with probability 1 − level.
 */
export function welch(a: Numbers, b: Numbers, level = 0.05): Difference {
  const difference = mean(a) - mean(b);
  const [u, v] = [variance(a) / a.length, variance(b) / b.length];
  if (u + v === 0) {
    return { difference, halfWidth: 0, degrees: a.length + b.length - 2, p: difference ? 0 : 1 };
  }
  const degrees = (u + v) ** 2 / (u ** 2 / (a.length - 1) + v ** 2 / (b.length - 1));
  const error = Math.sqrt(u + v);
  return {
    difference,
    halfWidth: Number.isNaN(error) ? NaN : studentQuantile(1 - level / 2, degrees) * error,
    degrees,
    p: Number.isNaN(error) ? NaN : studentP(difference / error, degrees),
  };
}

/** Largest number of arrangements that are all tested; beyond it, this many random ones are. */
const MOST_PERMUTATIONS = 10_000;

/**
 * Two-sided permutation test of the difference of means: the share of all splits of the values into two
 * groups of these sizes whose difference is at least as large. Assumes nothing about the distribution. With
 * three against three values, p is at least 0.1.
 */
export function permutationTest(a: Numbers, b: Numbers, seed = 1): number {
  const all = Float64Array.from([...Array.from(a), ...Array.from(b)]);
  const total = all.reduce((x, y) => x + y, 0);
  const gap = (sum: number) => Math.abs(sum / a.length - (total - sum) / b.length);
  const observed = gap(all.subarray(0, a.length).reduce((x, y) => x + y, 0));
  // Tolerance: the same values summed in another order differ in the last bits.
  const least = observed - 1e-12 * Math.max(1, Math.abs(total));
  let hits = 0, count = 0;
  if (combinations(all.length, a.length) <= MOST_PERMUTATIONS) {
    const deal = (from: number, left: number, sum: number): void => {
      if (left === 0) {
        count++;
        if (gap(sum) >= least) hits++;
        return;
      }
      for (let i = from; i <= all.length - left; i++) deal(i + 1, left - 1, sum + all[i]);
    };
    deal(0, a.length, 0);
    return hits / count;
  }
  const rng = new Rng(seed, 0);
  for (; count < MOST_PERMUTATIONS; count++) {
    shuffle(all, rng);
    if (gap(all.subarray(0, a.length).reduce((x, y) => x + y, 0)) >= least) hits++;
  }
  return (hits + 1) / (count + 1);
}

/** Ranks from 1; equal values share the mean of their ranks. */
export function ranks(values: Numbers): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i)
    .sort((i, j) => values[i] - values[j]);
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let k = from; k < to; k++) result[order[k]] = (from + to + 1) / 2;
    from = to;
  }
  return result;
}

/** Pearson's r; NaN where one side does not vary. */
export function pearson(x: Numbers, y: Numbers): number {
  requireSameLength(x, y);
  const [mx, my] = [mean(x), mean(y)];
  let xy = 0, xx = 0, yy = 0;
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i] - mx, y[i] - my];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xy / Math.sqrt(xx * yy);
}

/** Spearman's ρ: Pearson's r of the ranks, ties included. */
export function spearman(x: Numbers, y: Numbers): number {
  return pearson(ranks(x), ranks(y));
}

/** Kendall's τ-b (M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33, 1945); O(n²). */
export function kendall(x: Numbers, y: Numbers): number {
  requireSameLength(x, y);
  let balance = 0, inX = 0, inY = 0;
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [Math.sign(x[i] - x[j]), Math.sign(y[i] - y[j])];
      balance += a * b;
      inX += a * a;
      inY += b * b;
    }
  }
  return balance / Math.sqrt(inX * inY);
}

/**
 * Two-sided p of a correlation: the share of permutations of y with a correlation at least as strong. Tests
 * all permutations if there are few, seeded random ones otherwise.
 */
export function correlationP(
  x: Numbers,
  y: Numbers,
  correlation: (x: Numbers, y: Numbers) => number,
  seed = 1,
): number {
  const observed = Math.abs(correlation(x, y));
  if (Number.isNaN(observed)) return NaN;
  const order = Float64Array.from(y);
  const strong = () => Math.abs(correlation(x, order)) >= observed - 1e-12 ? 1 : 0;
  if (factorial(order.length) <= MOST_PERMUTATIONS) {
    let hits = 0;
    const permute = (k: number): void => {
      if (k <= 1) return void (hits += strong());
      for (let i = 0; i < k; i++) {
        permute(k - 1);
        swap(order, k % 2 ? 0 : i, k - 1);
      }
    };
    permute(order.length);
    return hits / factorial(order.length);
  }
  const rng = new Rng(seed, 0);
  let hits = 0;
  for (let i = 0; i < MOST_PERMUTATIONS; i++) {
    shuffle(order, rng);
    hits += strong();
  }
  return (hits + 1) / (MOST_PERMUTATIONS + 1);
}

/**
 * 95 % interval of a rank correlation over n pairs, by Fisher's z with the standard errors of Fieller,
 * Hartley and Pearson ("Tests for rank correlation coefficients", Biometrika 44, 1957). The whole range for
 * n ≤ 4.
 */
export function correlationInterval(
  r: number,
  n: number,
  kind: "kendall" | "spearman",
): [number, number] {
  if (n <= 4) return [-1, 1];
  const error = Math.sqrt(kind === "kendall" ? 0.437 / (n - 4) : 1.06 / (n - 3));
  const z = Math.atanh(r);
  return [Math.tanh(z - 1.959964 * error), Math.tanh(z + 1.959964 * error)];
}

/** Two-sided p of Student's t; `degrees` of freedom may be fractional. */
export function studentP(t: number, degrees: number): number {
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

/** Quantile of Student's t for a share of 0.5 … 1; within 1e-9. */
export function studentQuantile(share: number, degrees: number): number {
  const outside = 2 * (1 - share);
  let [low, high] = [0, 1];
  while (studentP(high, degrees) > outside) high *= 2;
  while (high - low > 1e-10 * high) {
    const middle = (low + high) / 2;
    if (studentP(middle, degrees) > outside) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Regularised incomplete beta function I_x(a, b), by its continued fraction (Numerical Recipes, 6.4). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(
    lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
  );
  let c = 1;
  let d = 1 / (1 - (a + b) * x / (a + 1));
  let h = d;
  for (let m = 1; m < 500; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    h *= c * d;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    h *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front * h / a;
}

/** Lanczos' approximation with g = 7, nine terms; for x > 0. */
function lnGamma(x: number): number {
  const terms = [
    0.99999999999980993,
    676.5203681218851,
    -1259.1392167224028,
    771.32342877765313,
    -176.61502916214059,
    12.507343278686905,
    -0.13857109526572012,
    9.9843695780195716e-6,
    1.5056327351493116e-7,
  ];
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - lnGamma(1 - x);
  const t = x + 6.5;
  const sum = terms.reduce((s, term, i) => i === 0 ? term : s + term / (x - 1 + i), 0);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

function requireSameLength(x: Numbers, y: Numbers): void {
  if (x.length === y.length) return;
  throw new RangeError(`Cannot correlate: got ${x.length} and ${y.length} values, expected pairs`);
}

function combinations(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = result * (n - k + i) / i;
  return result;
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

function swap(values: Float64Array, i: number, j: number): void {
  [values[i], values[j]] = [values[j], values[i]];
}

function shuffle(values: Float64Array, rng: Rng): void {
  for (let i = values.length - 1; i > 0; i--) swap(values, i, rng.below(i + 1));
}
