/**
 * Layered layout of a directed acyclic graph without Graphviz (Sugiyama et al. 1981), for browsers that allow
 * no WebAssembly: rows by the longest path, order by barycentres, columns by averaging. A group of nodes is
 * laid out by itself and takes part in the whole as one box, so that frames never overlap.
 */
import type { Graph } from "../../nas/space.ts";
import { type Box, boxSize, type GraphEdge, type GraphNode, type Layout } from "./layout.ts";

const rowGap = 34, columnGap = 24, groupMargin = 8;
/** Sweeps over all rows: down and up in turn. */
const sweeps = 12;

/** Something with a place: a node, a group, or the bend of an edge that passes a row. */
interface Item {
  id: string;
  width: number;
  height: number;
  /** Centre. */
  x: number;
  y: number;
  row: number;
  above: Item[];
  below: Item[];
}

interface Link {
  from: string;
  to: string;
}

interface Placed {
  items: Map<string, Item>;
  /** Bends of each link, from top to bottom. */
  bends: Item[][];
  width: number;
  height: number;
}

export function layOutLayered(graph: Graph): Layout {
  const groups = groupsOf(graph);
  // A group that an edge leaves and another enters again cannot be one box.
  return layOutGroups(graph, groups) ?? layOutGroups(graph, new Map())!;
}

/** Members of each group, by its name. */
function groupsOf({ nodes }: Graph): Map<string, GraphNode[]> {
  const groups = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    if (node.group !== undefined) {
      groups.set(node.group, [...groups.get(node.group) ?? [], node]);
    }
  }
  return groups;
}

function layOutGroups(graph: Graph, groups: ReadonlyMap<string, GraphNode[]>): Layout | null {
  const owner = new Map<string, string>();
  const inner = new Map<string, Placed>();
  for (const [group, members] of groups) {
    const ids = new Set(members.map(({ id }) => id));
    const links = graph.edges.filter(({ from, to }) => ids.has(from) && ids.has(to));
    const placed = place(members.map(sized), links, []);
    if (!placed) return null;
    inner.set(group, placed);
    for (const id of ids) owner.set(id, groupId(group));
  }
  const outer = (id: string) => owner.get(id) ?? id;
  const boxes = [
    ...graph.nodes.filter(({ id }) => !owner.has(id)).map(sized),
    ...[...inner].map(([group, { width, height }]) => ({
      id: groupId(group),
      width: width + 2 * groupMargin,
      height: height + 2 * groupMargin,
    })),
  ];
  const inputs = graph.nodes.filter(({ kind }) => kind === "input").map(({ id }) => outer(id));
  const links = graph.edges.map(({ from, to }) => ({ from: outer(from), to: outer(to) }));
  const whole = place(boxes, links, inputs);
  return whole && assemble(graph, whole, inner, outer);
}

const groupId = (group: string) => `group ${group}`;

function sized(node: GraphNode): { id: string; width: number; height: number } {
  const [width, height] = boxSize(node);
  return { id: node.id, width, height };
}

/** Positions of all nodes, frames and routes. */
function assemble(
  { nodes, edges }: Graph,
  whole: Placed,
  inner: ReadonlyMap<string, Placed>,
  outer: (id: string) => string,
): Layout {
  const boxes = new Map<string, Box>();
  for (const { id, group } of nodes) {
    const box = whole.items.get(outer(id))!;
    const placed = outer(id) === id ? undefined : inner.get(group!);
    const item = placed?.items.get(id) ?? box;
    const [x, y] = placed
      ? [box.x - placed.width / 2 + item.x, box.y - placed.height / 2 + item.y]
      : [item.x, item.y];
    boxes.set(id, { x, y, width: item.width, height: item.height });
  }
  const groups = [...inner.keys()].map((group): Box => {
    const { x, y, width, height } = whole.items.get(groupId(group))!;
    return { x, y, width, height };
  });
  const ports = portsOf(edges, boxes);
  const routes = edges.map((_, e) => route(ports[e], whole.bends[e]));
  return { width: whole.width, height: whole.height, boxes, groups, routes, named: false };
}

/** Lays out boxes in rows; null where the links form a cycle. @param first boxes of the first row, in order. */
function place(
  boxes: readonly { id: string; width: number; height: number }[],
  links: readonly Link[],
  first: readonly string[],
): Placed | null {
  const items = new Map(boxes.map((box): [string, Item] => [
    box.id,
    { ...box, x: 0, y: 0, row: 0, above: [], below: [] },
  ]));
  if (!assignRows(items, links)) return null;
  const rows: Item[][] = [];
  const ordered = [...items.values()].sort((a, b) => rankIn(first, a.id) - rankIn(first, b.id));
  for (const item of ordered) (rows[item.row] ??= []).push(item);
  const bends = links.map(({ from, to }) => connect(items.get(from)!, items.get(to)!, rows));
  sortRows(rows, first);
  const width = assignColumns(rows);
  const height = assignHeights(rows);
  return { items, bends, width, height };
}

const rankIn = (order: readonly string[], id: string) =>
  order.includes(id) ? order.indexOf(id) : order.length;

/** Rows by the longest path from the top; false where there is a cycle. */
function assignRows(items: ReadonlyMap<string, Item>, links: readonly Link[]): boolean {
  for (let pass = 0; pass <= items.size; pass++) {
    let moved = false;
    for (const { from, to } of links) {
      if (from === to) continue;
      const [a, b] = [items.get(from)!, items.get(to)!];
      if (b.row > a.row) continue;
      b.row = a.row + 1;
      moved = true;
    }
    if (!moved) return true;
  }
  return false;
}

/** Connects two items by bends in the rows between them. */
function connect(from: Item, to: Item, rows: Item[][]): Item[] {
  const bends: Item[] = [];
  if (from === to) return bends;
  let last = from;
  for (let row = from.row + 1; row < to.row; row++) {
    const bend: Item = { id: "", width: 2, height: 0, x: 0, y: 0, row, above: [last], below: [] };
    last.below.push(bend);
    rows[row].push(bend);
    bends.push(bend);
    last = bend;
  }
  last.below.push(to);
  to.above.push(last);
  return bends;
}

/** Orders each row by the mean position of the neighbours in the row before, downwards and upwards in turn. */
function sortRows(rows: readonly Item[][], first: readonly string[]): void {
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const down = sweep % 2 === 0;
    const order = down ? rows : [...rows].reverse();
    for (const row of order) {
      const at = new Map<Item, number>();
      row.forEach((item, i) => {
        const near = down ? item.above : item.below;
        const positions = near.map((other) => rows[other.row].indexOf(other) + 0.5)
          .map((position, k) => position / rows[near[k].row].length);
        at.set(item, positions.length ? mean(positions) : (i + 0.5) / row.length);
      });
      row.sort((a, b) => at.get(a)! - at.get(b)!);
      // The inputs of a cell keep their order.
      if (row === rows[0]) row.sort((a, b) => rankIn(first, a.id) - rankIn(first, b.id));
    }
  }
}

/** Columns: each item moves to the mean of its neighbours as far as those beside it let it. */
function assignColumns(rows: readonly Item[][]): number {
  for (const row of rows) pack(row, row.map(() => 0));
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const row of sweep % 2 === 0 ? rows : [...rows].reverse()) {
      pack(
        row,
        row.map(({ above, below, x }) => {
          const near = [...above, ...below];
          return near.length ? mean(near.map((other) => other.x)) : x;
        }),
      );
    }
  }
  const all = rows.flat();
  const left = Math.min(0, ...all.map(({ x, width }) => x - width / 2));
  for (const item of all) item.x -= left;
  return Math.max(...all.map(({ x, width }) => x + width / 2));
}

/** Places a row as near to the wanted centres as its order and gaps allow: blocks that collide share the mean. */
function pack(row: readonly Item[], wanted: readonly number[]): void {
  const blocks: { items: Item[]; offsets: number[]; wish: number[]; width: number }[] = [];
  row.forEach((item, i) => {
    blocks.push({
      items: [item],
      offsets: [item.width / 2],
      wish: [wanted[i] - item.width / 2],
      width: item.width,
    });
    while (blocks.length > 1) {
      const [a, b] = blocks.slice(-2);
      if (mean(a.wish) + a.width + columnGap <= mean(b.wish)) break;
      const shift = a.width + columnGap;
      blocks.splice(-2, 2, {
        items: [...a.items, ...b.items],
        offsets: [...a.offsets, ...b.offsets.map((offset) => offset + shift)],
        wish: [...a.wish, ...b.wish.map((x) => x - shift)],
        width: shift + b.width,
      });
    }
  });
  for (const { items, offsets, wish } of blocks) {
    items.forEach((item, i) => item.x = mean(wish) + offsets[i]);
  }
}

function assignHeights(rows: readonly Item[][]): number {
  let y = 0;
  for (const row of rows) {
    const height = Math.max(...row.map((item) => item.height));
    for (const item of row) {
      item.y = y + height / 2;
      // An edge passes the whole height of a row straight.
      if (item.id === "") item.height = height;
    }
    y += height + rowGap;
  }
  return y - rowGap;
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

type Point = readonly [number, number];

/** Places the ends of edges at their boxes: side by side, in the order of the other ends. */
function portsOf(edges: readonly GraphEdge[], boxes: ReadonlyMap<string, Box>) {
  const ports = edges.map(({ from, to }) => {
    const [a, b] = [boxes.get(from)!, boxes.get(to)!];
    return [[a.x, a.y + a.height / 2], [b.x, b.y - b.height / 2]] as [number[], number[]];
  });
  for (const [end, other, side] of [["from", "to", 0], ["to", "from", 1]] as const) {
    const ends = Map.groupBy(edges.keys(), (e) => edges[e][end]);
    for (const [id, here] of ends) {
      const { x, width } = boxes.get(id)!;
      here.sort((a, b) => boxes.get(edges[a][other])!.x - boxes.get(edges[b][other])!.x);
      const step = Math.min(12, width * 0.7 / here.length);
      here.forEach((e, i) => ports[e][side][0] = x + step * (i - (here.length - 1) / 2));
    }
  }
  return ports as unknown as (readonly [Point, Point])[];
}

/** A curve through the bends, vertical at each of its points. */
function route([start, end]: readonly [Point, Point], bends: readonly Item[]): readonly Point[] {
  const points: Point[] = [start];
  let last = start;
  const to = (next: Point) => {
    const middle = (last[1] + next[1]) / 2;
    points.push([last[0], middle], [next[0], middle], next);
    last = next;
  };
  for (const { x, y, height } of bends) {
    to([x, y - height / 2]);
    if (height > 0) to([x, y + height / 2]);
  }
  to(end);
  return points;
}
