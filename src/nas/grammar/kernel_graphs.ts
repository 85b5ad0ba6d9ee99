/**
 * The graphs that kernels compare (Schrodi et al., NeurIPS 2023, §5): operations are vertices, joined where one
 * follows another. A fold level shows subtrees below it as single vertices.
 */
import type { LabelledGraph } from "../space.ts";
import type { DerivationTree, Grammar, Topology } from "./grammar.ts";
import type { Primitives } from "./primitives.ts";

type Vertices = readonly number[];

const NONE: Vertices = [];

/** Builds the graph of a tree from the output backwards: a vertex is made when those after it are known. */
class Backwards {
  readonly #labels: string[] = ["output"];
  readonly #after: Vertices[] = [NONE];

  /** @param level topology nodes deeper than this many non-terminals become single vertices. */
  constructor(
    private readonly grammar: Grammar,
    private readonly primitives: Primitives,
    private readonly level: number,
  ) {}

  /** Operations become vertices; those on no path from input to output are left out. */
  graph(tree: DerivationTree): LabelledGraph {
    const topology = this.grammar.topologies.get(tree.terminal);
    if (!topology) return this.#numbered([this.#enter(tree, 0, [0])]);
    const first = this.#nodes(topology, tree, 0, [0]);
    return this.#numbered(topology.inputs.map((input) => first[input]));
  }

  /** Vertices that a value meets first on its way through a subtree to the vertices `next`. */
  #enter(tree: DerivationTree, depth: number, next: Vertices): Vertices {
    const { symbol, terminal } = tree;
    const topology = this.grammar.topologies.get(terminal);
    if (topology && depth <= this.level) {
      return this.#nodes(topology, tree, depth, next)[topology.inputs[0]];
    }
    const role = topology ? "operation" : this.primitives.get(terminal)?.role;
    if (role === "absent" || next.length === 0) return NONE;
    if (role === "identity") return next;
    return [this.#add(topology ? `${symbol} ${terminal}` : terminal, next)];
  }

  /** Vertices that the value of each node of a topology meets first. */
  #nodes(topology: Topology, { children }: DerivationTree, depth: number, next: Vertices) {
    const { nodes, edges, joined, labels } = topology;
    const first = new Array<Vertices>(nodes + 1);
    first[nodes] = next;
    for (let node = nodes - 1; node > 0; node--) {
      let found = NONE;
      for (const { from, to, argument } of edges) {
        const source = from ?? Number(children[argument + 1].terminal) + 1;
        if (source === node) {
          found = union(found, this.#enter(children[argument], depth + 1, first[to]));
        }
      }
      if (joined.includes(node)) found = union(found, next);
      const label = labels.get(node);
      first[node] = label === undefined || found.length === 0 ? found : [this.#add(label, found)];
    }
    return first;
  }

  #add(label: string, after: Vertices): number {
    this.#after.push(after);
    return this.#labels.push(label) - 1;
  }

  /** The part that the inputs lead to, breadth first; the output even where nothing leads to it. */
  #numbered(inputs: readonly Vertices[]): LabelledGraph {
    const labels = inputs.map((_, i) => inputs.length === 1 ? "input" : `input${i + 1}`);
    const queue = [...inputs];
    const place = new Int32Array(this.#labels.length).fill(-1);
    const placed = (vertex: number): number => {
      if (place[vertex] < 0) {
        place[vertex] = labels.push(this.#labels[vertex]) - 1;
        queue.push(this.#after[vertex]);
      }
      return place[vertex];
    };
    const successors: number[][] = [];
    for (let v = 0; v < queue.length; v++) {
      successors.push(queue[v].map(placed).sort((a, b) => a - b));
    }
    if (place[0] < 0) {
      labels.push("output");
      successors.push([]);
    }
    return { labels, successors };
  }
}

function union(a: Vertices, b: Vertices): Vertices {
  if (a.length === 0) return b;
  const more = b.filter((vertex) => !a.includes(vertex));
  return more.length === 0 ? a : [...a, ...more];
}

/** The graph of the whole derivation tree. */
export const fullGraph = (
  grammar: Grammar,
  tree: DerivationTree,
  primitives: Primitives,
): LabelledGraph => new Backwards(grammar, primitives, Infinity).graph(tree);

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
      known.set(level, graph = new Backwards(grammar, primitives, level).graph(tree));
    }
    return graph;
  });
}
