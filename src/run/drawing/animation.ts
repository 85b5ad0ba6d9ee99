/**
 * An architecture as it changes, in one animated SVG and in single pictures. All frames share one layout, that
 * of everything that ever stands in them, so that what stays does not move.
 */
import type { Graph } from "../../nas/space.ts";
import { type GraphEdge, type GraphNode, type Layout, layOut, wordsOf } from "./layout.ts";
import { paintEdge, paintGroup, paintNode } from "./paint.ts";
import { arrange } from "./panels.ts";
import { document, faint, n, rule, text, textWidth } from "./svg.ts";

export interface Frame {
  graphs: readonly Graph[];
  caption: string;
  /** What the curve below the picture shows. */
  score: number;
}

export interface Animation {
  /** One SVG that plays all frames over and over; what shows no animations shows the last frame. */
  animated: string;
  /** A picture of its own per frame, all of one size. */
  stills: string[];
}

export interface AnimationOptions {
  title: string;
  secondsPerFrame: number;
}

/** The last frame stands still for so long before all begins anew. */
const secondsAtEnd = 2;
/** Part of a frame's time in which what changes fades. */
const fade = 0.3;

/** @throws Error when there is no frame. */
export async function animate(
  frames: readonly Frame[],
  { title, secondsPerFrame }: AnimationOptions,
): Promise<Animation> {
  const panels = await Promise.all(
    frames[0].graphs.map(async (first, g) => {
      const graphs = frames.map((frame) => frame.graphs[g]);
      const union = unionOf(graphs);
      const layout = await layOut(union);
      return { name: first.name, layout, elements: elementsOf(graphs, union, layout) };
    }),
  );
  const clock: Clock = {
    frames: frames.length,
    perFrame: secondsPerFrame,
    total: frames.length * secondsPerFrame + secondsAtEnd,
  };
  const picture = (
    elements: (shown: readonly Element[]) => string,
    below: (y: number) => string,
  ) => {
    const { width, height, body } = arrange(
      panels.map((panel) => ({ ...panel, body: elements(panel.elements) })),
      title,
    );
    const wide = Math.max(width, ...frames.map(({ caption }) => textWidth(caption, 15) + 60), 420);
    return document({ width: wide, height: height + 70, body: body + "\n" + below(height) });
  };
  const scores = frames.map(({ score }) => score);
  return {
    animated: picture(
      (elements) => elements.map((element) => timed(element, clock)).join("\n"),
      (y) =>
        [
          ...frames.map(({ caption }, f) =>
            timed({ svg: captionAt(caption, y), frames: frames.map((_, i) => i === f) }, clock, 0)
          ),
          curve(scores, y),
          movingDot(scores, y, clock),
        ].join("\n"),
    ),
    stills: frames.map(({ caption }, f) =>
      picture(
        (elements) => elements.filter(({ frames }) => frames[f]).map(({ svg }) => svg).join("\n"),
        (y) => [captionAt(caption, y), curve(scores, y), dot(scores, y, f)].join("\n"),
      )
    ),
  };
}

/** A piece of SVG, and in which frames it is seen. */
interface Element {
  svg: string;
  frames: boolean[];
}

/** Every node and edge of any of the graphs once; a node with the longest of its labels. */
function unionOf(graphs: readonly Graph[]): Graph {
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  for (const graph of graphs) {
    for (const node of graph.nodes) {
      const known = nodes.get(node.id);
      if (!known || wordsOf(node).length > wordsOf(known).length) nodes.set(node.id, node);
    }
    graph.edges.forEach((edge, e) => edges.set(edgeKey(graph, e), edge));
  }
  return { name: graphs[0].name, nodes: [...nodes.values()], edges: [...edges.values()] };
}

/** The same for edges that join the same nodes, numbered where there are several. */
function edgeKey({ edges }: Graph, e: number): string {
  const same = (other: GraphEdge) =>
    other.from === edges[e].from && other.to === edges[e].to && other.kind === edges[e].kind;
  const before = edges.slice(0, e).filter(same).length;
  return JSON.stringify([edges[e].from, edges[e].to, edges[e].kind, before]);
}

/** Edges below nodes; what looks the same in several frames is one element. */
function elementsOf(graphs: readonly Graph[], union: Graph, layout: Layout): Element[] {
  const edges = new Map<string, Element>();
  const nodes = new Map<string, Element>();
  const see = (into: Map<string, Element>, svg: string, f: number) => {
    const element = into.get(svg) ?? { svg, frames: graphs.map(() => false) };
    element.frames[f] = true;
    into.set(svg, element);
  };
  const routes = new Map(union.edges.map((_, e) => [edgeKey(union, e), layout.routes[e]]));
  graphs.forEach((graph, f) => {
    const byId = new Map(graph.nodes.map((node) => [node.id, node]));
    graph.edges.forEach((edge, e) => {
      see(edges, paintEdge(edge, routes.get(edgeKey(graph, e))!, byId.get(edge.from)!), f);
    });
    for (const node of graph.nodes) {
      const box = layout.boxes.get(node.id)!;
      see(nodes, `<g class="node">${paintNode(node, box, layout.named)}</g>`, f);
    }
  });
  const always = graphs.map(() => true);
  return [
    ...layout.groups.map((group) => ({ svg: paintGroup(group), frames: always })),
    ...edges.values(),
    ...nodes.values(),
  ];
}

interface Clock {
  frames: number;
  perFrame: number;
  total: number;
}

/** The element with the times at which it comes and goes. */
function timed({ svg, frames }: Element, clock: Clock, fading = fade): string {
  if (frames.every((seen) => seen)) return svg;
  const at = (f: number) => f * clock.perFrame / clock.total;
  const last = frames.at(-1) ? 1 : 0;
  const [times, values] = [[0], [frames[0] ? 1 : 0]];
  for (let f = 1; f < frames.length; f++) {
    if (frames[f] === frames[f - 1]) continue;
    const now = frames[f] ? 1 : 0;
    times.push(at(f), at(f + fading));
    values.push(1 - now, now);
  }
  times.push(1);
  values.push(last);
  return `<g opacity="${last}">${svg}${animation("opacity", values, times, clock)}</g>`;
}

function animation(
  attribute: string,
  values: readonly number[],
  times: readonly number[],
  { total }: Clock,
): string {
  return `<animate attributeName="${attribute}" dur="${n(total)}s" repeatCount="indefinite" ` +
    `keyTimes="${times.map((t) => Number(t.toFixed(5))).join(";")}" ` +
    `values="${values.map(n).join(";")}"/>`;
}

const captionAt = (caption: string, y: number) => text(24, y + 8, caption, { size: 14 });

/** Where the score of a frame stands in the curve below the picture. */
function place(scores: readonly number[], y: number, f: number): [number, number] {
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const width = 372;
  return [
    24 + (scores.length > 1 ? f / (scores.length - 1) * width : 0),
    y + 52 - (high > low ? (scores[f] - low) / (high - low) * 28 : 0),
  ];
}

function curve(scores: readonly number[], y: number): string {
  const points = scores.map((_, f) => place(scores, y, f).map(n).join(",")).join(" ");
  return `<polyline points="${points}" fill="none" stroke="${rule}" stroke-width="2" ` +
    `stroke-linejoin="round"/>`;
}

function dot(scores: readonly number[], y: number, f: number): string {
  const [cx, cy] = place(scores, y, f);
  return `<circle cx="${n(cx)}" cy="${n(cy)}" r="4.5" fill="${faint}"/>`;
}

function movingDot(scores: readonly number[], y: number, clock: Clock): string {
  const places = scores.map((_, f) => place(scores, y, f));
  const at = (f: number) => f * clock.perFrame / clock.total;
  // It moves while the picture fades, and rests for the rest of a frame.
  const times = [0, ...scores.slice(1).flatMap((_, i) => [at(i + 1), at(i + 1 + fade)]), 1];
  const stops = [places[0], ...places.slice(1).flatMap((place, i) => [places[i], place])];
  const moves = (["cx", "cy"] as const).map((attribute, axis) => {
    const values = [...stops, places.at(-1)!].map((point) => point[axis]);
    return animation(attribute, values, times, clock);
  });
  const [cx, cy] = places.at(-1)!;
  return `<circle cx="${n(cx)}" cy="${n(cy)}" r="4.5" fill="${faint}">${moves.join("")}</circle>`;
}
