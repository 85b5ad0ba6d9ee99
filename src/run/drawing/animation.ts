/**
 * Animations of a changing architecture: one animated SVG, and single pictures. All frames share the layout
 * of the union of their graphs, so that nothing that stays moves.
 */
import type { Graph } from "../../nas/space.ts";
import { type GraphEdge, type GraphNode, type Layout, layOut, wordsOf } from "./layout.ts";
import { paintEdge, paintGroup, paintNode } from "./paint.ts";
import { arrange } from "./panels.ts";
import { document, faint, n, rule, text, textWidth } from "./svg.ts";

export interface Frame {
  graphs: readonly Graph[];
  caption: string;
  /** Value in the curve below the picture. */
  score: number;
}

export interface Animation {
  /** One SVG that plays all frames in a loop. Viewers without animation show the last frame. */
  animated: string;
  /** One picture per frame, all of the same size. */
  stills: string[];
}

export interface AnimationOptions {
  title: string;
  secondsPerFrame: number;
}

/** Seconds for which the last frame stays before the loop restarts. */
const secondsAtEnd = 2;
/** Fraction of a frame's time used for fading. */
const fade = 0.3;

/** Draws the animation. @throws Error when there is no frame. */
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

/** A piece of SVG, and the frames that show it. */
interface Element {
  svg: string;
  frames: boolean[];
}

/** Union of the graphs' nodes and edges; each node gets the longest of its labels. */
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

/** Key of an edge, by the nodes it joins; numbered when several edges join the same nodes. */
function edgeKey({ edges }: Graph, e: number): string {
  const same = (other: GraphEdge) =>
    other.from === edges[e].from && other.to === edges[e].to && other.kind === edges[e].kind;
  const before = edges.slice(0, e).filter(same).length;
  return JSON.stringify([edges[e].from, edges[e].to, edges[e].kind, before]);
}

/** Elements to draw, edges below nodes. Equal pieces of several frames are one element. */
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

/** SVG of an element, with the times at which it appears and disappears. */
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

/** Position of a frame's score in the curve below the picture. */
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
  // The dot moves while the picture fades, then rests for the remainder of the frame.
  const times = [0, ...scores.slice(1).flatMap((_, i) => [at(i + 1), at(i + 1 + fade)]), 1];
  const stops = [places[0], ...places.slice(1).flatMap((place, i) => [places[i], place])];
  const moves = (["cx", "cy"] as const).map((attribute, axis) => {
    const values = [...stops, places.at(-1)!].map((point) => point[axis]);
    return animation(attribute, values, times, clock);
  });
  const [cx, cy] = places.at(-1)!;
  return `<circle cx="${n(cx)}" cy="${n(cy)}" r="4.5" fill="${faint}">${moves.join("")}</circle>`;
}
