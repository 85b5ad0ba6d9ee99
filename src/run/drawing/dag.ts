/** Layout of any directed graph, by Graphviz. */
import * as z from "zod";
import type { Graph } from "../../nas/space.ts";
import { type Box, boxSize, type GraphNode, type Layout } from "./layout.ts";

/** The fields of Graphviz's `json` output that a layout needs: points, y upwards. */
const output = z.object({
  bb: z.string(),
  objects: z.array(
    z.object({ name: z.string(), pos: z.string().optional(), bb: z.string().optional() }),
  ),
  edges: z.array(z.object({ id: z.string(), pos: z.string() })).default([]),
});

export async function layOutDag(graph: Graph): Promise<Layout> {
  // Loaded on demand: its WebAssembly would be the largest part of a page.
  const { Graphviz } = await import("@hpcc-js/wasm-graphviz");
  const graphviz = await Graphviz.load();
  const read = output.parse(JSON.parse(graphviz.dot(toDot(graph), "json")));
  const [, , width, height] = read.bb.split(",").map(Number);
  const placed = new Map(read.objects.map((object) => [object.name, object]));
  const boxes = new Map<string, Box>(graph.nodes.map((node) => {
    const [x, y] = numbers(placed.get(`node ${node.id}`)!.pos!);
    const [w, h] = boxSize(node);
    return [node.id, { x, y: height - y, width: w, height: h }];
  }));
  const groups = read.objects.filter(({ name, bb }) => name.startsWith("cluster ") && bb)
    .map(({ bb }) => {
      const [x0, y0, x1, y1] = numbers(bb!);
      return {
        x: (x0 + x1) / 2,
        y: height - (y0 + y1) / 2,
        width: x1 - x0,
        height: y1 - y0,
      };
    });
  const routes = new Array<[number, number][]>(graph.edges.length);
  for (const { id, pos } of read.edges) {
    if (id === "order") continue;
    routes[Number(id)] = points(pos).map(([x, y]) => [x, height - y]);
  }
  return { width, height, boxes, groups, routes, named: false };
}

/** The graph in Graphviz's language: boxes of fixed size, one cluster per group. */
function toDot(graph: Graph): string {
  const lines = [
    "digraph architecture {",
    "  rankdir=TB; ranksep=0.42; nodesep=0.34; margin=0;",
    '  node [shape=box, fixedsize=true, label=""];',
    // Arrowheads are drawn elsewhere; this reserves their length.
    "  edge [arrowsize=0.6];",
  ];
  for (const [group, nodes] of grouped(graph.nodes)) {
    const cluster = group !== "";
    if (cluster) lines.push(`  subgraph ${quote(`cluster ${group}`)} { margin=8;`);
    for (const node of nodes) {
      const [width, height] = boxSize(node).map((pixels) => pixels / 72);
      lines.push(`  ${quote(`node ${node.id}`)} [width=${width}, height=${height}];`);
    }
    if (cluster) lines.push("  }");
  }
  const inputs = graph.nodes.filter(({ kind }) => kind === "input");
  const names = inputs.map(({ id }) => quote(`node ${id}`));
  lines.push(`  { rank=same; ${names.join("; ")} }`);
  // Inputs keep their order, from left to right.
  if (names.length > 1) lines.push(`  ${names.join(" -> ")} [id="order", style=invis];`);
  graph.edges.forEach(({ from, to }, e) => {
    lines.push(`  ${quote(`node ${from}`)} -> ${quote(`node ${to}`)} [id="${e}"];`);
  });
  return [...lines, "}", ""].join("\n");
}

function grouped(nodes: readonly GraphNode[]): Map<string, GraphNode[]> {
  const groups = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    const group = node.group ?? "";
    groups.set(group, [...groups.get(group) ?? [], node]);
  }
  return groups;
}

const numbers = (text: string) => text.split(",").map(Number);

/** Parses "e,x,y x,y …": the end, where the arrow's tip is, then the curve. */
function points(pos: string): [number, number][] {
  const words = pos.split(" ");
  const tip = words[0].startsWith("e,") ? words.shift()!.slice(2) : null;
  const curve = words.map((word) => numbers(word) as [number, number]);
  // The arrowhead of Graphviz is not drawn, so the curve itself has to reach the tip.
  if (tip !== null) curve[curve.length - 1] = numbers(tip) as [number, number];
  return curve;
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
