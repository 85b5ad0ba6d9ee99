/** Prints the benchmark's tables. */
import type { Ceilings } from "./ceilings.ts";
import type { Contest, Mean, Row, Slower } from "./compare.ts";

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const times = (ratio: number) => `${ratio.toFixed(ratio < 10 ? 2 : 1)}×`;

/** Names and widths of the columns that are not a peer's. */
const TEXT = { "op, shapes": 50, pass: 15 };
const NUMBERS = {
  ms: 8,
  median: 8,
  "GFLOP/s": 7,
  "of FMA": 6,
  "GB/s": 5,
  "of copy": 7,
  "of limit": 8,
  busy: 5,
  "of a step": 9,
};
const widths = Object.values(NUMBERS);

const texts = (cells: readonly string[]) =>
  cells.map((cell, i) => cell.padEnd(Object.values(TEXT)[i])).join(" ");

export const header = (peers: readonly string[]): string =>
  [
    texts(Object.keys(TEXT)),
    ...Object.entries(NUMBERS).map(([name, width]) => name.padStart(width)),
    ...peers.map((p) => p.padStart(12)),
  ].join(" ");

export const ceilingsLine = ({ gflops, gbytes, floorUs }: Ceilings): string =>
  `ceilings: ${gflops.toFixed(1)} GFLOP/s of multiply-adds on registers, ` +
  `${gbytes.toFixed(1)} GB/s of copying, ${floorUs.toFixed(1)} µs for a dispatch that does nothing`;

/** One row; a peer's column has the ratio of its time to ours. */
export function line(
  row: Row,
  peers: readonly string[],
  beforeMs: number | undefined,
): string {
  const theirs = peers.map((name) => {
    const answer = row.peers[name];
    return ("ms" in answer ? times(answer.ms / row.ms) : "–").padStart(12);
  });
  const counts = row.gflops > 0;
  return [
    texts([row.name, row.pass]),
    ...[
      row.ms.toFixed(3),
      row.medianMs.toFixed(3),
      counts ? row.gflops.toFixed(1) : "",
      counts ? percent(row.fmaShare) : "",
      row.gbytes.toFixed(1),
      percent(row.copyShare),
      percent(row.limitShare),
      row.busy === null ? "–" : percent(row.busy),
      `${(100 * row.weight).toFixed(1)} %`,
    ].map((c, i) => c.padStart(widths[i])),
    ...theirs,
    ...(beforeMs === undefined
      ? []
      : [`  before ${beforeMs.toFixed(3)} (${times(beforeMs / row.ms)})`]),
  ].join(" ");
}

/** Table of geometric means of the peers' times over ours. */
export function meansTable(
  all: Readonly<Record<string, Partial<Record<string, Mean>>>>,
): string {
  return Object.entries(all).flatMap(([other, means]) =>
    Object.entries(means).map(([pass, mean]) =>
      `${other} / denas, ${pass}: ${times(mean!.plain)}, weighted ${times(mean!.weighted)} ` +
      `(geometric means of ${mean!.shapes} shapes)`
    )
  ).join("\n");
}

/** Counts of passes in which each library is faster, and a list of those for WebGPU libraries. */
export function contestLines(
  contests: Readonly<Record<string, Contest>>,
  slower: readonly Slower[],
): string {
  const lines = Object.entries(contests).map(([peer, { passes, ahead, aheadWeight }]) =>
    passes === 0
      ? `${peer} can do none of these passes`
      : `denas is ahead of ${peer} at ${passes - ahead} of ${passes} passes, ` +
        `${percent(1 - aheadWeight)} of their weight`
  );
  const where = slower.map(({ name, pass, peer, ratio }) =>
    `${name}, ${pass} (${peer}: ${times(ratio)})`
  );
  const last = where.length
    ? `a WebGPU library is faster at ${where.join("; ")}`
    : "no WebGPU library is faster at any pass that was compared";
  return [...lines, last].join("\n");
}
