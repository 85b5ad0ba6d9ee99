/** The benchmark's tables. */
import type { Mean, Row } from "./compare.ts";
import type { Ceilings } from "./timing.ts";

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const times = (ratio: number) => `${ratio.toFixed(ratio < 10 ? 2 : 1)}×`;

/** Columns beside those of a peer. */
const WIDTHS = { name: 64, pass: 16, ms: 9, number: 9 };

export const header = (peers: readonly string[]): string =>
  [
    "op, shapes".padEnd(WIDTHS.name),
    "pass".padEnd(WIDTHS.pass),
    ...["ms", "median"].map((c) => c.padStart(WIDTHS.ms)),
    ...["GFLOP/s", "of FMA", "GB/s", "of copy", "of a step"].map((c) => c.padStart(WIDTHS.number)),
    ...peers.map((p) => p.padStart(12)),
  ].join(" ");

export const ceilingsLine = ({ gflops, gbytes }: Ceilings): string =>
  `ceilings: ${gflops.toFixed(1)} GFLOP/s of multiply-adds on registers, ` +
  `${gbytes.toFixed(1)} GB/s of copying`;

/** One row; a peer's column says how many times as long it takes. */
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
    row.name.padEnd(WIDTHS.name),
    row.pass.padEnd(WIDTHS.pass),
    ...[row.ms, row.medianMs].map((ms) => ms.toFixed(3).padStart(WIDTHS.ms)),
    ...[
      counts ? row.gflops.toFixed(1) : "",
      counts ? percent(row.fmaShare) : "",
      row.gbytes.toFixed(1),
      percent(row.copyShare),
      `${(100 * row.weight).toFixed(1)} %`,
    ].map((c) => c.padStart(WIDTHS.number)),
    ...theirs,
    ...(beforeMs === undefined
      ? []
      : [`  before ${beforeMs.toFixed(3)} (${times(beforeMs / row.ms)})`]),
  ].join(" ");
}

/** Geometric means of how many times as long others take. */
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
