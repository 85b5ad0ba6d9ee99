/** Where the nodes of a graph stand and which way its edges go. */
import type { Graph } from "../../nas/space.ts";
import { chainOf, layOutChain } from "./chain.ts";
import { layOutDag } from "./dag.ts";
import { textWidth } from "./svg.ts";

export type GraphNode = Graph["nodes"][number];
export type GraphEdge = Graph["edges"][number];

/** In pixels; x and y are those of the middle. */
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
  /** Frames around nodes of one group. */
  groups: readonly Box[];
  /** Per edge of the graph, in its order: the points of cubic Bézier curves, start first. */
  routes: readonly (readonly (readonly [number, number])[])[];
  /** Names of the nodes stand beside them. */
  named: boolean;
}

export const fontSize = 12;

/** Width and height of a node's box. */
export function boxSize(node: GraphNode): [number, number] {
  const words = wordsOf(node);
  if (node.kind === "sum") return [Math.max(22, textWidth(words, fontSize) + 14), 22];
  return [Math.max(54, textWidth(words, fontSize) + 22), 26];
}

/** What stands in a node's box. What joins a group's operations is what others know the group by. */
export function wordsOf({ kind, label, group }: GraphNode): string {
  if (kind === "concat" && group !== undefined) return `${group}: ${label}`;
  if (kind !== "sum") return label;
  const name = group ?? (label === "sum" || label === "+" ? undefined : label);
  return name === undefined ? "+" : `+ ${name}`;
}

/** A chain with skips gets them as arcs beside it; everything else is for Graphviz. */
export async function layOut(graph: Graph): Promise<Layout> {
  const chain = chainOf(graph);
  return chain ? layOutChain(graph, chain) : await layOutDag(graph);
}
