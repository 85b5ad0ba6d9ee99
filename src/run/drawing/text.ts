/** An architecture as text, for the terminal. */
import type { Graph } from "../../nas/space.ts";
import { chainOf } from "./chain.ts";
import { readingOrder, type Tree, treeOf } from "./tree.ts";

type Node = Graph["nodes"][number];

/**
 * Draws a few lines per graph, top to bottom. A sum of two operations of one group (a block of a cell) is one
 * line. A straight chain has no arrows; any other input of a node is named after `←`. A tree is indented.
 */
export function drawText(graphs: readonly Graph[]): string {
  return graphs.map((graph) => {
    const tree = chainOf(graph) ? null : treeOf(graph);
    if (tree) return [graph.name, ...indented(graph, tree)].join("\n");
    const rows = rowsOf(graph);
    const width = Math.max(...rows.map(({ name }) => name.length));
    const lines = rows.map(({ name, text }) => `  ${name.padEnd(width)}  ${text}`.trimEnd());
    return [graph.name, ...lines].join("\n");
  }).join("\n\n") + "\n";
}

function indented({ nodes }: Graph, tree: Tree): string[] {
  const labels = new Map(nodes.map(({ id, label }) => [id, label]));
  return readingOrder(tree).map(({ id, depth }) => `${"  ".repeat(depth + 1)}${labels.get(id)}`);
}

interface Row {
  name: string;
  text: string;
}

function rowsOf(graph: Graph): Row[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const into = (id: string) => graph.edges.filter(({ to }) => to === id);
  const outOf = (id: string) => graph.edges.filter(({ from }) => from === id);
  /** The sum that an operation of a block belongs to, when the sum is its only reader. */
  const sumOf = (node: Node): Node | undefined => {
    const readers = outOf(node.id);
    const reader = readers.length === 1 ? nodes.get(readers[0].to)! : undefined;
    return node.kind === "op" && node.group !== undefined && reader?.kind === "sum" &&
        reader.group === node.group && into(node.id).length === 1
      ? reader
      : undefined;
  };
  const nameOf = (node: Node): string => node.kind === "op" ? node.id : node.group ?? node.label;
  const rows: Row[] = [];
  let above: string | undefined;
  for (const node of sorted(graph)) {
    if (sumOf(node)) continue;
    const absorbed = into(node.id).map(({ from }) => nodes.get(from)!).filter((n) =>
      sumOf(n) === node
    );
    const read = into(node.id).map(({ from }) => nodes.get(from)!);
    if (absorbed.length > 0 && absorbed.length === read.length) {
      const terms = absorbed.map((op) =>
        `${op.label} (${nameOf(nodes.get(into(op.id)[0].from)!)})`
      );
      rows.push({ name: nameOf(node), text: terms.join("  +  ") });
    } else {
      const others = into(node.id)
        .filter(({ from, kind }) => kind === "skip" || from !== above || node.kind === "concat")
        .map(({ from }) => nameOf(nodes.get(from)!));
      const text = node.kind === "op" ? node.label : nameOf(node) === node.label ? "" : node.label;
      const arrow = others.length > 0 ? `← ${others.join(", ")}` : "";
      rows.push({
        name: nameOf(node),
        text: [text.padEnd(arrow ? 14 : 0), arrow].join("  ").trim(),
      });
    }
    above = node.id;
  }
  return rows;
}

/** Topological order of the nodes; the graph's own order when there is none. */
function sorted(graph: Graph): Node[] {
  const waiting = new Map(graph.nodes.map(({ id }) => [id, 0]));
  for (const { to } of graph.edges) waiting.set(to, waiting.get(to)! + 1);
  const left = [...graph.nodes];
  const order: Node[] = [];
  while (left.length > 0) {
    const at = left.findIndex(({ id }) => waiting.get(id) === 0);
    if (at < 0) throw new Error(`Cannot draw ${graph.name}: its edges go round in a circle`);
    const [node] = left.splice(at, 1);
    order.push(node);
    for (const { from, to } of graph.edges) {
      if (from === node.id) waiting.set(to, waiting.get(to)! - 1);
    }
  }
  return order;
}
