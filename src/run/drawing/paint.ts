/** Draws a laid-out graph as SVG elements. */
import type { Graph } from "../../nas/space.ts";
import { type Colour, kindColours, operationColour } from "./colours.ts";
import {
  type Box,
  fontSize,
  type GraphEdge,
  type GraphNode,
  type Layout,
  wordsOf,
} from "./layout.ts";
import { escape, faint, n, rule, text } from "./svg.ts";

type Point = readonly [number, number];

/** SVG of a graph. @param firstNode number of the first node's element: ids are unique within a file. */
export function paintGraph(graph: Graph, layout: Layout, firstNode: number): string {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  return [
    ...layout.groups.map(paintGroup),
    ...graph.edges.map((edge, e) => paintEdge(edge, layout.routes[e], nodes.get(edge.from)!)),
    ...graph.nodes.map((node, i) =>
      `<g id="node${firstNode + i + 1}" class="node">${
        paintNode(node, layout.boxes.get(node.id)!, layout.named)
      }</g>`
    ),
  ].join("\n");
}

export function paintGroup({ x, y, width, height }: Box): string {
  return `<rect x="${n(x - width / 2)}" y="${n(y - height / 2)}" width="${n(width)}" ` +
    `height="${n(height)}" rx="10" fill="#f9fafb" stroke="${rule}" stroke-dasharray="3 3"/>`;
}

/** An arrow; skip connections have the colour of their source. */
export function paintEdge(edge: GraphEdge, route: readonly Point[], from: GraphNode): string {
  const skip = edge.kind === "skip";
  const stroke = skip ? colourOf(from).line : "#4b5563";
  const tip = route.at(-1)!;
  const before = route.findLast(([x, y]) => Math.hypot(x - tip[0], y - tip[1]) > 1) ?? route[0];
  const length = Math.hypot(tip[0] - before[0], tip[1] - before[1]) || 1;
  const [dx, dy] = [(tip[0] - before[0]) / length, (tip[1] - before[1]) / length];
  const base: Point = [tip[0] - 7 * dx, tip[1] - 7 * dy];
  const corners: Point[] = [
    tip,
    [base[0] - 3 * dy, base[1] + 3 * dx],
    [base[0] + 3 * dy, base[1] - 3 * dx],
  ];
  const curve = [...route.slice(1, -1), base];
  const path = `M${point(route[0])} C${curve.map(point).join(" ")}`;
  return `<g class="edge ${edge.kind}"${skip ? ' opacity="0.75"' : ""}>` +
    `<title>${escape(`${edge.from} → ${edge.to}`)}</title>` +
    `<path d="${path}" fill="none" stroke="${stroke}" stroke-width="${skip ? 1.4 : 1.2}"/>` +
    `<path d="M${corners.map(point).join(" L")} Z" fill="${stroke}"/></g>`;
}

/** A node's box and label. @param named whether to write an operation's id beside it. */
export function paintNode(node: GraphNode, box: Box, named: boolean): string {
  const { x, y, width } = box;
  const { fill, line } = colourOf(node);
  const dark = node.kind === "output" || node.kind === "concat";
  const title = `<title>${escape(node.id)}</title>`;
  const shape = shapeOf(node, box) + ` fill="${fill}" stroke="${line}" stroke-width="1.2"/>`;
  const label = text(x, y + 0.36 * fontSize, wordsOf(node), {
    size: fontSize,
    anchor: "middle",
    fill: dark ? "#ffffff" : undefined,
  });
  const name = named && node.kind === "op" && node.id !== node.label
    ? text(x - width / 2 - 8, y + 4, node.id, { size: fontSize - 1, anchor: "end", fill: faint })
    : "";
  return `${title}${shape}${label}${name}`;
}

/** A box: reductions are trapezoids, nodes that are no operations are round. */
function shapeOf({ kind }: GraphNode, { x, y, width, height }: Box): string {
  const [left, right, top, bottom] = [x - width / 2, x + width / 2, y - height / 2, y + height / 2];
  if (kind === "reduce") {
    const slant = 10;
    const corners = [[left, top], [right, top], [right - slant, bottom], [left + slant, bottom]];
    return `<path d="M${corners.map((p) => point(p as [number, number])).join(" L")} Z"`;
  }
  const round = kind === "input" || kind === "output" || kind === "sum";
  const radius = round ? height / 2 : 6;
  return `<rect x="${n(left)}" y="${n(top)}" width="${n(width)}" height="${
    n(height)
  }" rx="${radius}"`;
}

function colourOf({ kind, label }: GraphNode): Colour {
  return kind === "op" ? operationColour(label) : kindColours[kind];
}

const point = ([x, y]: Point) => `${n(x)},${n(y)}`;
