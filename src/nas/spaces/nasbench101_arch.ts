/**
 * NAS-Bench-101 cells, independent of the network built from them (Ying et al., ICML 2019, §2). A cell is a
 * graph of at most seven vertices and nine edges. Vertices off every path from input to output are ignored.
 */
import { md5 } from "../../common/md5.ts";
import { UsageError } from "../../common/errors.ts";

/** Vertices of the largest cell; 0 is the input, the last one the output. */
export const NB101_VERTICES = 7;
export const NB101_EDGES = 9;

/** A graph of seven vertices. Vertices off every path are pruned before a network is built. */
export interface Nb101Arch {
  /** 21 bits: the upper triangle of the adjacency matrix, row by row. */
  edges: number[];
  /** Operations of the vertices 1 … 5, as indices into `nb101Ops`. */
  ops: number[];
}

/** Operations, numbered as in the published hash. */
export const nb101Ops = ["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"] as const;
const INPUT = -1;
const OUTPUT = -2;

/** Source and target of each of the 21 possible edges, in the order of `Nb101Arch.edges`. */
export const nb101Edges: readonly (readonly [number, number])[] = Array.from(
  { length: NB101_VERTICES },
  (_, i) => Array.from({ length: NB101_VERTICES - 1 - i }, (_, j) => [i, i + 1 + j] as const),
).flat();

/** A graph with vertices in topological order: the first is the input, the last the output. */
export interface Dag {
  /** Set of successors of each vertex, as bits. */
  out: number[];
  /** Label of each vertex: an index into `nb101Ops`, −1 for the input, −2 for the output. */
  labels: number[];
}

const bits = (set: number): number => {
  let n = 0;
  for (; set; set &= set - 1) n++;
  return n;
};

export const edgeCount = ({ out }: Dag): number => out.reduce((n, set) => n + bits(set), 0);

/** Sets of predecessors as bits. */
export function predecessors({ out }: Dag): number[] {
  const into = out.map(() => 0);
  out.forEach((set, v) => {
    for (let w = v + 1; w < out.length; w++) if (set >> w & 1) into[w] |= 1 << v;
  });
  return into;
}

/** The whole graph of seven vertices. */
function graphOf({ edges, ops }: Nb101Arch): Dag {
  const out = new Array<number>(NB101_VERTICES).fill(0);
  nb101Edges.forEach(([from, to], e) => {
    if (edges[e]) out[from] |= 1 << to;
  });
  return { out, labels: [INPUT, ...ops, OUTPUT] };
}

/** Keeps only the vertices on paths from input to output. Null when there is no such path. */
export function prune(dag: Dag): Dag | null {
  const last = dag.out.length - 1;
  let reached = 1;
  for (let v = 0; v < last; v++) if (reached >> v & 1) reached |= dag.out[v];
  if (!(reached >> last & 1)) return null;
  let leading = 1 << last;
  for (let v = last - 1; v >= 0; v--) if (dag.out[v] & leading) leading |= 1 << v;
  const kept: number[] = [];
  for (let v = 0; v <= last; v++) if ((reached & leading) >> v & 1) kept.push(v);
  return {
    out: kept.map((v) => kept.reduce((set, w, i) => dag.out[v] >> w & 1 ? set | 1 << i : set, 0)),
    labels: kept.map((v) => dag.labels[v]),
  };
}

/** Pruned graph of a cell. Null when input and output are not connected or there are too many edges. */
export function nb101Dag(arch: Nb101Arch): Dag | null {
  const dag = prune(graphOf(arch));
  return dag && edgeCount(dag) <= NB101_EDGES ? dag : null;
}

/** Converts a pruned graph to a cell: its inner vertices first, the others without edges. */
export function archOfDag({ out, labels }: Dag): Nb101Arch {
  const last = out.length - 1;
  const place = (v: number) => v === last ? NB101_VERTICES - 1 : v;
  const edges = new Array<number>(nb101Edges.length).fill(0);
  nb101Edges.forEach(([from, to], e) => {
    if (from >= last) return;
    for (let w = from + 1; w <= last; w++) if (out[from] >> w & 1 && place(w) === to) edges[e] = 1;
  });
  const ops = Array.from(
    { length: NB101_VERTICES - 2 },
    (_, i) => i + 1 < last ? labels[i + 1] : 0,
  );
  return { edges, ops };
}

/**
 * Published hash of a pruned graph: the same for isomorphic ones (`graph_util.hash_module` of the release).
 */
export function nb101Hash(dag: Dag): string {
  const { out, labels } = dag;
  const into = predecessors(dag);
  const members = (set: number) => out.flatMap((_, v) => set >> v & 1 ? [v] : []);
  const before = into.map(members), after = out.map(members);
  let hashes = labels.map((label, v) =>
    oftenMd5(`(${after[v].length}, ${before[v].length}, ${label})`)
  );
  for (let round = 0; round < out.length; round++) {
    const last = hashes;
    const digest = round === 0 ? oftenMd5 : md5;
    hashes = last.map((h, v) =>
      digest(`${joined(last, before[v])}|${joined(last, after[v])}|${h}`)
    );
  }
  return md5(`[${hashes.sort().map((h) => `'${h}'`).join(", ")}]`);
}

/**
 * Cache of MD5 hashes. Vertices and their neighbourhoods recur in many cells: a few thousand texts in all.
 */
const remembered = new Map<string, string>();
function oftenMd5(text: string): string {
  let digest = remembered.get(text);
  if (digest === undefined) remembered.set(text, digest = md5(text));
  return digest;
}

/** Concatenates the sorted hashes of some vertices. */
function joined(hashes: readonly string[], vertices: readonly number[]): string {
  if (vertices.length === 0) return "";
  const first = hashes[vertices[0]];
  if (vertices.length === 1) return first;
  const second = hashes[vertices[1]];
  if (vertices.length === 2) return first < second ? first + second : second + first;
  return vertices.map((v) => hashes[v]).sort().join("");
}

/** Text of a cell: rows of the pruned adjacency matrix, then the operations: `01/00:input,output`. */
export function formatNb101(arch: Nb101Arch): string {
  const dag = nb101Dag(arch) ?? refuse("", "input and output are not connected by at most 9 edges");
  const n = dag.out.length;
  const rows = dag.out.map((set) => Array.from({ length: n }, (_, w) => set >> w & 1).join(""));
  return `${rows.join("/")}:${dag.labels.map(opName).join(",")}`;
}

export const opName = (label: number): string =>
  label === INPUT ? "input" : label === OUTPUT ? "output" : nb101Ops[label];

/** @throws UsageError naming row, vertex or operation. */
export function parseNb101(text: string): Nb101Arch {
  const [matrix, names, ...rest] = text.trim().split(":");
  if (names === undefined || rest.length > 0) {
    refuse(text, "expected rows of the matrix, a colon and operations as in 01/00:input,output");
  }
  const rows = matrix.split("/");
  rows.forEach((row, i) => {
    if (!/^[01]+$/.test(row) || row.length !== rows.length) {
      refuse(text, `row ${i} is ${JSON.stringify(row)}, expected ${rows.length} × 0 or 1`);
    }
  });
  return nb101FromMatrix(rows.map((row) => [...row].map(Number)), names.split(","), text);
}

/**
 * Builds a cell from an adjacency matrix and the operations of all its vertices.
 * @param text shown in messages.
 * @throws UsageError naming row, vertex or operation.
 */
export function nb101FromMatrix(
  matrix: readonly (readonly number[])[],
  names: readonly string[],
  text: string,
): Nb101Arch {
  const n = matrix.length;
  if (n < 2 || n > NB101_VERTICES) {
    refuse(text, `got ${n} vertices, expected 2 … ${NB101_VERTICES}`);
  }
  if (names.length !== n) refuse(text, `got ${names.length} operations for ${n} vertices`);
  const out = matrix.map((row, i) =>
    row.reduce((set, bit, j) => {
      if (bit && j <= i) {
        refuse(text, `row ${i} leads back to vertex ${j}, expected later ones only`);
      }
      return bit ? set | 1 << j : set;
    }, 0)
  );
  const labels = names.map((name, v) => {
    const label = v === 0 ? INPUT : v === n - 1 ? OUTPUT : nb101Ops.indexOf(name as never);
    if (label < INPUT + (v === 0 || v === n - 1 ? -1 : 1) || opName(label) !== name) {
      const expected = v === 0 ? "input" : v === n - 1 ? "output" : nb101Ops.join(", ");
      refuse(text, `vertex ${v} is ${JSON.stringify(name)}, expected ${expected}`);
    }
    return label;
  });
  const arch = archOfDag({ out, labels });
  if (!nb101Dag(arch)) {
    refuse(text, "expected a path from input to output, and at most 9 edges on such paths");
  }
  return arch;
}

function refuse(text: string, why: string): never {
  throw new UsageError(`Cannot read NAS-Bench-101 architecture ${JSON.stringify(text)}: ${why}`);
}
