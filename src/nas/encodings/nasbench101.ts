/**
 * The encodings of NAS-Bench-101 cells of White, Neiswanger, Nolen and Savani, "A Study on Encodings for
 * Neural Architecture Search", NeurIPS 2020, §3 and appendix: adjacency and path encodings, one-hot,
 * categorical and continuous, whole and truncated.
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
/** Length of a categorical path encoding. */
const CATEGORICAL = 20;
/** Scalars of conv 3×3, conv 1×1 and max pool, in the numbering of `nb101Ops`. */
const OP_SCALARS = [0.5, 0, 1];
const OPS = 3;
const INNER = NB101_VERTICES - 2;
/** Invalid perturbations after which one more change is expected. */
const PATIENCE = 5000;

export interface Nb101EncodingOptions {
  /** All cells, for look-ups: used by sampling and perturbing by paths, and by uniform sampling. */
  cells: Nb101Cells;
  /**
   * The published code's quirks: in `cont_adj` the edge count replaces the operation of vertex 1. A given
   * path cutoff is ignored when paths are perturbed, and the path whose index is the cutoff is lost.
   */
  strict?: boolean;
  /** Length of `trunc_adj` (default 21), and number of paths in truncated path encodings (40). */
  edgeCutoff?: number;
  pathCutoff?: number;
  /** Expected number of changed edges, and of changed operations, per perturbation. */
  rate?: number;
  /** Bounds of `constrained` sampling: edges of the matrix (default 9), and vertices in use (7). */
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

/**
 * Operations as scalars, vertices 5 … 1: the published encoding writes the operation of vertex i at position
 * −i.
 */
const opScalars = (ops: readonly number[]): number[] => ops.map((op) => OP_SCALARS[op]).reverse();

/** 21 bits, five operations, the number of edges. With `strict` that number overwrites the last operation. */
function continuousFeatures({ edges, ops }: Nb101Arch, strict: boolean): Float64Array {
  const count = present(edges).length;
  const tail = strict ? [0, ...opScalars(ops).slice(0, -1), count] : [...opScalars(ops), count];
  return Float64Array.from([...edges, ...tail]);
}

const randomOps = (rng: Rng): number[] => Array.from({ length: INNER }, () => rng.below(OPS));

const valid = (arch: Nb101Arch): Nb101Arch | null => nb101Dag(arch) && arch;

/** Samples every bit with probability ½ and operations uniformly until the result is a valid cell. */
function sampleAdjacency(rng: Rng): Nb101Arch {
  return untilValid("sample by adjacency", () => {
    const edges = nb101Edges.map(() => Number(rng.next() < 0.5));
    return valid({ edges, ops: randomOps(rng) });
  });
}

/** Samples 21 reals and a number n of 1 … 8: the n largest reals are edges. */
function sampleContinuousAdjacency(rng: Rng): Nb101Arch {
  return untilValid("sample by continuous adjacency", () => {
    const edges = bitsOf(topK(nb101Edges.length, 1 + rng.below(8), rng));
    return valid({ edges, ops: randomOps(rng) });
  });
}

/**
 * Samples every bit with probability ½ and operations uniformly until the result is a valid cell within
 * bounds.
 */
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
 * The first valid one of many perturbations; it may be the unchanged cell. The expected number of changes
 * grows after every `PATIENCE` invalid ones.
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
 * Perturbs a truncated adjacency encoding. The first cutoff − 1 edges flip, each with probability
 * rate/max(cutoff, 21). Every two positions above 21 free one operation; `rate` of the free operations are
 * expected to change. In half of the attempts an even cutoff of at least 21 grows by one, after the
 * operations, and keeps that value until a valid cell is found.
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

/** Drops an edge, adds one, or both. Operations change as in the adjacency encoding. */
function perturbContinuousAdjacency(arch: Nb101Arch, rng: Rng, rate: number): Nb101Arch {
  const here = present(arch.edges);
  const absent = arch.edges.flatMap((bit, e) => bit ? [] : [e]);
  return firstValid(arch, rate, (rate) => {
    const edges = [...arch.edges];
    for (const e of addedOrDropped(here, absent, rng)) edges[e] = 1 - edges[e];
    return { edges, ops: redrawn(arch.ops, OPS, rng, () => rate / INNER) };
  });
}

/** The pruned graph as a number, so that unused vertices make no difference. */
const cellOf = (arch: Nb101Arch): number => packDag(nb101Dag(arch)!);

function different(arch: Nb101Arch, before: number): Nb101Arch | null {
  const dag = nb101Dag(arch);
  return dag && packDag(dag) !== before ? arch : null;
}

/** Every valid flip of an edge, and every other operation on a vertex that pruning keeps. */
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
 * Distance of NASBOT: differences of sorted degrees and of operation counts over the seven vertices, unpruned
 * (Kandasamy et al., NeurIPS 2018, as simplified by White et al.).
 */
function nasbotDistance(a: Nb101Arch, b: Nb101Arch): number {
  const [p, q] = [profile(a), profile(b)];
  return p.reduce((sum, v, i) => sum + Math.abs(v - q[i]), 0);
}

/** Sorted out-degrees, sorted in-degrees, operation counts. */
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
