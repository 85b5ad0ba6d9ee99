/** Layout of a tree: the root at the left, a row per leaf, so that large trees stay narrow. */
import type { Graph } from "../../nas/space.ts";
import { type Box, boxSize, type Layout } from "./layout.ts";

const pitch = 34;
const gap = 40;

/** A tree by its root, with the children of each node in the order of the edges. */
export interface Tree {
  root: string;
  children: ReadonlyMap<string, readonly string[]>;
}

/** The tree that a graph is; null where a node has several sources, or none leads to it from the root. */
export function treeOf({ nodes, edges }: Graph): Tree | null {
  if (nodes.length === 0 || edges.length !== nodes.length - 1) return null;
  const children = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  const entered = new Set<string>();
  for (const { from, to } of edges) {
    if (entered.has(to)) return null;
    entered.add(to);
    children.get(from)!.push(to);
  }
  const root = nodes.find(({ id }) => !entered.has(id))!.id;
  const reached = new Set([root]);
  for (const id of reached) children.get(id)!.forEach((child) => reached.add(child));
  return reached.size === nodes.length ? { root, children } : null;
}

/** Nodes of a tree in reading order, with their depth. */
export function readingOrder({ root, children }: Tree): { id: string; depth: number }[] {
  const order: { id: string; depth: number }[] = [];
  const visit = (id: string, depth: number) => {
    order.push({ id, depth });
    children.get(id)!.forEach((child) => visit(child, depth + 1));
  };
  visit(root, 0);
  return order;
}

export function layOutTree(graph: Graph, tree: Tree): Layout {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const order = readingOrder(tree);
  const widths: number[] = [];
  for (const { id, depth } of order) {
    widths[depth] = Math.max(widths[depth] ?? 0, boxSize(nodes.get(id)!)[0]);
  }
  const lefts = widths.map((_, d) => widths.slice(0, d).reduce((sum, w) => sum + w + gap, 0));
  const heights = new Map<string, number>();
  let rows = 0;
  // Backwards, so that children come before their parents; the rows are counted from the bottom.
  for (const { id } of order.toReversed()) {
    const below = tree.children.get(id)!.map((child) => heights.get(child)!);
    heights.set(id, below.length === 0 ? rows++ : (below[0] + below.at(-1)!) / 2);
  }
  const boxes = new Map<string, Box>(order.map(({ id, depth }) => {
    const [width, height] = boxSize(nodes.get(id)!);
    const y = (rows - 1 - heights.get(id)!) * pitch + 13;
    return [id, { x: lefts[depth] + width / 2, y, width, height }];
  }));
  return {
    width: lefts.at(-1)! + widths.at(-1)!,
    height: (rows - 1) * pitch + 26,
    boxes,
    groups: [],
    routes: graph.edges.map(({ from, to }) => {
      const [a, b] = [boxes.get(from)!, boxes.get(to)!];
      const [x, z] = [a.x + a.width / 2, b.x - b.width / 2];
      const middle = z - gap / 2;
      return [[x, a.y], [middle, a.y], [middle, b.y], [z, b.y]] as const;
    }),
    named: false,
  };
}
