/**
 * The topology space of NAS-Bench-201 (Dong & Yang, ICLR 2020) and NATS-Bench: 5⁶ = 15,625 cells of four
 * nodes with an operation on each of six edges. `choice` holds the operations in the order of the arch
 * string.
 */
import { fromEdges } from "../predictors/graphs.ts";
import { defineSpace } from "../definition.ts";
import type { Decision, Graph, Notation, SearchSpace } from "../space.ts";
import { type BenchmarkSettings, benchmarkSettings } from "./benchmark.ts";
import { benchmarkPresets, cosine } from "./benchmark_presets.ts";
import { requireSearchForm, type Sized, toModel } from "./child.ts";
import { DecisionList } from "./codec.ts";
import {
  formatNb201,
  type Nb201Arch,
  nb201Edges,
  nb201Ops,
  parseNb201,
  uniqueNb201,
} from "./nasbench201_arch.ts";
import { NB201_STAGES, nb201Network } from "./nasbench201_network.ts";

export {
  connectedNb201,
  formatNb201,
  type Nb201Arch,
  nb201Edges,
  type Nb201Equivalence,
  nb201Number,
  nb201Ops,
  parseNb201,
  uniqueNb201,
} from "./nasbench201_arch.ts";

const list = new DecisionList(
  "nasbench201",
  nb201Edges.map(([from, to]): Decision => ({
    id: `edge${from}-${to}`,
    name: `operation from node ${from} to node ${to}`,
    kind: "op",
    node: to,
    options: nb201Ops.length,
    labels: nb201Ops,
  })),
);

const published = { layers: 15, filters: 16 };

const notation: Notation<Nb201Arch> = {
  looks: (text, named) => /^\s*\|[^|]*~0\|/.test(text) || named && /^\s*[0-4]{6}\s*$/.test(text),
  format: formatNb201,
  parse: parseNb201,
  published: () => published,
};

export const nasbench201Definition = defineSpace({
  name: "nasbench201",
  summary: "NAS-Bench-201: a cell of four nodes, one of five operations on each of six edges",
  settings: benchmarkSettings({ stages: NB201_STAGES, cells: 15, filters: 16 }),
  presets: benchmarkPresets({
    published,
    small: { layers: 3, filters: 16 },
    least: { layers: 3, filters: 4 },
    // Dong & Yang 2020, §2.3.
    training: { epochs: 200, batch: 256, optimizer: { ...cosine, lrMax: 0.1, l2: 5e-4 } },
    quickEpochs: 1,
  }),
  open: nasbench201Space,
  carried: ({ stem }) => ({ stem }),
  encodings: async (options) =>
    (await import("../encodings/nasbench201.ts")).nasbench201Encodings(options),
  notation,
  example: { settings: { layers: 3, filters: 4, stem: 2 }, choice: [3, 2, 1, 4, 3, 0] },
});

function nasbench201Space(config: BenchmarkSettings): SearchSpace<Nb201Arch> {
  const decode = (choice: readonly number[]): Nb201Arch => {
    list.check(choice);
    return { ops: [...choice] };
  };
  const encode = ({ ops }: Nb201Arch) => [...ops];
  const build = (arch: Nb201Arch, into: Sized<BenchmarkSettings>) =>
    toModel(into, nb201Network(arch, into));
  return {
    name: "nasbench201",
    summary: "a cell of four nodes with one of five operations on each of its six edges",
    start: () => list.start(),
    decode,
    encode,
    // Equivalent cells have separate results in the tables.
    key: formatNb201,
    unique: (arch) => uniqueNb201(arch, "sums"),
    notation,
    texts: (arch) => ({ nb201: formatNb201(arch) }),
    supernet: (into) => {
      requireSearchForm(into);
      for (let op = 0; op < nb201Ops.length; op++) {
        build({ ops: nb201Edges.map(() => op) }, { ...into, config });
      }
    },
    build: (arch, into) => build(arch, { ...into, config }),
    graphs: ({ ops }) => [
      fromEdges(
        nb201Edges.map(([from, to], e) => ({ from, to, label: nb201Ops[ops[e]] })),
        { none: "none", skip: "skip_connect" },
      ),
    ],
    picture: (arch) => [cellPicture(arch)],
    ...list.variation(encode, decode),
  };
}

function cellPicture({ ops }: Nb201Arch): Graph {
  const kinds = ["input", "sum", "sum", "output"] as const;
  const graph: Graph = {
    name: "cell",
    nodes: kinds.map((kind, i) => ({ id: `node ${i}`, label: `node ${i}`, kind })),
    edges: [],
  };
  nb201Edges.forEach(([from, to], e) => {
    const name = nb201Ops[ops[e]];
    if (name === "none") return;
    if (name === "skip_connect") {
      graph.edges.push({ from: `node ${from}`, to: `node ${to}`, kind: "skip" });
      return;
    }
    const id = `${from} → ${to}`;
    graph.nodes.push({ id, label: name, kind: "op" });
    graph.edges.push({ from: `node ${from}`, to: id, kind: "sequence" });
    graph.edges.push({ from: id, to: `node ${to}`, kind: "sequence" });
  });
  return graph;
}
