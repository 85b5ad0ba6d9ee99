/**
 * The Weisfeiler–Lehman kernel of labelled graphs (Shervashidze et al., JMLR 12, 2011; for architectures Ru
 * et al., ICLR 2021): histograms of labels that are refined each round by the labels of the successors.
 */
import type { KernelFamily } from "./kernels.ts";
import type { LabelledGraph } from "../space.ts";

/** Features of one graph. */
interface Histogram {
  /** Label of every vertex, per round; labels of different rounds differ. */
  rounds: Int32Array[];
  /** Σ count² up to and including each round: the kernel of the graph with itself. */
  norms: Float64Array;
}

/** Most histograms to keep: far more than a search needs. */
const KEPT = 100_000;

/** Features from a shared dictionary: a label means the same in all graphs of one `WlFeatures`. */
export class WlFeatures<A extends WeakKey> {
  readonly #labels = new Map<string, number>();
  readonly #known = new Map<string, Histogram>();
  /** Histograms by object: most are looked up repeatedly. */
  readonly #seen = new WeakMap<A, Histogram>();

  /**
   * @param key text that is equal for architectures with the same graph.
   * @param graph the graph of an architecture.
   */
  constructor(
    private readonly key: (arch: A) => string,
    private readonly graph: (arch: A) => LabelledGraph,
    readonly rounds: number,
  ) {}

  /** Number of different labels in all graphs so far. */
  get size(): number {
    return this.#labels.size;
  }

  of(arch: A): Histogram {
    let found = this.#seen.get(arch);
    if (found) return found;
    const key = this.key(arch);
    found = this.#known.get(key);
    if (!found) {
      if (this.#known.size === KEPT) this.#known.clear();
      this.#known.set(key, found = this.#histogram(this.graph(arch)));
    }
    this.#seen.set(arch, found);
    return found;
  }

  #histogram({ labels, successors }: LabelledGraph): Histogram {
    let now = Int32Array.from(labels, (label) => this.#label(label));
    const rounds = [now];
    for (let t = 1; t <= this.rounds; t++) {
      const last = now;
      now = last.map((label, v) => {
        const next = successors[v].map((w) => last[w]).sort((a, b) => a - b);
        return this.#label(`${label}>${next.join()}`);
      });
      rounds.push(now);
    }
    let sum = 0;
    const norms = Float64Array.from(rounds, (round) => {
      for (const a of round) for (const b of round) if (a === b) sum++;
      return sum;
    });
    return { rounds, norms };
  }

  #label(text: string): number {
    let label = this.#labels.get(text);
    if (label === undefined) this.#labels.set(text, label = this.#labels.size);
    return label;
  }
}

/** Kernels with 0 … h rounds. Normalised to 1 between a graph and itself unless `raw`. */
export function wlKernel<A extends WeakKey>(features: WlFeatures<A>, raw = false): KernelFamily<A> {
  const { rounds } = features;
  /**
   * Kernel after each round up to and including `most`, summed over the rounds before; only the last one if
   * `alone`.
   */
  const grams = (a: readonly A[], b: readonly A[], most: number, alone: boolean) => {
    const columns = b.map((arch) => features.of(arch));
    const rows = a.map((arch) => features.of(arch));
    const counts = new Int32Array(features.size);
    const results = Array.from(
      { length: alone ? 1 : most + 1 },
      () => new Float64Array(a.length * b.length),
    );
    rows.forEach((row, i) => {
      for (let t = 0; t <= most; t++) for (const label of row.rounds[t]) counts[label]++;
      columns.forEach((column, j) => {
        let sum = 0;
        for (let t = 0; t <= most; t++) {
          const labels = column.rounds[t];
          for (let v = 0; v < labels.length; v++) sum += counts[labels[v]];
          if (alone && t < most) continue;
          const scale = raw ? 1 : 1 / Math.sqrt(row.norms[t] * column.norms[t]);
          results[alone ? 0 : t][i * b.length + j] = sum * scale;
        }
      });
      for (let t = 0; t <= most; t++) for (const label of row.rounds[t]) counts[label]--;
    });
    return results;
  };
  return {
    settings: Array.from({ length: rounds + 1 }, (_, h) => `h = ${h}`),
    all: (a, b) => grams(a, b, rounds, false),
    one: (setting, a, b) => grams(a, b, setting, true)[0],
    diagonal: (setting, archs) =>
      Float64Array.from(archs, (arch) => raw ? features.of(arch).norms[setting] : 1),
  };
}
