/** Ratios of times: between implementations, and between two runs of the benchmark. */
import { passes, type PassName } from "./shape_list.ts";

/** One pass of one shape. */
export interface Row {
  name: string;
  op: string;
  pass: PassName;
  /** Share of a step's kernel time, averaged over the selected kinds of steps. */
  weight: number;
  /** Milliseconds of the fastest and of the median sample. */
  ms: number;
  medianMs: number;
  gflops: number;
  gbytes: number;
  dispatches: number;
  /** Share of the ceilings measured in the same run. */
  fmaShare: number;
  copyShare: number;
  /** Lower bound of the time with this many dispatches, by these ceilings, and its share of `ms`. */
  limitMs: number;
  limitShare: number;
  /** Share of the cores' time in which a software adapter's threads compute; null where it was not measured. */
  busy: number | null;
  /** Milliseconds of peers, or why there are none. */
  peers: Record<string, { ms: number } | { unable: string }>;
}

export interface Mean {
  plain: number;
  weighted: number;
  /** Number of shapes that are counted. */
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

/** Mean ratios of the other's time to ours, per pass and for all passes of a shape together. */
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

/** Comparison of a library with denas, over the passes that both can do. */
export interface Contest {
  passes: number;
  /** Passes in which it is faster, and their share of the weight of all. */
  ahead: number;
  aheadWeight: number;
}

/** Total share of a step's time of these rows. */
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

/** A pass in which denas is slower. */
export interface Slower {
  name: string;
  pass: PassName;
  peer: string;
  /** The peer's time divided by that of denas. */
  ratio: number;
}

/** Passes in which one of these libraries is faster, the largest difference first. */
export function slowerThan(peers: readonly string[], rows: readonly Row[]): Slower[] {
  return peers.flatMap((peer) =>
    rows.flatMap((row): Slower[] => {
      const ms = peerMs(peer)(row);
      if (ms === undefined || ms >= row.ms) return [];
      return [{ name: row.name, pass: row.pass, peer, ratio: ms / row.ms }];
    })
  ).sort((a, b) => a.ratio - b.ratio);
}
