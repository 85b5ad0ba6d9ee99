/**
 * The kernel of NASBOT in its short form (Kandasamy et al., NeurIPS 2018, as used by Schrodi et al., NeurIPS
 * 2023): exp(−d / ℓ²) of the difference d of two graphs in degrees and in operations.
 */
import { type KernelFamily, pairs } from "../predictors/kernels.ts";
import type { LabelledGraph } from "../space.ts";

/** Features of one graph that distances compare. */
interface Degrees {
  /** Number of predecessors of each vertex, ascending; then of successors. */
  in: number[];
  out: number[];
  /** Vertices by label, without input and output. */
  operations: Map<string, number>;
}

function degreesOf({ labels, successors }: LabelledGraph): Degrees {
  const before = labels.map(() => 0);
  for (const list of successors) for (const w of list) before[w]++;
  const operations = new Map<string, number>();
  for (const label of labels) {
    if (label !== "input" && label !== "output") {
      operations.set(label, (operations.get(label) ?? 0) + 1);
    }
  }
  const ascending = (a: number, b: number) => a - b;
  return {
    in: before.sort(ascending),
    out: successors.map(({ length }) => length).sort(ascending),
    operations,
  };
}

/** Σ |x − y| of two lists in order; the longer one is cut. */
function apart(x: readonly number[], y: readonly number[]): number {
  let sum = 0;
  for (let i = Math.min(x.length, y.length) - 1; i >= 0; i--) sum += Math.abs(x[i] - y[i]);
  return sum;
}

function distance(a: Degrees, b: Degrees): number {
  let sum = apart(a.in, b.in) + apart(a.out, b.out);
  for (const [label, count] of a.operations) {
    sum += Math.abs(count - (b.operations.get(label) ?? 0));
  }
  for (const [label, count] of b.operations) if (!a.operations.has(label)) sum += count;
  return sum;
}

/** The distance of two graphs. */
export const degreeDistance = (a: LabelledGraph, b: LabelledGraph): number =>
  distance(degreesOf(a), degreesOf(b));

/** @param scale length scale ℓ. */
export function degreeKernel<A extends WeakKey>(
  graph: (arch: A) => LabelledGraph,
  scale = 3,
): KernelFamily<A> {
  const seen = new WeakMap<A, Degrees>();
  const of = (arch: A) => {
    let found = seen.get(arch);
    if (!found) seen.set(arch, found = degreesOf(graph(arch)));
    return found;
  };
  const one = (a: readonly A[], b: readonly A[]) =>
    pairs(a.map(of), b.map(of), (x, y) => Math.exp(-distance(x, y) / scale ** 2));
  return {
    settings: [`ℓ = ${scale}`],
    all: (a, b) => [one(a, b)],
    one: (_, a, b) => one(a, b),
    diagonal: (_, archs) => new Float64Array(archs.length).fill(1),
  };
}
