/**
 * The encodings of NAS-Bench-101 cells of White, Neiswanger, Nolen and Savani, "A Study on Encodings for Neural
 * Architecture Search", NeurIPS 2020, §3 and appendix: adjacency and path encodings, one-hot, categorical and
 * continuous, whole and truncated.
 */
import type { Rng } from "../../random.ts";
import {
  type Dag,
  NB101_EDGES,
  NB101_VERTICES,
  type Nb101Arch,
  nb101Dag,
  nb101Edges,
} from "../spaces/nasbench101_arch.ts";
import { packDag } from "../spaces/nasbench101_cells.ts";
import type { Nb101Cells } from "../spaces/nasbench101_index.ts";
import { NB101_PATHS, nb101Paths } from "../spaces/nasbench101_paths.ts";
import type { Encoding, Encodings } from "./encoding.ts";
import { pathDraws } from "./nasbench101_paths.ts";
import { differing, hamming, oneHot, padded, topK, untilValid } from "./paths.ts";

/** Paths of at most three operations: 3⁰ + 3¹ + 3² + 3³. */
const TRUNCATED = 40;
/** Places of a categorical path encoding. */
const CATEGORICAL = 20;
/** Scalars of conv 3×3, conv 1×1 and max pool, in the numbering of `nb101Ops`. */
const OP_SCALARS = [0.5, 0, 1];
const OPS = 3;

export interface Nb101EncodingOptions {
  /** All cells: sampling and perturbing by paths, and uniform draws, look cells up here. */
  cells: Nb101Cells;
  /** The published code's quirk: in `cont_adj` the edge count takes the place of vertex 1's operation. */
  strict?: boolean;
  /** Edge positions that `trunc_adj` may change (default 21) and paths that truncated encodings keep (40). */
  edgeCutoff?: number;
  pathCutoff?: number;
  /** Expected number of changes per perturbation. */
  rate?: number;
}

export function nasbench101Encodings(options: Nb101EncodingOptions): Encodings<Nb101Arch> {
  const { cells, strict = false, edgeCutoff = nb101Edges.length, rate = 1 } = options;
  const { pathCutoff = TRUNCATED } = options;
  const draws = pathDraws(cells);
  const adj: Encoding<Nb101Arch> = {
    name: "adj",
    sample: sampleAdjacency,
    perturb: (arch, rng) => perturbAdjacency(arch, rng, rate),
    neighbours: adjacentCells,
    distance: adjacencyDistance,
    features: ({ edges, ops }) => Float64Array.from([...edges, ...opScalars(ops)]),
  };
  const byPaths = (name: string, cutoff: number): Encoding<Nb101Arch> => ({
    name,
    sample: (rng) => draws.sample(cutoff, rng),
    perturb: (arch, rng) => draws.perturb(arch, cutoff, rng, rate),
    neighbours: (arch) => draws.neighbours(arch, cutoff),
    distance: (a, b) => hamming(pathsOf(a), pathsOf(b), cutoff),
    features: (arch) => oneHot(pathsOf(arch), cutoff),
  });
  const categorical = (name: string, cutoff: number): Encoding<Nb101Arch> => ({
    name,
    features: (arch) => padded(pathsOf(arch).filter((p) => p < cutoff), CATEGORICAL),
  });
  const continuous = (name: string, cutoff: number): Encoding<Nb101Arch> => ({
    name,
    sample: (rng) => draws.sampleTop(cutoff, rng),
    perturb: (arch, rng) => draws.perturbTop(arch, cutoff, rng),
    distance: (a, b) => {
      const [p, q] = [pathsOf(a), pathsOf(b)].map((all) => all.filter((i) => i < cutoff));
      return hamming(p, q, cutoff) + Math.abs(p.length - q.length);
    },
  });
  const weighted = (name: string, cutoff: number): Encoding<Nb101Arch> => ({
    name,
    sample: (rng) => draws.sampleWeighted(cutoff, rng),
  });
  const weightedTop = (name: string, cutoff: number): Encoding<Nb101Arch> => ({
    name,
    sample: (rng) => draws.sampleTop(cutoff, rng, true),
  });
  const all = [
    { name: "uniform", sample: (rng: Rng) => cells.arch(rng.below(cells.size)) },
    adj,
    {
      name: "trunc_adj",
      perturb: (arch: Nb101Arch, rng: Rng) => perturbAdjacency(arch, rng, rate, edgeCutoff),
    },
    {
      name: "cat_adj",
      features: ({ edges, ops }: Nb101Arch) =>
        Float64Array.from([...padded(present(edges), edges.length), ...opScalars(ops)]),
    },
    {
      name: "cont_adj",
      sample: sampleContinuousAdjacency,
      perturb: (arch: Nb101Arch, rng: Rng) => perturbContinuousAdjacency(arch, rng, rate),
      distance: (a: Nb101Arch, b: Nb101Arch) =>
        adjacencyDistance(a, b) + Math.abs(present(a.edges).length - present(b.edges).length),
      features: (arch: Nb101Arch) => continuousFeatures(arch, strict),
    },
    { name: "constrained", sample: sampleConstrained },
    { name: "nasbot", distance: nasbotDistance },
    byPaths("path", NB101_PATHS),
    byPaths("trunc_path", pathCutoff),
    categorical("cat_path", NB101_PATHS),
    categorical("trunc_cat_path", pathCutoff),
    continuous("cont_path", NB101_PATHS),
    continuous("trunc_cont_path", pathCutoff),
    weighted("wtd_path", NB101_PATHS),
    weighted("wtd_trunc_path", pathCutoff),
    weightedTop("wtd_cont_path", NB101_PATHS),
    weightedTop("wtd_trunc_cont_path", pathCutoff),
  ];
  return Object.fromEntries(all.map((encoding) => [encoding.name, encoding]));
}

const pathsOf = (arch: Nb101Arch): number[] => nb101Paths(nb101Dag(arch)!);

const present = (edges: readonly number[]): number[] => edges.flatMap((bit, e) => bit ? [e] : []);

/** Of vertices 5 … 1: the published encoding writes the operation of vertex i at position −i. */
const opScalars = (ops: readonly number[]): number[] => ops.map((op) => OP_SCALARS[op]).reverse();

/** 21 bits, five operations, the number of edges; or with that number over the last operation. */
function continuousFeatures({ edges, ops }: Nb101Arch, strict: boolean): Float64Array {
  const count = present(edges).length;
  const tail = strict ? [0, ...opScalars(ops).slice(0, -1), count] : [...opScalars(ops), count];
  return Float64Array.from([...edges, ...tail]);
}

const randomOps = (rng: Rng): number[] =>
  Array.from({ length: NB101_VERTICES - 2 }, () => rng.below(OPS));

const valid = (arch: Nb101Arch): Nb101Arch | null => nb101Dag(arch) && arch;

/** Every bit with probability ½, operations uniform, until it is a cell. */
function sampleAdjacency(rng: Rng): Nb101Arch {
  return untilValid("sample by adjacency", () => {
    const edges = nb101Edges.map(() => Number(rng.next() < 0.5));
    return valid({ edges, ops: randomOps(rng) });
  });
}

/** 21 reals and a number n of 1 … 8: the n largest are edges. */
function sampleContinuousAdjacency(rng: Rng): Nb101Arch {
  return untilValid("sample by continuous adjacency", () => {
    const edges = bitsOf(topK(nb101Edges.length, 1 + rng.below(8), rng));
    return valid({ edges, ops: randomOps(rng) });
  });
}

/** Adjacency draws that never exceed nine edges and in which every vertex has a way in. */
function sampleConstrained(rng: Rng): Nb101Arch {
  return untilValid("sample by constrained adjacency", () => {
    const edges = new Array<number>(nb101Edges.length).fill(0);
    for (let to = 1; to < NB101_VERTICES; to++) edges[edgeAt(rng.below(to), to)] = 1;
    const free = NB101_EDGES - (NB101_VERTICES - 1);
    for (let more = rng.below(free + 1); more > 0; more--) edges[rng.below(edges.length)] = 1;
    return valid({ edges, ops: randomOps(rng) });
  });
}

const edgeAt = (from: number, to: number): number =>
  nb101Edges.findIndex(([a, b]) => a === from && b === to);

function bitsOf(indices: readonly number[]): number[] {
  const bits = new Array<number>(nb101Edges.length).fill(0);
  for (const index of indices) bits[index] = 1;
  return bits;
}

/** Each of the first edges flips with probability rate/21, each operation is redrawn with rate/5. */
function perturbAdjacency(
  arch: Nb101Arch,
  rng: Rng,
  rate: number,
  cutoff = nb101Edges.length,
): Nb101Arch {
  const before = cellOf(arch);
  return untilValid("perturb by adjacency", () => {
    const edges = arch.edges.map((bit, e) =>
      e < cutoff && rng.next() < rate / nb101Edges.length ? 1 - bit : bit
    );
    return different({ edges, ops: redrawn(arch.ops, rng, rate) }, before);
  });
}

/** One edge more or less or as many, one swapped; operations as by adjacency. */
function perturbContinuousAdjacency(arch: Nb101Arch, rng: Rng, rate: number): Nb101Arch {
  const before = cellOf(arch);
  return untilValid("perturb by continuous adjacency", () => {
    const edges = [...arch.edges];
    const flip = (from: 0 | 1) => {
      const places = edges.flatMap((bit, e) => bit === from ? [e] : []);
      if (places.length) edges[rng.pick(places)] = 1 - from;
    };
    const change = rng.below(3) - 1;
    if (change < 0) flip(1);
    if (change > 0) flip(0);
    flip(1);
    flip(0);
    return different({ edges, ops: redrawn(arch.ops, rng, rate) }, before);
  });
}

const redrawn = (ops: readonly number[], rng: Rng, rate: number): number[] =>
  ops.map((op) => rng.next() < rate / ops.length ? rng.below(OPS) : op);

/** The pruned graph as a number: what does not count in a cell does not make another. */
const cellOf = (arch: Nb101Arch): number => packDag(nb101Dag(arch)!);

function different(arch: Nb101Arch, before: number): Nb101Arch | null {
  const dag = nb101Dag(arch);
  return dag && packDag(dag) !== before ? arch : null;
}

/** Every valid flip of an edge, and every other operation of a vertex that counts. */
function adjacentCells(arch: Nb101Arch): Nb101Arch[] {
  const { edges, ops } = arch;
  const before = cellOf(arch);
  const flips = edges.map((bit, e) => ({ edges: edges.with(e, 1 - bit), ops }));
  const changes = ops.flatMap((op, v) =>
    [0, 1, 2].filter((o) => o !== op).map((o) => ({ edges, ops: ops.with(v, o) }))
  );
  return [...changes, ...flips].filter((other) => different(other, before) !== null);
}

const adjacencyDistance = (a: Nb101Arch, b: Nb101Arch): number =>
  differing(a.edges, b.edges) + differing(a.ops, b.ops);

/** Differences of sorted degrees and of how often each operation is used (Kandasamy et al., NeurIPS 2018, simplified). */
function nasbotDistance(a: Nb101Arch, b: Nb101Arch): number {
  const [p, q] = [a, b].map((arch) => profile(nb101Dag(arch)!));
  return p.reduce((sum, v, i) => sum + Math.abs(v - q[i]), 0);
}

/** Sorted out-degrees, sorted in-degrees, numbers of operations of a pruned graph. */
function profile({ out, labels }: Dag): number[] {
  const rows = new Array<number>(NB101_VERTICES).fill(0);
  const columns = [...rows];
  out.forEach((set, v) => {
    for (let w = v + 1; w < out.length; w++) {
      if (!(set >> w & 1)) continue;
      rows[v]++;
      columns[w]++;
    }
  });
  const sorted = (values: number[]) => values.sort((x, y) => x - y);
  return [
    ...sorted(rows),
    ...sorted(columns),
    ...[0, 1, 2].map((op) => labels.filter((l) => l === op).length),
  ];
}
