/**
 * Paths of NAS-Bench-101 cells: sequences of operations on routes from input to output (White et al., "A
 * Study on Encodings for Neural Architecture Search", NeurIPS 2020, §4).
 */
import type { Dag } from "./nasbench101_arch.ts";

/** Number of possible paths: Σ 3^L for L = 0 … 5. */
export const NB101_PATHS = 364;

/** Indices of all paths of a pruned graph, ascending, each once: Σ 3^i (op_i + 1) of a path's operations. */
export function nb101Paths(dag: Dag): number[] {
  return [...new Set(nb101PathList(dag))].sort((a, b) => a - b);
}

/** Path indices with one entry per route, so repeats are possible. */
export function nb101PathList({ out, labels }: Dag): number[] {
  const last = out.length - 1;
  const found: number[] = [];
  const walk = (v: number, index: number, factor: number) => {
    for (let w = v + 1; w <= last; w++) {
      if (!(out[v] >> w & 1)) continue;
      if (w === last) found.push(index);
      else walk(w, index + factor * (labels[w] + 1), factor * 3);
    }
  };
  walk(0, 0, 1);
  return found;
}
