/**
 * All 423,624 cells of NAS-Bench-101: one of each class of isomorphic cells, in the order of the published
 * enumeration (vertices, edges as bits, operations).
 */
import type { Dag } from "./nasbench101_arch.ts";
import { NB101_EDGES, NB101_VERTICES, predecessors } from "./nasbench101_arch.ts";

/** Number of cells by number of vertices, from 0 on. */
export const nb101Counts: readonly number[] = [0, 0, 1, 6, 84, 2441, 62_010, 359_082];

/**
 * Packs a graph into 32 bits: 21 edges (x → y is bit x + y(y−1)/2), the operations in base 3, the number of
 * vertices.
 */
export function packDag({ out, labels }: Dag): number {
  const n = out.length;
  let edges = 0;
  out.forEach((set, x) => {
    for (let y = x + 1; y < n; y++) if (set >> y & 1) edges |= 1 << x + y * (y - 1) / 2;
  });
  const ops = labels.slice(1, -1).reduceRight((sum, op) => sum * 3 + op, 0);
  return (edges | ops << 21 | n << 29) >>> 0;
}

export function unpackDag(packed: number): Dag {
  const n = packed >>> 29;
  const out = new Array<number>(n).fill(0);
  for (let y = 1; y < n; y++) {
    for (let x = 0; x < y; x++) if (packed >> x + y * (y - 1) / 2 & 1) out[x] |= 1 << y;
  }
  return { out, labels: labelsOf(packed >>> 21 & 255, n) };
}

/** Labels of n vertices from the operations in base 3, vertex 1 lowest. */
function labelsOf(ops: number, n: number): number[] {
  const labels = [-1];
  for (let v = 1; v < n - 1; v++, ops = Math.floor(ops / 3)) labels.push(ops % 3);
  return [...labels, -2];
}

/** One mixing round of MurmurHash3. */
function mix(h: number): number {
  h = Math.imul(h ^ h >>> 16, 0x85ebca6b);
  h = Math.imul(h ^ h >>> 13, 0xc2b2ae35);
  return h ^ h >>> 16;
}

/**
 * Graph colours by iterative refinement, like the published hash but with sums of mixed words in place of
 * MD5.
 */
export class Colours {
  readonly #now = new Int32Array(2 * NB101_VERTICES);
  readonly #next = new Int32Array(2 * NB101_VERTICES);
  readonly #in: number[][] = [];
  readonly #out: number[][] = [];

  /** Sets the graph whose labels vary; call before `of`. */
  use({ out }: Pick<Dag, "out">): void {
    const into = predecessors({ out, labels: [] });
    const members = (set: number) => out.flatMap((_, v) => set >> v & 1 ? [v] : []);
    out.forEach((set, v) => {
      this.#out[v] = members(set);
      this.#in[v] = members(into[v]);
    });
    this.#in.length = this.#out.length = out.length;
  }

  /** A number of 53 bits that is equal exactly for isomorphic labelled graphs of this space. */
  of(labels: readonly number[]): number {
    const n = labels.length;
    const now = this.#now, next = this.#next;
    for (let v = 0; v < n; v++) {
      const start = this.#out[v].length * 64 + this.#in[v].length * 8 + labels[v] + 3;
      now[2 * v] = mix(start);
      now[2 * v + 1] = mix(start ^ 0x5bd1e995);
    }
    for (let round = 0; round < n; round++) {
      for (let v = 0; v < n; v++) this.#refine(v, now, next);
      now.set(next);
    }
    let low = 0, high = 0;
    for (let v = 0; v < n; v++) {
      low = low + mix(now[2 * v]) | 0;
      high = high + mix(now[2 * v + 1]) | 0;
    }
    return (high >>> 11) * 2 ** 32 + (low >>> 0);
  }

  #refine(v: number, now: Int32Array, next: Int32Array): void {
    for (let lane = 0; lane < 2; lane++) {
      let before = 0x9e3779b9, after = 0x7f4a7c15;
      for (const u of this.#in[v]) before = before + mix(now[2 * u + lane]) | 0;
      for (const w of this.#out[v]) after = after + mix(now[2 * w + lane] ^ 0x2545f491) | 0;
      next[2 * v + lane] = mix(mix(now[2 * v + lane] + mix(before) | 0) ^ after);
    }
  }
}

/**
 * Enumerates the cells with n vertices, packed, the first of each class. Yields after each block of graphs so
 * that a caller can show progress or stop.
 * @param seen colours of earlier cells; new ones are added.
 */
export function* enumerateCells(n: number, seen: Set<number>): Generator<number[]> {
  const colours = new Colours();
  const pairs = n * (n - 1) / 2;
  const labellings = Array.from({ length: 3 ** (n - 2) }, (_, ops) => labelsOf(ops, n));
  let found: number[] = [];
  for (let edges = 0; edges < 2 ** pairs; edges++) {
    if ((edges & 0x3fff) === 0x3fff) {
      yield found;
      found = [];
    }
    const out = graphOfBits(edges, n);
    if (!out) continue;
    colours.use({ out });
    for (let ops = 0; ops < labellings.length; ops++) {
      const colour = colours.of(labellings[ops]);
      if (seen.has(colour)) continue;
      seen.add(colour);
      found.push((edges | ops << 21 | n << 29) >>> 0);
    }
  }
  yield found;
}

/** Successors of each vertex. Null when a vertex has no edge in or out, or there are too many edges. */
function graphOfBits(edges: number, n: number): number[] | null {
  const out = new Array<number>(n).fill(0);
  let into = 0, count = 0;
  for (let y = 1; y < n; y++) {
    for (let x = 0; x < y; x++) {
      if (!(edges >> x + y * (y - 1) / 2 & 1)) continue;
      if (++count > NB101_EDGES) return null;
      out[x] |= 1 << y;
      into |= 1 << y;
    }
  }
  const whole = into === 2 ** n - 2 && out.every((set, v) => set !== 0 || v === n - 1);
  return whole ? out : null;
}
