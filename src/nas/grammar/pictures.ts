/** Drawings of an architecture: its network, and the derivation tree that it comes from. */
import type { Graph, LabelledGraph } from "../space.ts";
import type { DerivationTree, Grammar, GrammarArch } from "./grammar.ts";
import { fullGraph } from "./kernel_graphs.ts";
import type { Primitives } from "./primitives.ts";

/** Per motif its network, with operations as boxes, and its derivation tree. */
export const pictures = (grammar: Grammar, arch: GrammarArch, primitives: Primitives): Graph[] =>
  arch.flatMap((tree, m) => {
    const prefix = grammar.motifs[m].name === "" ? "" : `${grammar.motifs[m].name} `;
    return [
      networkPicture(`${prefix}network`, fullGraph(grammar, tree, primitives)),
      treePicture(`${prefix}derivation tree`, tree),
    ];
  });

function networkPicture(name: string, { labels, successors }: LabelledGraph): Graph {
  const kindOf = (label: string, v: number): Graph["nodes"][number]["kind"] => {
    if (successors[v].length === 0 && label === "output") return "output";
    return /^input\d*$/.test(label) ? "input" : label === "add" ? "sum" : "op";
  };
  return {
    name,
    nodes: labels.map((label, v) => ({ id: `${v}`, label, kind: kindOf(label, v) })),
    edges: successors.flatMap((list, v) =>
      list.map((w) => ({ from: `${v}`, to: `${w}`, kind: "sequence" as const }))
    ),
  };
}

/** The derivation tree: a box per non-terminal with its topology, and one per primitive. */
function treePicture(name: string, root: DerivationTree): Graph {
  const graph: Graph = { name, nodes: [], edges: [] };
  const visit = ({ symbol, terminal, children }: DerivationTree, path: string) => {
    graph.nodes.push({
      id: path,
      label: symbol === null ? terminal : `${symbol} ${terminal}`,
      kind: children.length > 0 ? "concat" : "op",
    });
    children.forEach((child, i) => {
      graph.edges.push({ from: path, to: `${path}.${i}`, kind: "sequence" });
      visit(child, `${path}.${i}`);
    });
  };
  visit(root, "0");
  return graph;
}
