/** The encodings of NAS-Bench-201 cells (White et al., NeurIPS 2020, and the code published with it). */
import type { Rng } from "../../common/random.ts";
import { type Nb201Arch, nb201Ops } from "../spaces/nasbench201_arch.ts";
import type { Encoding, Encodings } from "./encoding.ts";
import { differing, hamming, oneHot, redrawn } from "./paths.ts";

/** Operations in the order of these encodings, which is alphabetical, as indices into `nb201Ops`. */
const ORDER = ["avg_pool_3x3", "nor_conv_1x1", "nor_conv_3x3", "none", "skip_connect"] as const;
const codeOf = nb201Ops.map((op) => ORDER.indexOf(op));
const OPS = ORDER.length;

/** Edges of the four routes from input to output, and the first index of each; two routes share a range. */
const ROUTES: readonly { edges: readonly number[]; base: number }[] = [
  { edges: [3], base: 0 },
  { edges: [0, 4], base: 5 },
  { edges: [1, 5], base: 5 },
  { edges: [0, 2, 5], base: 30 },
];
const PATHS = 155;
/** Number of paths with up to two operations. */
const TRUNCATED = 30;

export interface Nb201EncodingOptions {
  /** Published behaviour: an edge changes with probability rate/4, although there are six edges. */
  strict?: boolean;
  pathCutoff?: number;
  rate?: number;
}

export function nasbench201Encodings(
  { strict = false, pathCutoff = TRUNCATED, rate = 1 }: Nb201EncodingOptions = {},
): Encodings<Nb201Arch> {
  const byAdjacency = {
    sample: (rng: Rng): Nb201Arch => ({ ops: Array.from({ length: 6 }, () => rng.below(OPS)) }),
    perturb: ({ ops }: Nb201Arch, rng: Rng, edits = 1): Nb201Arch => ({
      ops: redrawn(ops, OPS, rng, () => edits * rate / (strict ? 4 : 6)),
    }),
    neighbours: ({ ops }: Nb201Arch) =>
      ops.flatMap((op, e) => nb201Ops.flatMap((_, o) => o === op ? [] : [{ ops: ops.with(e, o) }])),
    distance: (a: Nb201Arch, b: Nb201Arch) => differing(a.ops, b.ops),
  };
  /**
   * Encodings by paths. `perturb` changes operations along `moved` routes; neighbours differ along one of the
   * first `near`.
   */
  const byPaths = (name: string, cutoff: number, moved: number, near: number) => ({
    ...byAdjacency,
    name,
    perturb: ({ ops }: Nb201Arch, rng: Rng) => {
      const { edges } = ROUTES[rng.below(moved)];
      return { ops: redrawn(ops, OPS, rng, (e) => edges.includes(e) ? 1 : 0) };
    },
    neighbours: (arch: Nb201Arch) => alongRoutes(arch, ROUTES.slice(0, near)),
    distance: (a: Nb201Arch, b: Nb201Arch) => hamming(sortedPaths(a), sortedPaths(b), cutoff),
    features: (arch: Nb201Arch) => oneHot(nb201Paths(arch), cutoff),
  });
  const all: Encoding<Nb201Arch>[] = [
    {
      ...byAdjacency,
      name: "adj",
      features: ({ ops }) => oneHot(ops.map((op, e) => e * OPS + codeOf[op]), 6 * OPS),
    },
    {
      ...byAdjacency,
      name: "cat_adj",
      features: ({ ops }) => Float64Array.from(ops, (op) => codeOf[op]),
    },
    { ...byAdjacency, name: "nasbot", neighbours: undefined, distance: nasbotDistance },
    byPaths("path", PATHS, 3, 4),
    byPaths("trunc_path", pathCutoff, 2, 3),
  ];
  return Object.fromEntries(all.map((encoding) => [encoding.name, encoding]));
}

/**
 * Number of different edges plus differences of operation counts (Kandasamy et al., NeurIPS 2018,
 * simplified).
 */
function nasbotDistance(a: Nb201Arch, b: Nb201Arch): number {
  const [p, q] = [a, b].map(({ ops }) =>
    nb201Ops.map((_, o) => ops.filter((op) => op === o).length)
  );
  return differing(a.ops, b.ops) + p.reduce((sum, n, o) => sum + Math.abs(n - q[o]), 0);
}

/** Index of an architecture in the order of these encodings, first edge lowest: 0 … 15,624. */
export const nb201EncodingNumber = ({ ops }: Nb201Arch): number =>
  ops.reduceRight((n, op) => n * OPS + codeOf[op], 0);

/** Index of the path along each of the four routes. */
export const nb201Paths = ({ ops }: Nb201Arch): number[] =>
  ROUTES.map(({ edges, base }) => base + edges.reduceRight((n, e) => n * OPS + codeOf[ops[e]], 0));

const known = new WeakMap<Nb201Arch, readonly number[]>();

/** Ascending path indices, each once, as two routes share a range. Cached per object, for kernels. */
function sortedPaths(arch: Nb201Arch): readonly number[] {
  let paths = known.get(arch);
  if (!paths) known.set(arch, paths = [...new Set(nb201Paths(arch))].sort((a, b) => a - b));
  return paths;
}

/** Every cell that differs only in the operations along one route, each once. */
function alongRoutes({ ops }: Nb201Arch, routes: readonly { edges: readonly number[] }[]) {
  const found = new Map<string, Nb201Arch>();
  for (const { edges } of routes) {
    for (let n = 0; n < OPS ** edges.length; n++) {
      const next = [...ops];
      edges.forEach((e, i) => next[e] = Math.floor(n / OPS ** i) % OPS);
      if (differing(ops, next)) found.set(next.join(), { ops: next });
    }
  }
  return [...found.values()];
}
