/** Pictures of an architecture: SVG for people and browsers, text for the terminal. */
import type { Graph } from "../nas/space.ts";
import { layOut, type LayOutGraph } from "./drawing/layout.ts";
import { arrange, type Panel } from "./drawing/panels.ts";
import { paintGraph } from "./drawing/paint.ts";
import { document } from "./drawing/svg.ts";

export { drawText } from "./drawing/text.ts";

/** Nodes of the largest graph that is laid out: the time grows faster than their number, and nobody reads more. */
const MOST_NODES = 1000;

export interface DrawOptions {
  /** Heading above the picture. */
  title?: string;
  /** Lays out graphs that are no chains; default: Graphviz. */
  layOut?: LayOutGraph;
}

/**
 * Draws one SVG with every graph side by side (a micro architecture has two cells). Colours mark operations;
 * reductions are marked too. The same graphs give the same bytes. A graph of more than 1,000 nodes is one node that
 * says how many there are.
 */
export async function drawSvg(
  graphs: readonly Graph[],
  { title, layOut: others }: DrawOptions = {},
): Promise<string> {
  let nodes = 0;
  const panels: Panel[] = [];
  for (const given of graphs) {
    const graph = given.nodes.length > MOST_NODES ? placeholder(given) : given;
    const layout = await layOut(graph, others);
    panels.push({ name: graph.name, layout, body: paintGraph(graph, layout, nodes) });
    nodes += graph.nodes.length;
  }
  return document(arrange(panels, title));
}

function placeholder({ name, nodes }: Graph): Graph {
  const label = `${nodes.length} operations: too many to draw`;
  return { name, nodes: [{ id: "all", label, kind: "op" }], edges: [] };
}
