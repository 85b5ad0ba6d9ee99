/**
 * The graphs that kernels compare (Schrodi et al., NeurIPS 2023, §5): operations are vertices, joined where one
 * follows another. A fold level shows subtrees below it as single vertices.
 */
import type { LabelledGraph } from "../space.ts";
import { type FlatGraph, substituted } from "./flat.ts";
import type { DerivationTree, Grammar } from "./grammar.ts";
import type { Primitives } from "./primitives.ts";

/**
 * Turns operations on edges into vertices: absent ones are deleted, identities join what comes before with what
 * comes after, and vertices on no path from input to output are deleted. A connection counts once.
 */
export function vertexGraph({ nodes, inputs, edges }: FlatGraph, primitives: Primitives) {
  const output = nodes.length - 1;
  const leaving: number[][] = nodes.map(() => []);
  edges.forEach(({ from, label }, e) => {
    if (primitives.get(label)?.role !== "absent") leaving[from].push(e);
  });
  /** Vertices are edges, then labelled nodes, then the output. */
  const vertexOf = (node: number) => edges.length + node;
  // For each node, the vertices that its value goes to next; only those that lead to the output.
  const next: (readonly number[])[] = new Array(nodes.length);
  next[output] = [vertexOf(output)];
  for (let node = output - 1; node >= 0; node--) {
    const found = new Set<number>();
    for (const e of leaving[node]) {
      const { to, label } = edges[e];
      if (next[to].length === 0) continue;
      const follow = nodes[to].label === undefined ? next[to] : [vertexOf(to)];
      if (primitives.get(label)?.role === "identity") follow.forEach((v) => found.add(v));
      else found.add(e);
    }
    next[node] = [...found];
  }
  const after = (vertex: number): readonly number[] => {
    if (vertex >= edges.length) {
      return vertex === vertexOf(output) ? [] : next[vertex - edges.length];
    }
    const { to } = edges[vertex];
    return nodes[to].label === undefined ? next[to] : [vertexOf(to)];
  };
  const labels: string[] = [];
  const successors: number[][] = [];
  const index = new Map<number, number>();
  const queue: (readonly number[])[] = [];
  for (let input = 0; input < inputs; input++) {
    labels.push(inputs === 1 ? "input" : `input${input + 1}`);
    queue.push(next[input]);
  }
  const place = (vertex: number): number => {
    let found = index.get(vertex);
    if (found === undefined) {
      index.set(vertex, found = labels.length);
      labels.push(
        vertex < edges.length
          ? edges[vertex].label
          : vertex === vertexOf(output)
          ? "output"
          : nodes[vertex - edges.length].label!,
      );
      queue.push(after(vertex));
    }
    return found;
  };
  for (let v = 0; v < queue.length; v++) successors.push(queue[v].map(place).sort((a, b) => a - b));
  if (!index.has(vertexOf(output))) {
    labels.push("output");
    successors.push([]);
  }
  return { labels, successors } satisfies LabelledGraph;
}

/** The graph of the whole derivation tree. */
export const fullGraph = (grammar: Grammar, tree: DerivationTree, primitives: Primitives) =>
  vertexGraph(substituted(grammar, tree), primitives);

/** Number of fold levels of a tree: the nesting of its topologies, less the one that shows everything. */
export function foldLevels(grammar: Grammar, tree: DerivationTree): number {
  const nested = ({ terminal, children }: DerivationTree): number =>
    grammar.topologies.has(terminal) ? 1 + Math.max(...children.map(nested)) : 0;
  return nested(tree) - 1;
}

/**
 * The graphs of a tree at the levels of its grammar. A tree with fewer levels repeats its deepest one; without
 * any, the full graph.
 */
export function foldGraphs(
  grammar: Grammar,
  tree: DerivationTree,
  primitives: Primitives,
): LabelledGraph[] {
  const deepest = foldLevels(grammar, tree) - 1;
  const known = new Map<number, LabelledGraph>();
  return grammar.levels.map((wanted) => {
    const level = deepest < 0 ? Infinity : Math.min(wanted, deepest);
    let graph = known.get(level);
    if (!graph) {
      known.set(level, graph = vertexGraph(substituted(grammar, tree, level), primitives));
    }
    return graph;
  });
}
