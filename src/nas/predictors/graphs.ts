/** Builds and joins graphs with labelled vertices, for graph kernels and graph networks. */
import type { LabelledGraph, SearchSpace } from "../space.ts";

/** Returns one graph per architecture. Several cells become one graph whose labels include the cell. */
export function graphOf<A>(space: SearchSpace<A>): (arch: A) => LabelledGraph {
  return (arch) => {
    const graphs = space.graphs(arch);
    return graphs.length === 1 ? graphs[0] : disjointUnion(graphs);
  };
}

function disjointUnion(graphs: readonly LabelledGraph[]): LabelledGraph {
  const union: LabelledGraph = { labels: [], successors: [] };
  graphs.forEach(({ labels, successors }, g) => {
    const first = union.labels.length;
    union.labels.push(...labels.map((label) => `${g}/${label}`));
    union.successors.push(...successors.map((list) => list.map((w) => first + w)));
  });
  return union;
}

/** Builds a graph vertex by vertex. */
export class GraphBuilder {
  readonly #labels: string[] = [];
  readonly #edges: (readonly [from: number, to: number])[] = [];

  /** Adds a vertex that follows others; returns its index. */
  add(label: string, ...after: number[]): number {
    const vertex = this.#labels.push(label) - 1;
    for (const from of after) this.connect(from, vertex);
    return vertex;
  }

  connect(from: number, to: number): void {
    this.#edges.push([from, to]);
  }

  done(): LabelledGraph {
    const successors = this.#labels.map(() => new Set<number>());
    for (const [from, to] of this.#edges) successors[from].add(to);
    return { labels: this.#labels, successors: successors.map(ascending) };
  }
}

const ascending = (vertices: Iterable<number>): number[] =>
  [...new Set(vertices)].sort((a, b) => a - b);

/**
 * Converts a cell with operations on its edges to a graph with operations on its vertices (Schrodi et al.,
 * NeurIPS 2023, appendix). An edge leads to the edges that start where it ends. Edges without operation are
 * removed, identities connect their predecessors with their successors, and vertices on no path from input to
 * output are removed.
 * @param edges between nodes 0 … n, where node 0 is the input and the last one the output.
 */
export function fromEdges(
  edges: readonly { from: number; to: number; label: string }[],
  { none, skip }: { none: string; skip: string },
): LabelledGraph {
  const output = Math.max(...edges.map(({ to }) => to));
  const kept = edges.filter(({ label }) => label !== none);
  const labels = ["input", ...kept.map(({ label }) => label), "output"];
  const last = labels.length - 1;
  const starting = (node: number) => kept.flatMap(({ from }, e) => from === node ? [e + 1] : []);
  const after = [
    starting(0),
    ...kept.map(({ to }) => to === output ? [last] : starting(to)),
    [],
  ].map((list) => new Set(list));
  labels.forEach((label, v) => {
    if (label !== skip) return;
    for (const list of after) {
      if (list.delete(v)) after[v].forEach((w) => list.add(w));
    }
    after[v].clear();
  });
  return onPaths(labels, after);
}

/** Keeps only the vertices on paths from the first to the last one. */
function onPaths(labels: string[], after: ReadonlySet<number>[]): LabelledGraph {
  const last = labels.length - 1;
  const walk = (start: number, next: (v: number) => Iterable<number>) => {
    const found = new Set([start]);
    for (const v of found) for (const w of next(v)) found.add(w);
    return found;
  };
  const reached = walk(0, (v) => after[v]);
  const leading = walk(last, (v) => labels.flatMap((_, u) => after[u].has(v) ? [u] : []));
  // Input and output stay, even when no path connects them.
  const kept = labels.map((_, v) => v)
    .filter((v) => v === 0 || v === last || reached.has(v) && leading.has(v));
  const place = new Map(kept.map((v, i) => [v, i]));
  return {
    labels: kept.map((v) => labels[v]),
    successors: kept.map((v) =>
      ascending([...after[v]].flatMap((w) => place.has(w) ? [place.get(w)!] : []))
    ),
  };
}
