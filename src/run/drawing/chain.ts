/** Layout of a chain with skip connections: a column, with arcs to its right. */
import type { Graph } from "../../nas/space.ts";
import { type Box, boxSize, fontSize, type Layout } from "./layout.ts";
import { textWidth } from "./svg.ts";

const pitch = 44;
const gap = 12;

/** Nodes in chain order, or null when the sequence edges do not form a path through all nodes. */
export function chainOf({ nodes, edges }: Graph): string[] | null {
  const next = new Map<string, string>();
  const entered = new Set<string>();
  for (const { from, to, kind } of edges) {
    if (kind === "skip") continue;
    if (next.has(from) || entered.has(to)) return null;
    next.set(from, to);
    entered.add(to);
  }
  const chain: string[] = [];
  const first = nodes.find(({ id }) => !entered.has(id));
  for (let id = first?.id; id !== undefined; id = next.get(id)) chain.push(id);
  const at = new Map(chain.map((id, i) => [id, i]));
  const forwards = edges.every(({ from, to }) => (at.get(from) ?? 0) < (at.get(to) ?? 0));
  return chain.length === nodes.length && chain.length > 1 && forwards ? chain : null;
}

export function layOutChain(graph: Graph, chain: readonly string[]): Layout {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const names = chain.map((id) => nodes.get(id)!).filter(({ kind }) => kind === "op");
  const left = Math.max(0, ...names.map(({ id }) => textWidth(id, fontSize - 1))) + gap;
  const width = Math.max(...chain.map((id) => boxSize(nodes.get(id)!)[0]));
  const boxes = new Map<string, Box>(chain.map((id, i) => [id, {
    x: left + width / 2,
    y: pitch * i + 13,
    width,
    height: boxSize(nodes.get(id)!)[1],
  }]));
  const rows = new Map(chain.map((id, i) => [id, i]));
  const ports = portsOf(graph, rows);
  const bulge = (span: number) => 26 + 19 * span ** 0.82;
  const routes = graph.edges.map(({ from, to, kind }, e) => {
    const [a, b] = [boxes.get(from)!, boxes.get(to)!];
    if (kind !== "skip") return line([a.x, a.y + a.height / 2], [b.x, b.y - b.height / 2]);
    const x = left + width;
    const reach = x + bulge(rows.get(to)! - rows.get(from)!);
    const [y, z] = [a.y + ports.out[e] * a.height / 2, b.y - ports.in[e] * b.height / 2];
    return [[x, y], [reach, y], [reach, z], [x, z]] as const;
  });
  const spans = graph.edges.filter(({ kind }) => kind === "skip")
    .map(({ from, to }) => rows.get(to)! - rows.get(from)!);
  return {
    // A cubic reaches three quarters of the way to its control points.
    width: left + width + (spans.length ? 0.75 * bulge(Math.max(...spans)) : 0),
    height: pitch * (chain.length - 1) + 26,
    boxes,
    groups: [],
    routes,
    named: true,
  };
}

/**
 * Vertical positions of arcs, between 0 (middle) and 1 (edge). Arcs leave in the lower half of a box and
 * arrive in the upper half. The longer an arc, the nearer to the middle, so that short arcs nest inside long
 * ones.
 */
function portsOf({ edges }: Graph, rows: ReadonlyMap<string, number>) {
  const ports = { out: new Array<number>(edges.length), in: new Array<number>(edges.length) };
  const span = (e: number) => rows.get(edges[e].to)! - rows.get(edges[e].from)!;
  for (const [side, end] of [["out", "from"], ["in", "to"]] as const) {
    const byNode = new Map<string, number[]>();
    edges.forEach((edge, e) => {
      if (edge.kind === "skip") byNode.set(edge[end], [...byNode.get(edge[end]) ?? [], e]);
    });
    for (const group of byNode.values()) {
      group.sort((a, b) => span(b) - span(a));
      group.forEach((e, i) => ports[side][e] = 0.15 + 0.7 * (i + 0.5) / group.length);
    }
  }
  return ports;
}

type Point = readonly [number, number];

/** A straight line as a cubic. */
function line(a: Point, b: Point): readonly Point[] {
  const between = (t: number): Point => [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
  return [a, between(1 / 3), between(2 / 3), b];
}
