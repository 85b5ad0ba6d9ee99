/** A derived architecture as one directed acyclic graph with primitives on its edges. */
import { UsageError } from "../../common/errors.ts";
import type { DerivationTree, Grammar, GrammarArch, Merge } from "./grammar.ts";
import type { Primitives } from "./primitives.ts";
import { macroTree } from "./text.ts";

/** An edge with the operation on it. */
export interface FlatEdge {
  readonly from: number;
  readonly to: number;
  /** Name of the primitive; in a folded graph also "non-terminal topology" of a subtree left whole. */
  readonly label: string;
  /** Child indices from the root of the derivation tree, as in "0.2.1": unique, and a name for weights. */
  readonly path: string;
}

export interface FlatNode {
  readonly merge: Merge;
  /** Label of a node that kernels see as a vertex. */
  readonly label?: string;
}

/** Nodes in topological order: inputs first, the output last; each edge leads to a later node. */
export interface FlatGraph {
  readonly nodes: readonly FlatNode[];
  /** Number of inputs: nodes 0 … inputs−1. */
  readonly inputs: number;
  /** Ordered by target; those into a stacking or joining node in the order of its operands. */
  readonly edges: readonly FlatEdge[];
}

/** A node that gets its number when all edges into it are known. */
interface Pending {
  number: number;
}

/**
 * Substitutes a derivation tree.
 * @param level topology nodes deeper than this many non-terminals are left whole; default: none.
 * @param motif replaces this symbol wherever it stands.
 */
export function substituted(
  grammar: Grammar,
  root: DerivationTree,
  level = Infinity,
  motif?: { symbol: string; tree: DerivationTree },
): FlatGraph {
  const nodes: FlatNode[] = [];
  const edges: { from: Pending; to: Pending; label: string; path: string }[] = [];
  const numbered = (node: Pending, merge: Merge, label?: string) => {
    node.number = nodes.push(label === undefined ? { merge } : { merge, label }) - 1;
  };
  const emit = (
    tree: DerivationTree,
    from: readonly Pending[],
    to: Pending,
    depth: number,
    path: string,
  ) => {
    if (motif && tree.terminal === motif.symbol) tree = motif.tree;
    const { symbol, terminal, children } = tree;
    const topology = grammar.topologies.get(terminal);
    if (!topology || depth > level) {
      const label = topology ? `${symbol} ${terminal}` : terminal;
      edges.push({ from: from[0], to, label, path });
      return;
    }
    const last = topology.nodes;
    const at: Pending[] = Array.from({ length: last + 1 }, () => ({ number: -1 }));
    topology.inputs.forEach((input, i) => at[input] = from[i]);
    at[last] = to;
    for (let node = 1; node <= last; node++) {
      for (const edge of topology.edges) {
        if (edge.to !== node) continue;
        const source = edge.from ?? Number(children[edge.argument + 1].terminal) + 1;
        const inner = path === "" ? `${edge.argument}` : `${path}.${edge.argument}`;
        emit(children[edge.argument], [at[source]], at[node], depth + 1, inner);
      }
      if (node < last && !topology.inputs.includes(node)) {
        numbered(at[node], topology.merges.get(node) ?? "sum", topology.labels.get(node));
      }
    }
    topology.joined.forEach((node, i) =>
      edges.push({ from: at[node], to, label: "id", path: `${path}.joined${i}` })
    );
  };
  const rootTopology = grammar.topologies.get(root.terminal);
  const inputs = rootTopology?.inputs.length ?? 1;
  const sources: Pending[] = Array.from({ length: inputs }, (_, number) => ({ number }));
  nodes.push(...sources.map(() => ({ merge: "sum" as const })));
  const output: Pending = { number: -1 };
  emit(root, sources, output, 0, "");
  numbered(output, rootTopology?.merges.get(rootTopology.nodes) ?? "sum");
  return {
    nodes,
    inputs,
    edges: edges.map(({ from, to, label, path }) => ({
      from: from.number,
      to: to.number,
      label,
      path,
    })),
  };
}

/**
 * The graph of a network: edges without operation and edges on no path from input to output are removed, and
 * the nodes that they leave alone. Nodes keep their order; identities stay as edges.
 */
export function liveGraph(graph: FlatGraph, primitives: Primitives): FlatGraph {
  const kept = graph.edges.filter(({ label }) => primitives.get(label)?.role !== "absent");
  const output = graph.nodes.length - 1;
  const [reached, leading] = [new Set<number>(), new Set([output])];
  for (let input = 0; input < graph.inputs; input++) reached.add(input);
  const byFrom = Map.groupBy(kept, ({ from }) => from);
  for (let node = 0; node <= output; node++) {
    if (reached.has(node)) byFrom.get(node)?.forEach(({ to }) => reached.add(to));
  }
  for (let node = output; node >= 0; node--) {
    if (byFrom.get(node)?.some(({ to }) => leading.has(to))) leading.add(node);
  }
  const live = (node: number) =>
    node < graph.inputs || node === output || reached.has(node) && leading.has(node);
  const number = new Map<number, number>();
  graph.nodes.forEach((_, node) => {
    if (live(node)) number.set(node, number.size);
  });
  return {
    nodes: graph.nodes.filter((_, node) => live(node)),
    inputs: graph.inputs,
    edges: kept.filter(({ from, to }) => reached.has(from) && leading.has(to))
      .map((edge) => ({ ...edge, from: number.get(edge.from)!, to: number.get(edge.to)! })),
  };
}

/**
 * The networks of an architecture, one per motif: a motif with a fixed network around it stands in its places.
 * @throws UsageError where no path joins input and output, or an operand is missing.
 */
export function flatGraphs(
  grammar: Grammar,
  arch: GrammarArch,
  primitives: Primitives,
): FlatGraph[] {
  const { macro } = grammar;
  return arch.map((tree) => {
    const whole = macro
      ? substituted(grammar, macroTree(grammar), Infinity, { symbol: macro.shared, tree })
      : substituted(grammar, tree);
    const graph = liveGraph(whole, primitives);
    const into = (node: number) => graph.edges.filter(({ to }) => to === node).length;
    if (into(graph.nodes.length - 1) === 0) {
      throw new UsageError(
        `Cannot build ${grammar.name} architecture: no path joins its input and output, expected one`,
      );
    }
    graph.nodes.forEach(({ merge }, node) => {
      if (merge === "stack" && into(node) !== 2) {
        throw new UsageError(
          `Cannot build ${grammar.name} architecture: an operation has ${into(node)} operands, ` +
            `expected 2`,
        );
      }
    });
    return graph;
  });
}
