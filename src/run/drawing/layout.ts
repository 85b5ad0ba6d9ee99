/** Layout of a graph: positions of its nodes and routes of its edges. */
import type { Graph } from "../../nas/space.ts";
import { chainOf, layOutChain } from "./chain.ts";
import { layOutDag } from "./dag.ts";
import { textWidth } from "./svg.ts";
import { layOutTree, treeOf } from "./tree.ts";

export type GraphNode = Graph["nodes"][number];
export type GraphEdge = Graph["edges"][number];

/** A box in pixels; x and y are its centre. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Layout {
  width: number;
  height: number;
  boxes: ReadonlyMap<string, Box>;
  /** Frames around the nodes of each group. */
  groups: readonly Box[];
  /** Routes of the edges, in the graph's order: points of cubic Bézier curves, start first. */
  routes: readonly (readonly (readonly [number, number])[])[];
  /** Whether names are shown beside the nodes. */
  named: boolean;
}

export const fontSize = 12;

/** Width and height of a node's box. */
export function boxSize(node: GraphNode): [number, number] {
  const words = wordsOf(node);
  if (node.kind === "sum") return [Math.max(22, textWidth(words, fontSize) + 14), 22];
  return [Math.max(54, textWidth(words, fontSize) + 22), 26];
}

/**
 * Text in a node's box. The node that joins a group's operations shows the group's name, by which other nodes
 * refer to it.
 */
export function wordsOf({ kind, label, group }: GraphNode): string {
  if (kind === "concat" && group !== undefined) return `${group}: ${label}`;
  if (kind !== "sum") return label;
  const name = group ?? (label === "sum" || label === "+" ? undefined : label);
  return name === undefined ? "+" : `+ ${name}`;
}

/** Lays out any directed graph. */
export type LayOutGraph = (graph: Graph) => Layout | Promise<Layout>;

/**
 * Lays out a chain with skips as a column with arcs, a tree in rows, every other graph by `others`, by default
 * Graphviz.
 */
export async function layOut(graph: Graph, others: LayOutGraph = layOutDag): Promise<Layout> {
  const chain = chainOf(graph);
  if (chain) return layOutChain(graph, chain);
  const tree = treeOf(graph);
  return tree ? layOutTree(graph, tree) : await others(graph);
}
