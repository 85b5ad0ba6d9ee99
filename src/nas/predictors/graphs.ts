/** Architectures as graphs with labelled vertices: what graph kernels and graph networks see. */
import { type Nb101Arch, nb101Dag, opName } from "../spaces/nasbench101_arch.ts";
import { type Nb201Arch, nb201Edges, nb201Ops } from "../spaces/nasbench201_arch.ts";
import type { SearchSpace } from "../space.ts";

/** A directed graph. */
export interface LabelledGraph {
  labels: string[];
  /** Per vertex the vertices that it leads to, ascending, none twice. */
  successors: number[][];
}

/** The graph form of a space's architectures; where a space has none of its own, that of its pictures. */
export function graphsOf<A>(space: SearchSpace<A>): (arch: A) => LabelledGraph {
  const own = forms[space.name] as ((arch: A) => LabelledGraph) | undefined;
  return own ?? ((arch) => pictured(space, arch));
}

const forms: Record<string, unknown> = {
  nasbench101: (arch: Nb101Arch): LabelledGraph => {
    const { out, labels } = nb101Dag(arch)!;
    return {
      labels: labels.map(opName),
      successors: out.map((set) => out.flatMap((_, w) => set >> w & 1 ? [w] : [])),
    };
  },
  nasbench201: ({ ops }: Nb201Arch): LabelledGraph =>
    fromEdges(nb201Edges.map(([from, to], e) => ({ from, to, label: nb201Ops[ops[e]] })), {
      none: "none",
      skip: "skip_connect",
    }),
};

function pictured<A>(space: SearchSpace<A>, arch: A): LabelledGraph {
  const labels: string[] = [];
  const successors: number[][] = [];
  for (const { name, nodes, edges } of space.graphs(arch)) {
    const first = labels.length;
    const place = new Map(nodes.map(({ id }, i) => [id, first + i]));
    for (const { label, kind } of nodes) {
      // Two cells of one architecture have vertices of their own.
      labels.push(`${name}: ${kind === "op" ? label : kind}`);
      successors.push([]);
    }
    for (const { from, to } of edges) successors[place.get(from)!].push(place.get(to)!);
  }
  return { labels, successors: successors.map(ascending) };
}

const ascending = (vertices: Iterable<number>): number[] =>
  [...new Set(vertices)].sort((a, b) => a - b);

/**
 * A cell with operations on its edges as a graph with operations on its vertices (Schrodi et al., NeurIPS 2023,
 * appendix): an edge leads to those that start where it ends; edges without operation go, identities join
 * what is before and behind them, and what lies on no path from input to output goes.
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

/** Only the vertices between the first and the last one. */
function onPaths(labels: string[], after: ReadonlySet<number>[]): LabelledGraph {
  const last = labels.length - 1;
  const walk = (start: number, next: (v: number) => Iterable<number>) => {
    const found = new Set([start]);
    for (const v of found) for (const w of next(v)) found.add(w);
    return found;
  };
  const reached = walk(0, (v) => after[v]);
  const leading = walk(last, (v) => labels.flatMap((_, u) => after[u].has(v) ? [u] : []));
  // Input and output stay, even apart.
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
