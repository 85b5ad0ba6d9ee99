/**
 * The encodings of NAS-Bench-101 cells of White, Neiswanger, Nolen and Savani, "A Study on Encodings for Neural
 * Architecture Search", NeurIPS 2020, §3 and appendix: adjacency and path encodings, one-hot, categorical and
 * continuous, whole and truncated.
 */
import type { Rng } from "../../common/random.ts";
import {
  NB101_EDGES,
  NB101_VERTICES,
  type Nb101Arch,
  nb101Dag,
  nb101Edges,
} from "../spaces/nasbench101_arch.ts";
import { packDag } from "../spaces/nasbench101_cells.ts";
import type { Nb101Cells } from "../spaces/nasbench101_index.ts";
import { NB101_PATHS } from "../spaces/nasbench101_paths.ts";
import type { Encoding, Encodings } from "./encoding.ts";
import { addedOrDropped, nb101PathsOf as pathsOf, pathDraws } from "./nasbench101_paths.ts";
import { differing, firstOf, hamming, oneHot, padded, redrawn, topK, untilValid } from "./paths.ts";

/** Paths of at most three operations: 3⁰ + 3¹ + 3² + 3³. */
const TRUNCATED = 40;
/** Places of a categorical path encoding. */
const CATEGORICAL = 20;
/** Scalars of conv 3×3, conv 1×1 and max pool, in the numbering of `nb101Ops`. */
const OP_SCALARS = [0.5, 0, 1];
const OPS = 3;
const INNER = NB101_VERTICES - 2;
/** Invalid perturbations after which one more change is expected. */
const PATIENCE = 5000;

export interface Nb101EncodingOptions {
  /** All cells: sampling and perturbing by paths, and uniform draws, look cells up here. */
  cells: Nb101Cells;
  /**
   * The published code's quirks: in `cont_adj` the edge count takes the place of vertex 1's operation; a path
   * cutoff that is given is forgotten when paths are perturbed, and the path with the cutoff's number is lost.
   */
  strict?: boolean;
  /** Length of `trunc_adj` (default 21) and paths of truncated path encodings (40). */
  edgeCutoff?: number;
  pathCutoff?: number;
  /** Expected number of changes of the edges, and of the operations, per perturbation. */
  rate?: number;
  /** Bounds of `constrained` draws: edges of the matrix (default 9), and vertices in use (7). */
  maxEdges?: number;
  maxNodes?: number;
}

export function nasbench101Encodings(options: Nb101EncodingOptions): Encodings<Nb101Arch> {
  const { cells, strict = false, edgeCutoff = nb101Edges.length, rate = 1 } = options;
  const { pathCutoff = TRUNCATED, maxEdges = NB101_EDGES, maxNodes = NB101_VERTICES } = options;
  const draws = pathDraws(cells, strict);
  const forgets = strict && options.pathCutoff !== undefined;
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
    perturb: (arch, rng) => draws.perturb(arch, forgets ? NB101_PATHS : cutoff, rng, rate),
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
    perturb: (arch, rng) => draws.perturbTop(arch, forgets ? NB101_PATHS : cutoff, rng),
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
      perturb: (arch: Nb101Arch, rng: Rng) => perturbTruncated(arch, rng, rate, edgeCutoff),
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
    { name: "constrained", sample: (rng: Rng) => sampleConstrained(maxEdges, maxNodes, rng) },
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

const present = (edges: readonly number[]): number[] => edges.flatMap((bit, e) => bit ? [e] : []);

/** Of vertices 5 … 1: the published encoding writes the operation of vertex i at position −i. */
const opScalars = (ops: readonly number[]): number[] => ops.map((op) => OP_SCALARS[op]).reverse();

/** 21 bits, five operations, the number of edges; or with that number over the last operation. */
function continuousFeatures({ edges, ops }: Nb101Arch, strict: boolean): Float64Array {
  const count = present(edges).length;
  const tail = strict ? [0, ...opScalars(ops).slice(0, -1), count] : [...opScalars(ops), count];
  return Float64Array.from([...edges, ...tail]);
}

const randomOps = (rng: Rng): number[] => Array.from({ length: INNER }, () => rng.below(OPS));

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

/** Every bit with probability ½, operations uniform, until it is a cell within bounds. */
function sampleConstrained(maxEdges: number, maxNodes: number, rng: Rng): Nb101Arch {
  return untilValid(`sample a cell of at most ${maxEdges} edges and ${maxNodes} vertices`, () => {
    const edges = nb101Edges.map(() => Number(rng.next() < 0.5));
    if (present(edges).length > maxEdges) return null;
    const arch = { edges, ops: randomOps(rng) };
    const dag = nb101Dag(arch);
    return dag && dag.out.length <= maxNodes ? arch : null;
  });
}

function bitsOf(indices: readonly number[]): number[] {
  const bits = new Array<number>(nb101Edges.length).fill(0);
  for (const index of indices) bits[index] = 1;
  return bits;
}

/**
 * The first valid of many perturbations, which may be the cell as it was; the expected number of changes grows with
 * every `PATIENCE` that are invalid.
 */
const firstValid = (
  arch: Nb101Arch,
  rate: number,
  perturb: (rate: number) => Nb101Arch,
): Nb101Arch =>
  firstOf(20 * PATIENCE, (before) => valid(perturb(rate + Math.floor(before / PATIENCE)))) ?? arch;

const flipped = (edges: readonly number[], rng: Rng, probability: (edge: number) => number) =>
  edges.map((bit, e) => rng.next() < probability(e) ? 1 - bit : bit);

/** Each edge flips with probability rate/21, each operation becomes another with rate/5. */
function perturbAdjacency(arch: Nb101Arch, rng: Rng, rate: number): Nb101Arch {
  return firstValid(arch, rate, (rate) => ({
    edges: flipped(arch.edges, rng, () => rate / nb101Edges.length),
    ops: redrawn(arch.ops, OPS, rng, () => rate / INNER),
  }));
}

/**
 * The first cutoff − 1 edges flip, each with probability rate/max(cutoff, 21). Every two places above 21 free one
 * operation: of the free ones `rate` are expected to change. A cutoff that is even and at least 21 grows by one in
 * half of the draws, after the operations, and stays so until a cell is found.
 */
function perturbTruncated(arch: Nb101Arch, rng: Rng, rate: number, cutoff: number): Nb101Arch {
  const all = nb101Edges.length;
  return firstValid(arch, rate, (rate) => {
    const free = Math.max(0, Math.floor((cutoff - all) / 2));
    const ops = redrawn(arch.ops, OPS, rng, (v) => v < free ? rate / free : 0);
    if (cutoff >= all && cutoff % 2 === 0 && rng.next() < 0.5) cutoff++;
    const edges = flipped(
      arch.edges,
      rng,
      (e) => e < cutoff - 1 ? rate / Math.max(cutoff, all) : 0,
    );
    return { edges, ops };
  });
}

/** One edge is dropped, added or both; operations as by adjacency. */
function perturbContinuousAdjacency(arch: Nb101Arch, rng: Rng, rate: number): Nb101Arch {
  const here = present(arch.edges);
  const absent = arch.edges.flatMap((bit, e) => bit ? [] : [e]);
  return firstValid(arch, rate, (rate) => {
    const edges = [...arch.edges];
    for (const e of addedOrDropped(here, absent, rng)) edges[e] = 1 - edges[e];
    return { edges, ops: redrawn(arch.ops, OPS, rng, () => rate / INNER) };
  });
}

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

/**
 * Differences of sorted degrees and of how often each operation stands on the seven vertices, unpruned (Kandasamy et
 * al., NeurIPS 2018, as White et al. simplify it).
 */
function nasbotDistance(a: Nb101Arch, b: Nb101Arch): number {
  const [p, q] = [profile(a), profile(b)];
  return p.reduce((sum, v, i) => sum + Math.abs(v - q[i]), 0);
}

/** Sorted out-degrees, sorted in-degrees, numbers of operations. */
function profile({ edges, ops }: Nb101Arch): number[] {
  const rows = new Array<number>(NB101_VERTICES).fill(0);
  const columns = [...rows];
  for (const e of present(edges)) {
    const [from, to] = nb101Edges[e];
    rows[from]++;
    columns[to]++;
  }
  const sorted = (values: number[]) => values.sort((x, y) => x - y);
  return [
    ...sorted(rows),
    ...sorted(columns),
    ...[0, 1, 2].map((op) => ops.filter((o) => o === op).length),
  ];
}
