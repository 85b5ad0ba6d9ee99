/**
 * The Weisfeiler–Lehman kernel of labelled graphs (Shervashidze et al., JMLR 12, 2011; for architectures Ru
 * et al., ICLR 2021): histograms of labels that are refined each round by the labels of the successors.
 */
import { hash } from "../../common/random.ts";
import type { KernelFamily } from "../predictors/kernels.ts";
import type { LabelledGraph } from "../space.ts";
import { firstLabels, labelArrays, type Labels, LabelTable, textLabel } from "./labels.ts";

/** Features of one graph: its different labels, round after round, with the number of vertices of each. */
export interface Histogram {
  labels: Labels;
  counts: Int32Array;
  /** Number of labels up to and including each round; labels of different rounds differ. */
  ends: Int32Array;
  /** Σ count² up to and including each round: the kernel of the graph with itself. */
  norms: Float64Array;
}

/** Most labels of all histograms kept: about 25 MB, since most candidates are looked at for a moment only. */
const KEPT = 1_000_000;
/** Most architectures kept, some with histograms that others have too. */
const MOST_SEEN = 100_000;

/** Histograms of the graphs of architectures, each computed once. */
export class WlFeatures<A extends WeakKey> {
  readonly #known = new Map<string, Histogram[]>();
  /**
   * Histograms by object: most are looked up repeatedly. A WeakMap of ten thousand candidates would cost more in
   * garbage collection than the histograms cost.
   */
  readonly #seen = new Map<A, Histogram[]>();
  #kept = 0;

  /**
   * @param key text that is equal for architectures with the same graphs; null where that costs more than it
   * spares, as architectures seldom repeat.
   * @param graphs the graphs of an architecture: always the same number of them.
   * @param rounds most rounds for each of these graphs.
   */
  constructor(
    private readonly key: ((arch: A) => string) | null,
    private readonly graphs: (arch: A) => readonly LabelledGraph[],
    readonly rounds: readonly number[],
  ) {}

  /** One histogram per graph. */
  of(arch: A): Histogram[] {
    let found = this.#seen.get(arch);
    if (found) return found;
    const key = this.key?.(arch);
    found = key === undefined ? undefined : this.#known.get(key);
    if (!found) {
      found = this.graphs(arch).map((graph, i) => histogram(graph, this.rounds[i]));
      this.#makeRoom(found.reduce((sum, { counts }) => sum + counts.length, 0));
      if (key !== undefined) this.#known.set(key, found);
    }
    this.#seen.set(arch, found);
    return found;
  }

  #makeRoom(labels: number): void {
    this.#kept += labels;
    if (this.#kept <= KEPT && this.#seen.size < MOST_SEEN) return;
    this.#known.clear();
    this.#seen.clear();
    this.#kept = labels;
  }
}

/** Reused by all calls, which run one after another. */
const distinct = new LabelTable();

/** The labels of a graph after 0 … `rounds` rounds, counted. */
export function histogram({ labels, successors }: LabelledGraph, rounds: number): Histogram {
  const n = labels.length;
  let now = labelArrays(n), next = labelArrays(n);
  labels.forEach((label, v) => [now.low[v], now.high[v]] = textLabel(label));
  distinct.clear();
  const counts = new Int32Array(n * (rounds + 1));
  const ends = new Int32Array(rounds + 1);
  const norms = new Float64Array(rounds + 1);
  for (let t = 0; t <= rounds; t++) {
    if (t > 0) {
      refine(now, successors, next);
      [now, next] = [next, now];
    }
    for (let v = 0; v < n; v++) counts[distinct.add(now.low[v], now.high[v])]++;
    ends[t] = distinct.size;
    let sum = t > 0 ? norms[t - 1] : 0;
    for (let i = t > 0 ? ends[t - 1] : 0; i < ends[t]; i++) sum += counts[i] ** 2;
    norms[t] = sum;
  }
  return {
    labels: firstLabels(distinct.labels, distinct.size),
    counts: counts.slice(0, distinct.size),
    ends,
    norms,
  };
}

/**
 * One round: a label and the multiset of the successors' labels become a new label. The sum of hashes stands
 * for the multiset, as it does not depend on an order.
 */
function refine(now: Labels, successors: readonly (readonly number[])[], next: Labels): void {
  for (let v = 0; v < successors.length; v++) {
    let low = 0, high = 0;
    for (const w of successors[v]) {
      low = (low + now.low[w]) | 0;
      high = (high + now.high[w]) | 0;
    }
    next.low[v] = hash(now.low[v], now.high[v], low, high);
    next.high[v] = hash(high, now.low[v], now.high[v], low);
  }
}

/** Index of a label: the graphs of a list of architectures that have it, and how often. */
class Index {
  readonly #table = new LabelTable(4096);
  /** Postings of label i are at `starts[i]` … `starts[i + 1] − 1`. */
  readonly #starts: Int32Array;
  readonly #graph: Int32Array;
  readonly #count: Int32Array;

  /** @param most round up to which labels are listed. */
  constructor(histograms: readonly Histogram[], most: number) {
    const sizes: number[] = [];
    for (const { labels, ends } of histograms) {
      for (let i = 0; i < ends[most]; i++) {
        const at = this.#table.add(labels.low[i], labels.high[i]);
        sizes[at] = (sizes[at] ?? 0) + 1;
      }
    }
    this.#starts = new Int32Array(sizes.length + 1);
    sizes.forEach((size, i) => this.#starts[i + 1] = this.#starts[i] + size);
    const next = this.#starts.slice();
    this.#graph = new Int32Array(this.#starts[sizes.length]);
    this.#count = new Int32Array(this.#starts[sizes.length]);
    histograms.forEach(({ labels, counts, ends }, g) => {
      for (let i = 0; i < ends[most]; i++) {
        const at = next[this.#table.find(labels.low[i], labels.high[i])]++;
        this.#graph[at] = g;
        this.#count[at] = counts[i];
      }
    });
  }

  /** Adds the products of counts of the labels of one round. @param sums one per graph of the index. */
  addRound({ labels, counts, ends }: Histogram, t: number, sums: Float64Array): void {
    for (let i = t > 0 ? ends[t - 1] : 0; i < ends[t]; i++) {
      const at = this.#table.find(labels.low[i], labels.high[i]);
      if (at < 0) continue;
      const own = counts[i], end = this.#starts[at + 1];
      for (let p = this.#starts[at]; p < end; p++) {
        sums[this.#graph[p]] += own * this.#count[p];
      }
    }
  }
}

/**
 * Kernels with 0 … h rounds. Normalised to 1 between a graph and itself unless `raw`.
 * @param graph index of the graph that is compared.
 */
export function wlKernel<A extends WeakKey>(
  features: WlFeatures<A>,
  { raw = false, graph = 0 } = {},
): KernelFamily<A> {
  const rounds = features.rounds[graph];
  const of = (arch: A) => features.of(arch)[graph];
  /** The index of the last list: a model compares many candidates with the same architectures. */
  let last: { list: readonly A[]; most: number; index: Index } | null = null;
  const indexOf = (list: readonly A[], most: number): Index => {
    const same = last?.most === most && last.list.length === list.length &&
      list.every((arch, i) => arch === last!.list[i]);
    if (!same) last = { list: [...list], most, index: new Index(list.map(of), most) };
    return last!.index;
  };
  /** Kernel after each round up to and including `most`; only after the last one if `alone`. */
  const grams = (a: readonly A[], b: readonly A[], most: number, alone: boolean) => {
    const results = Array.from(
      { length: alone ? 1 : most + 1 },
      () => new Float64Array(a.length * b.length),
    );
    // The shorter list is indexed: the other one is then read once.
    const byRow = a.length < b.length;
    const list = byRow ? a : b;
    const index = indexOf(list, most), known = list.map(of);
    const sums = new Float64Array(known.length);
    (byRow ? b : a).map(of).forEach((other, j) => {
      sums.fill(0);
      for (let t = 0; t <= most; t++) {
        index.addRound(other, t, sums);
        if (alone && t < most) continue;
        const result = results[alone ? 0 : t];
        for (let i = 0; i < known.length; i++) {
          const scale = raw ? 1 : 1 / Math.sqrt(known[i].norms[t] * other.norms[t]);
          result[byRow ? i * b.length + j : j * b.length + i] = sums[i] * scale;
        }
      }
    });
    return results;
  };
  return {
    settings: Array.from({ length: rounds + 1 }, (_, h) => `h = ${h}`),
    all: (a, b) => grams(a, b, rounds, false),
    one: (setting, a, b) => grams(a, b, setting, true)[0],
    diagonal: (setting, archs) =>
      Float64Array.from(archs, (arch) => raw ? of(arch).norms[setting] : 1),
  };
}
