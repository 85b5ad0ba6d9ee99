/** Graphs of cells whose nodes are sums of two operations on earlier nodes. */
import { GraphBuilder } from "../predictors/graphs.ts";
import type { Graph, LabelledGraph } from "../space.ts";
import type { Cell } from "./micro_arch.ts";

/** Names of the first n inputs that a node can read. */
export const inputLabels = (n: number): string[] =>
  Array.from({ length: n }, (_, i) => i === 0 ? "h(l−2)" : i === 1 ? "h(l−1)" : `node ${i}`);

/**
 * Computation graph of a cell.
 * @param ops name of each operation.
 * @param ends nodes that make up the cell's output.
 */
export function cellGraph(
  cell: Cell,
  ops: readonly string[],
  ends: readonly number[],
): LabelledGraph {
  const graph = new GraphBuilder();
  const nodes = [graph.add("input"), graph.add("input")];
  for (const { x, y } of cell) {
    const sides = [x, y].map(({ input, op }) => graph.add(ops[op], nodes[input]));
    nodes.push(graph.add("sum", ...sides));
  }
  graph.add("concat", ...ends.map((end) => nodes[end]));
  return graph.done();
}

/** Graph for drawing a cell. @param ends nodes that make up the cell's output. */
export function cellPicture(
  name: string,
  cell: Cell,
  labels: readonly string[],
  ends: readonly number[],
): Graph {
  const idOf = (node: number) => `node ${node}`;
  const graph: Graph = {
    name,
    nodes: [
      { id: idOf(0), label: "0: h(l−2)", kind: "input" },
      { id: idOf(1), label: "1: h(l−1)", kind: "input" },
    ],
    edges: [],
  };
  cell.forEach((block, b) => {
    const group = idOf(b + 2);
    for (const side of ["x", "y"] as const) {
      const id = `${group} ${side}`;
      graph.nodes.push({ id, label: labels[block[side].op], kind: "op", group });
      graph.edges.push({ from: idOf(block[side].input), to: id, kind: "sequence" });
      graph.edges.push({ from: id, to: group, kind: "sequence" });
    }
    graph.nodes.push({ id: group, label: "sum", kind: "sum", group });
  });
  graph.nodes.push({ id: "output", label: "concat", kind: "concat" });
  for (const end of ends) {
    graph.edges.push({ from: idOf(end), to: "output", kind: "sequence" });
  }
  return graph;
}

/** Edges of a drawing whose nodes follow each other. */
export const chainEdges = (nodes: Graph["nodes"]): Graph["edges"] =>
  nodes.slice(1).map(({ id }, i) => ({ from: nodes[i].id, to: id, kind: "sequence" }));
