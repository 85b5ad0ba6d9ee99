/**
 * The cell space of NAS-Bench-101 (Ying et al., ICML 2019): graphs of at most seven vertices and nine edges
 * with one of three operations on each inner vertex. `choice` holds the 21 bits of the adjacency matrix above
 * its diagonal, row by row, then the operations of vertices 1 … 5. The key is the published MD5 hash, which
 * is the same for isomorphic cells.
 */
import { UsageError } from "../../common/errors.ts";
import type { Rng } from "../../common/random.ts";
import { defineSpace } from "../definition.ts";
import type { OpenEncodings } from "../encodings/encoding.ts";
import type { Decision, Graph, LabelledGraph, Notation, SearchSpace } from "../space.ts";
import { type BenchmarkSettings, benchmarkSettings } from "./benchmark.ts";
import { benchmarkPresets, cosine } from "./benchmark_presets.ts";
import { requireSearchForm, toModel } from "./child.ts";
import { DecisionList } from "./codec.ts";
import {
  type Dag,
  formatNb101,
  NB101_VERTICES,
  type Nb101Arch,
  nb101Dag,
  nb101Edges,
  nb101Hash,
  nb101Ops,
  opName,
  parseNb101,
} from "./nasbench101_arch.ts";
import { Colours } from "./nasbench101_cells.ts";
import { Nb101Cells, openNb101Cells } from "./nasbench101_index.ts";
import { NB101_STACKS, nb101Network, nb101Supernet } from "./nasbench101_network.ts";

export * from "./nasbench101_arch.ts";

const decisions: readonly Decision[] = [
  ...nb101Edges.map(([from, to]): Decision => ({
    id: `edge${from}-${to}`,
    name: `edge from vertex ${from} to vertex ${to}`,
    kind: "skip",
    node: to,
    options: 2,
  })),
  ...Array.from({ length: NB101_VERTICES - 2 }, (_, i): Decision => ({
    id: `vertex${i + 1}/op`,
    name: `operation of vertex ${i + 1}`,
    kind: "op",
    node: i + 1,
    options: nb101Ops.length,
    labels: nb101Ops,
  })),
];
const list = new DecisionList("nasbench101", decisions);

const published = { layers: 9, filters: 128 };

const notation: Notation<Nb101Arch> = {
  looks: (text) => /^[01/\s]+:\s*input\b/.test(text),
  format: formatNb101,
  parse: parseNb101,
  published: () => published,
};

export const nasbench101Definition = defineSpace({
  name: "nasbench101",
  summary: "NAS-Bench-101: a cell of at most seven vertices and nine edges, three operations",
  // Up to four vertices share the channels of a cell.
  settings: benchmarkSettings({ stages: NB101_STACKS, cells: 9, filters: 128, leastFilters: 4 }),
  presets: benchmarkPresets({
    published,
    small: { layers: 3, filters: 16 },
    least: { layers: 3, filters: 4 },
    // Ying et al. 2019, §2.3. The release uses RMSProp with ε = 1; for its small gradients this is nearly the
    // same.
    training: {
      epochs: 108,
      batch: 256,
      space: { bnDecay: 0.997 },
      optimizer: { ...cosine, lrMax: 0.2, nesterov: false },
    },
  }),
  open: nasbench101Space,
  carried: ({ stem }) => ({ stem }),
  encodings: openEncodings,
  notation,
  example: {
    settings: { layers: 3, filters: 4, stem: 2 },
    choice: [1, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 2, 0, 0],
  },
});

/** The cells are enumerated only for encodings that look cells up. */
async function openEncodings(options: OpenEncodings) {
  const { nasbench101Encodings } = await import("../encodings/nasbench101.ts");
  const lookUp = options.names.some((name) => name === "uniform" || name.includes("path"));
  const cells = lookUp
    ? await sharedCells(options)
    : new Nb101Cells(new Uint32Array(0), new Uint8Array(0));
  return nasbench101Encodings({ ...options, cells });
}

let shared: Promise<Nb101Cells> | null = null;

/**
 * Enumerated cells, shared by all encodings of a process: with their sets of paths they take some hundred
 * megabytes.
 */
function sharedCells(options: OpenEncodings): Promise<Nb101Cells> {
  return shared ??= openNb101Cells(options).catch((error) => {
    shared = null;
    throw error;
  });
}

function nasbench101Space(config: BenchmarkSettings): SearchSpace<Nb101Arch> {
  return {
    name: "nasbench101",
    summary: "a cell of at most seven vertices and nine edges, three operations",
    start: () => list.start(edgesThatLeadToCells),
    decode,
    encode: ({ edges, ops }) => [...edges, ...ops],
    key: (arch) => nb101Hash(dagOf(arch)),
    notation,
    supernet: (into) => {
      requireSearchForm(into);
      const sized = { ...into, config };
      toModel(sized, nb101Supernet(sized));
    },
    build: (arch, into) => {
      const sized = { ...into, config };
      return toModel(sized, nb101Network(dagOf(arch), sized));
    },
    graphs: (arch) => [cellGraph(dagOf(arch))],
    picture: (arch) => [cellPicture(dagOf(arch))],
    mutate,
    neighbours,
  };
}

function decode(choice: readonly number[]): Nb101Arch {
  list.check(choice);
  const arch = {
    edges: choice.slice(0, nb101Edges.length),
    ops: choice.slice(nb101Edges.length),
  };
  dagOf(arch);
  return arch;
}

/** The pruned graph. @throws UsageError for a graph that is no valid cell. */
function dagOf(arch: Nb101Arch): Dag {
  const dag = nb101Dag(arch);
  if (dag) return dag;
  throw new UsageError(
    `Cannot decode nasbench101 architecture: edges ${
      arch.edges.join(" ")
    }: expected a path from input to ` +
      `output, and at most 9 edges on such paths`,
  );
}

/** Masks bits after which no completion is a valid cell. */
function edgesThatLeadToCells(choice: readonly number[], at: number): boolean[] | null {
  if (at >= nb101Edges.length) return null;
  const before = choice.slice(0, at);
  return [0, 1].map((bit) => leadsToCell([...before, bit]));
}

/** Every set of inner vertices that can form a path from input to output, as bits. */
const routes = Array.from({ length: 2 ** (NB101_VERTICES - 2) }, (_, set) => {
  const vertices = [0];
  for (let v = 1; v < NB101_VERTICES - 1; v++) if (set >> (v - 1) & 1) vertices.push(v);
  vertices.push(NB101_VERTICES - 1);
  return nb101Edges.map(([from, to]) =>
    vertices[vertices.indexOf(from) + 1] === to && vertices.includes(from)
  );
});

/**
 * Whether some completion of the first bits is a valid cell. Edges beyond one path never help, so only
 * completions by a single path are tried.
 */
function leadsToCell(bits: readonly number[]): boolean {
  const ops = new Array<number>(NB101_VERTICES - 2).fill(0);
  return routes.some((route) => {
    if (route.some((needed, e) => needed && bits[e] === 0)) return false;
    const edges = route.map((needed, e) => needed || bits[e] === 1 ? 1 : 0);
    return nb101Dag({ edges, ops }) !== null;
  });
}

/**
 * The mutation of the published baselines: an edge flips with probability 1/7, an operation is resampled with
 * 1/5.
 */
function mutate(arch: Nb101Arch, rng: Rng): Nb101Arch {
  const before = colour(dagOf(arch));
  for (;;) {
    const edges = arch.edges.map((bit) => rng.next() < 1 / NB101_VERTICES ? 1 - bit : bit);
    const ops = arch.ops.map((op) =>
      rng.next() < 1 / (NB101_VERTICES - 2) ? rng.below(nb101Ops.length) : op
    );
    const dag = nb101Dag({ edges, ops });
    if (dag && colour(dag) !== before) return { edges, ops };
  }
}

/** Every valid flip of one edge, and every change of an operation on a vertex that pruning keeps. */
function neighbours({ edges, ops }: Nb101Arch): Nb101Arch[] {
  const flips = edges.map((bit, e) => ({ edges: edges.with(e, 1 - bit), ops }));
  const own = colour(dagOf({ edges, ops }));
  const changes = ops.flatMap((op, v) =>
    nb101Ops.flatMap((_, o) => o === op ? [] : [{ edges, ops: ops.with(v, o) }])
  );
  return [...flips, ...changes].filter((arch) => {
    const dag = nb101Dag(arch);
    return dag !== null && colour(dag) !== own;
  });
}

const colours = new Colours();

/** Canonical number: equal for isomorphic graphs, and much faster than the hash. */
function colour(dag: Dag): number {
  colours.use(dag);
  return colours.of(dag.labels);
}

function cellGraph({ out, labels }: Dag): LabelledGraph {
  return {
    labels: labels.map(opName),
    successors: out.map((set) => out.flatMap((_, w) => set >> w & 1 ? [w] : [])),
  };
}

/** Drawing of a pruned cell. */
export function cellPicture({ out, labels }: Dag, name = "cell"): Graph {
  const last = out.length - 1;
  const graph: Graph = { name, nodes: [], edges: [] };
  labels.forEach((label, v) => {
    const kind = v === 0 ? "input" : v === last ? "output" : "op";
    graph.nodes.push({ id: `vertex ${v}`, label: opName(label), kind });
    for (let w = v + 1; w <= last; w++) {
      if (!(out[v] >> w & 1)) continue;
      graph.edges.push({ from: `vertex ${v}`, to: `vertex ${w}`, kind: "sequence" });
    }
  });
  return graph;
}
