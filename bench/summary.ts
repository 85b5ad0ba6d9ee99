/** Short summary of the benchmark: how close each op comes to the adapter's ceilings, by pass. */
import { type Row, weightOf } from "./compare.ts";
import { passes, type PassName } from "./shape_list.ts";

/**
 * Shares of the ceilings, weighted by the time that shapes take in a step; and the smallest share of `limit`.
 */
export interface Shares {
  weight: number;
  fma: number;
  copy: number;
  limit: number;
  leastLimit: number;
  /** Share of the cores' time in which a software adapter's threads compute; null where a row was not watched. */
  busy: number | null;
}

export type Summary = Record<string, Partial<Record<PassName, Shares>>>;

function sharesOf(rows: readonly Row[]): Shares {
  const weight = weightOf(rows);
  const mean = (of: (r: Row) => number) =>
    rows.reduce((sum, r) => sum + r.weight * of(r), 0) / weight;
  return {
    weight,
    fma: mean((r) => r.fmaShare),
    copy: mean((r) => r.copyShare),
    limit: mean((r) => r.limitShare),
    leastLimit: Math.min(...rows.map((r) => r.limitShare)),
    busy: rows.some((r) => r.busy === null) ? null : mean((r) => r.busy!),
  };
}

/** Summary by op, largest weight first. */
export function summaryOf(rows: readonly Row[]): Summary {
  const ops = [...Map.groupBy(rows, (r) => r.op)].sort(([, a], [, b]) => weightOf(b) - weightOf(a));
  return Object.fromEntries(ops.map(([op, of]) => {
    const byPass = [...Map.groupBy(of, (r) => r.pass)];
    return [op, Object.fromEntries(byPass.map(([pass, rows]) => [pass, sharesOf(rows)]))];
  }));
}

const whole = (share: number) => share ? (100 * share).toFixed(0) : "–";
/** Columns: the op, its weight, four figures per pass. */
const WIDTHS = { op: 18, weight: 9, figure: 6, pass: 26 };
const figures = (cells: readonly string[]) =>
  cells.map((cell) => cell.padStart(WIDTHS.figure)).join("").padStart(WIDTHS.pass);

/** One line per op; per pass the shares of FMA, copy and limit, and the smallest share of the limit. */
export function summaryTable(rows: readonly Row[]): string {
  const cell = (s: Shares | undefined) =>
    figures(s ? [s.fma, s.copy, s.limit, s.leastLimit].map(whole) : []);
  const lines = Object.entries(summaryOf(rows)).map(([op, of]) => {
    const weight = passes.reduce((sum, p) => sum + (of[p]?.weight ?? 0), 0);
    const cells = passes.map((p) => cell(of[p])).join("");
    return `${op.padEnd(WIDTHS.op)}${whole(weight).padStart(WIDTHS.weight)}${cells}`;
  });
  return [
    "",
    "per cent, weighed by the time of a step".padEnd(WIDTHS.op + WIDTHS.weight) +
    passes.map((p, i) => p.padStart(WIDTHS.pass - (i ? 0 : 12))).join(""),
    `${"op".padEnd(WIDTHS.op)}${"of a step".padStart(WIDTHS.weight)}` +
    passes.map(() => figures(["FMA", "copy", "limit", "least"])).join(""),
    ...lines,
    ...leastDense(rows),
    ...busyLines(rows),
  ].join("\n");
}

/** The dense convolution with the lowest share of the adapter's multiply-add rate. */
function leastDense(rows: readonly Row[]): string[] {
  const dense = rows.filter((r) => r.op === "conv2d").sort((a, b) => a.fmaShare - b.fmaShare);
  if (!dense.length) return [];
  const [{ name, pass, fmaShare, limitShare }] = dense;
  return [
    `least of dense convolution: ${whole(fmaShare)} % of FMA, ${
      whole(limitShare)
    } % of its limit (${name}, ${pass})`,
  ];
}

/** Per op and pass how busy the driver's threads keep the cores, where that was watched. */
function busyLines(rows: readonly Row[]): string[] {
  const watched = rows.filter((r) => r.busy !== null);
  return Object.entries(summaryOf(watched)).map(([op, of]) => {
    const shares = passes.filter((p) => of[p]).map((p) => `${p} ${whole(of[p]!.busy!)} %`);
    return `driver's threads busy in ${op}: ${shares.join(", ")}`;
  });
}
