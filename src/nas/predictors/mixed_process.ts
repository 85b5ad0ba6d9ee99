/**
 * Gaussian-process regression with the kernel of `mixed_kernel.ts`, fast when the same candidates are
 * predicted repeatedly.
 */
import type { SearchSpace } from "../space.ts";
import { solveLower } from "./cholesky.ts";
import type { Fitted } from "./gaussian_process.ts";
import type { KernelFamily } from "./kernels.ts";
import {
  factorsOf,
  fitMixed,
  type Known,
  learnSetting,
  type MixedSetting,
  sameChoices,
} from "./mixed_kernel.ts";
import type { Prediction, Predictor } from "./predictor.ts";
import { clipLosses, type Standard, standardise } from "./targets.ts";

/** New architectures after which the setting is learned again, and most architectures it is learned from. */
const EVERY = 5;
const MOST_LEARNED = 200;

interface Learned<A> {
  archs: readonly A[];
  targets: Float64Array;
  setting: MixedSetting;
}

interface State<A> {
  archs: readonly A[];
  fitted: Fitted;
  setting: MixedSetting;
  /** L⁻¹ times the standardised targets. */
  whitened: Float64Array;
  by: Standard;
}

/**
 * L⁻¹ times the kernel between the known architectures and some candidates: one row per known architecture.
 */
interface Explained<A> {
  candidates: readonly A[];
  /** Fit that the rows belong to. */
  state: State<A>;
  rows: Float64Array[];
  /** Variance of each candidate, of 1, that the rows leave unexplained. */
  left: Float64Array;
}

export class MixedProcess<A extends WeakKey> implements Predictor<A> {
  readonly #choices = new WeakMap<A, number[]>();
  #learned: Learned<A> | null = null;
  #state: State<A> | null = null;
  #explained: Explained<A> | null = null;

  /**
   * @param graphs kernels of variance 1, one of which is selected by likelihood.
   * @param fixed setting to use instead of learning one.
   */
  constructor(
    private readonly space: SearchSpace<A>,
    private readonly graphs: KernelFamily<A>,
    private readonly fixed?: MixedSetting,
  ) {}

  fit(archs: readonly A[], targets: Float64Array): void {
    const known: Known = {
      graphs: this.graphs.all(archs, archs),
      choices: archs.map((arch) => this.#choicesOf(arch)),
    };
    const setting = this.#settingOf(archs, known, targets);
    const { values, by } = standardise(clipLosses(targets));
    const fitted = fitMixed(known, values, setting);
    const whitened = values.slice();
    solveLower(fitted.lower, archs.length, whitened);
    this.#state = { archs: [...archs], fitted, setting, whitened, by };
  }

  /** Posterior of the noise-free function. */
  predict(archs: readonly A[]): Prediction {
    if (!this.#state) throw new Error("Cannot predict: the Gaussian process was not fitted");
    const { whitened, by } = this.#state;
    const { rows, left } = this.#explain(archs, this.#state);
    const mean = new Float64Array(archs.length);
    rows.forEach((row, i) => {
      const weight = whitened[i];
      for (let j = 0; j < row.length; j++) mean[j] += weight * row[j];
    });
    return {
      mean: mean.map((m) => by.mean + by.deviation * m),
      deviation: left.map((variance) => by.deviation * Math.sqrt(Math.max(0, variance))),
    };
  }

  #choicesOf(arch: A): number[] {
    let choices = this.#choices.get(arch);
    if (!choices) this.#choices.set(arch, choices = this.space.encode(arch));
    return choices;
  }

  /** Learns a setting from these architectures and targets alone, independently of earlier fits. */
  #settingOf(archs: readonly A[], known: Known, targets: Float64Array): MixedSetting {
    const n = archs.length;
    if (this.fixed) return this.fixed;
    const first = Math.min(MOST_LEARNED, n - n % EVERY || n);
    const old = this.#learned;
    const same = old && old.archs.length === first &&
      old.archs.every((arch, i) => arch === archs[i] && old.targets[i] === targets[i]);
    if (same) return old.setting;
    const learnedFrom = targets.slice(0, first);
    const setting = learnSetting(known, standardise(clipLosses(learnedFrom)).values);
    this.#learned = { archs: archs.slice(0, first), targets: learnedFrom, setting };
    return setting;
  }

  /**
   * Extends the rows of an earlier fit if this one continues it: each new row costs n products per candidate.
   */
  #explain(candidates: readonly A[], state: State<A>): Explained<A> {
    const old = this.#explained;
    const kept = old?.candidates === candidates && continues(old.state, state) ? old : {
      rows: [],
      left: new Float64Array(candidates.length).fill(1),
    };
    const rows = [...kept.rows], left = kept.left;
    const added = this.#kernel(state, rows.length, candidates);
    const n = state.archs.length, { lower } = state.fitted;
    for (const row of added) {
      const i = rows.length;
      rows.forEach((earlier, k) => {
        const factor = lower[i * n + k];
        for (let j = 0; j < row.length; j++) row[j] -= factor * earlier[j];
      });
      const scale = 1 / lower[i * n + i];
      for (let j = 0; j < row.length; j++) {
        row[j] *= scale;
        left[j] -= row[j] * row[j];
      }
      rows.push(row);
    }
    return this.#explained = { candidates, state, rows, left };
  }

  /** Kernel between the known architectures, from index `from` on, and all candidates. */
  #kernel({ archs, setting }: State<A>, from: number, candidates: readonly A[]): Float64Array[] {
    const { share, keep } = factorsOf(setting);
    const known = archs.slice(from);
    const graph = this.graphs.one(setting.rounds, known, candidates);
    const choices = candidates.map((arch) => this.#choicesOf(arch));
    return known.map((arch, i) => {
      const own = this.#choicesOf(arch);
      const row = graph.slice(i * choices.length, (i + 1) * choices.length);
      for (let j = 0; j < row.length; j++) {
        row[j] = share * row[j] + (1 - share) * sameChoices(own, choices[j], keep);
      }
      return row;
    });
  }
}

/** Whether the Cholesky factor of an earlier fit is the leading block of a later one's. */
function continues<A>(earlier: State<A>, later: State<A>): boolean {
  const m = earlier.archs.length, n = later.archs.length;
  if (earlier.setting !== later.setting || m > n) return false;
  const [a, b] = [earlier.fitted.lower, later.fitted.lower];
  for (let i = 0; i < m; i++) {
    if (earlier.archs[i] !== later.archs[i]) return false;
    for (let j = 0; j <= i; j++) if (a[i * m + j] !== b[i * n + j]) return false;
  }
  return true;
}
