/** Ratios of times: between implementations, and between two runs of the benchmark. */
import { passes, type PassName } from "./shape_list.ts";

/** One pass of one shape. */
export interface Row {
  name: string;
  op: string;
  pass: PassName;
  /** Share of a step's kernels, averaged over the kinds of steps that were asked for. */
  weight: number;
  /** Milliseconds: the fastest sample, and the one in the middle. */
  ms: number;
  medianMs: number;
  gflops: number;
  gbytes: number;
  dispatches: number;
  /** Of the ceilings of the same run. */
  fmaShare: number;
  copyShare: number;
  /** What no kernel with so many dispatches could be faster than by these ceilings, and its share of `ms`. */
  limitMs: number;
  limitShare: number;
  /** Milliseconds of others, or why there are none. */
  peers: Record<string, { ms: number } | { unable: string }>;
}

export interface Mean {
  plain: number;
  weighted: number;
  /** Shapes that count. */
  shapes: number;
}

type Ratio = { ratio: number; weight: number };

export function geometricMean(ratios: readonly Ratio[]): Mean {
  const mean = (weight: (r: Ratio) => number) => {
    const all = ratios.reduce((sum, r) => sum + weight(r), 0);
    return Math.exp(ratios.reduce((sum, r) => sum + weight(r) * Math.log(r.ratio), 0) / all);
  };
  return { plain: mean(() => 1), weighted: mean((r) => r.weight), shapes: ratios.length };
}

/** Per pass, and for all passes of a shape together, how many times as long the other one takes. */
export function means(
  rows: readonly Row[],
  other: (row: Row) => number | undefined,
): Partial<Record<PassName | "forward and backward", Mean>> {
  const result: ReturnType<typeof means> = {};
  for (const pass of passes) {
    const ratios = rows.flatMap((r): Ratio[] => {
      const ms = other(r);
      return r.pass !== pass || ms === undefined ? [] : [{ ratio: ms / r.ms, weight: r.weight }];
    });
    if (ratios.length) result[pass] = geometricMean(ratios);
  }
  const whole = [...Map.groupBy(rows, (r) => r.name).values()].flatMap((of): Ratio[] => {
    const theirs = of.map(other);
    if (of.length < 2 || theirs.some((ms) => ms === undefined)) return [];
    const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
    const ratio = sum(theirs as number[]) / sum(of.map((r) => r.ms));
    return [{ ratio, weight: sum(of.map((r) => r.weight)) }];
  });
  if (whole.length) result["forward and backward"] = geometricMean(whole);
  return result;
}

export const peerMs = (peer: string) => (row: Row): number | undefined => {
  const answer = row.peers[peer];
  return answer && "ms" in answer ? answer.ms : undefined;
};

/** Times of an earlier run by shape and pass. */
export function earlierMs(earlier: readonly Row[]): (row: Row) => number | undefined {
  const key = (r: Row) => `${r.name} ${r.pass}`;
  const ms = new Map(earlier.map((r) => [key(r), r.ms]));
  return (row) => ms.get(key(row));
}

/** How a library does against denas, over the passes that both can do. */
export interface Contest {
  passes: number;
  /** Passes at which it takes less time, and their share of the weight of all of them. */
  ahead: number;
  aheadWeight: number;
}

/** Share of a step that rows take together. */
export const weightOf = (rows: readonly Row[]): number =>
  rows.reduce((sum, r) => sum + r.weight, 0);

export function contest(rows: readonly Row[], other: (row: Row) => number | undefined): Contest {
  const both = rows.filter((r) => other(r) !== undefined);
  const ahead = both.filter((r) => other(r)! < r.ms);
  return {
    passes: both.length,
    ahead: ahead.length,
    aheadWeight: both.length ? weightOf(ahead) / weightOf(both) : 0,
  };
}

/** A pass at which denas is the slower one. */
export interface Slower {
  name: string;
  pass: PassName;
  peer: string;
  /** Its time over that of denas. */
  ratio: number;
}

/** Where one of these libraries takes less time, the largest difference first. */
export function slowerThan(peers: readonly string[], rows: readonly Row[]): Slower[] {
  return peers.flatMap((peer) =>
    rows.flatMap((row): Slower[] => {
      const ms = peerMs(peer)(row);
      if (ms === undefined || ms >= row.ms) return [];
      return [{ name: row.name, pass: row.pass, peer, ratio: ms / row.ms }];
    })
  ).sort((a, b) => a.ratio - b.ratio);
}
