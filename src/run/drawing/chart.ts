/**
 * Small charts over epochs or queries: lines with bands, stacked areas, marks. SVG is generated without a
 * library.
 */
import { faint, ink, n, type Picture, rule, text } from "./svg.ts";

export type Point = readonly [x: number, y: number];

export interface Series {
  name: string;
  colour: string;
  /** Points, ascending in x. */
  points: readonly Point[];
  /** `area` stacks onto the areas before it; `dots` are single points. */
  as?: "line" | "area" | "dots";
  /** Half the height of a line's band at each point: the uncertainty of its mean. */
  band?: readonly number[];
  dashed?: boolean;
}

export interface Chart {
  title: string;
  series: readonly Series[];
  /** Formats a value on the y axis. */
  format: (value: number) => string;
  /** Lowest and highest value of the y axis; default: those of the series. */
  range?: readonly [number, number];
  /** Vertical marks at positions on the x axis. */
  marks?: readonly { x: number; name: string }[];
  /** Height of the plot in pixels. */
  height?: number;
  /** Formats a value on the x axis; by default the axis has whole numbers only. */
  xFormat?: (value: number) => string;
}

const plot = { left: 68, width: 640 };
const usualHeight = 150;
const legendLeft = plot.left + plot.width + 20;
const head = 30;
const foot = 34;

/** Width of a chart with its legend. */
export const chartWidth = legendLeft + 140;

/** Draws a chart. @param x lowest and highest epoch or number of queries. */
export function drawChart(chart: Chart, x: readonly [number, number]): Picture {
  const stacked = stack(chart.series);
  const height = chart.height ?? usualHeight;
  const range = chart.range ?? extent(stacked.flatMap(values));
  const ticks = niceTicks(...range, 5);
  const [low, high] = chart.range ?? [
    Math.min(range[0], ticks[0]),
    Math.max(range[1], ticks.at(-1)!),
  ];
  const toX = (value: number) => plot.left + (value - x[0]) / (x[1] - x[0] || 1) * plot.width;
  const toY = (value: number) => head + (high - value) / (high - low || 1) * height;
  const parts = [text(0, 14, chart.title, { size: 13, bold: true })];
  for (const tick of ticks.filter((value) => value >= low && value <= high)) {
    parts.push(
      line([[plot.left, toY(tick)], [plot.left + plot.width, toY(tick)]], rule, 0.8),
      text(plot.left - 8, toY(tick) + 4, chart.format(tick), {
        size: 11,
        anchor: "end",
        fill: faint,
      }),
    );
  }
  const { xFormat } = chart;
  for (const tick of niceTicks(...x, 10).filter((v) => inside(v, x))) {
    if (!xFormat && !Number.isInteger(tick)) continue;
    parts.push(
      text(toX(tick), head + height + 16, xFormat?.(tick) ?? String(tick), {
        size: 11,
        anchor: "middle",
        fill: faint,
      }),
    );
  }
  const within = (value: number) => toY(Math.min(high, Math.max(low, value)));
  for (const series of stacked) parts.push(drawBand(series, toX, within));
  for (const series of stacked) parts.push(drawSeries(series, toX, toY));
  for (const mark of chart.marks ?? []) {
    const at = toX(mark.x);
    parts.push(
      line([[at, head - 4], [at, head + height]], "#dc2626", 1.2, "5 4"),
      text(at + 4, head + 6, mark.name, { size: 10, fill: "#dc2626" }),
    );
  }
  parts.push(
    line([[plot.left, head + height], [plot.left + plot.width, head + height]], ink, 1),
    ...legend(chart.series),
  );
  return { width: chartWidth, height: head + height + foot, body: parts.join("\n") };
}

/** A few round numbers from low to high. */
export function niceTicks(low: number, high: number, about: number): number[] {
  if (!(high > low)) return [low];
  const raw = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999)!;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  // Computed from integers, so that 0.3 does not become 0.30000000000000004.
  return Array.from(
    { length: last - first + 1 },
    (_, i) => Number(((first + i) * step).toFixed(9)),
  );
}

interface Stacked extends Series {
  /** Lower edge of an area, per point. */
  base?: readonly number[];
}

function stack(series: readonly Series[]): Stacked[] {
  let below: number[] | undefined;
  return series.map((one) => {
    if (one.as !== "area") return one;
    const base = below ?? one.points.map(() => 0);
    const points = one.points.map(([x, y], i): Point => [x, y + base[i]]);
    below = points.map(([, y]) => y);
    return { ...one, points, base };
  });
}

/**
 * Values of a series that the y axis must include. Of a band only its end counts: the first few values would
 * take up all the space.
 */
function values({ points, band }: Series): number[] {
  const all = points.map(([, y]) => y);
  const half = band?.at(-1) || 0;
  return half ? [...all, all.at(-1)! - half, all.at(-1)! + half] : all;
}

type Scale = (value: number) => number;

function drawBand({ points, colour, band }: Series, toX: Scale, toY: Scale): string {
  if (!band) return "";
  const edge = (sign: number) =>
    points.map(([x, y], i): Point => [toX(x), toY(y + sign * (band[i] || 0))]);
  const corners = [...edge(1), ...edge(-1).reverse()].map(([x, y]) => `${n(x)},${n(y)}`);
  return `<polygon points="${corners.join(" ")}" fill="${colour}" fill-opacity="0.15"/>`;
}

function drawSeries({ points, colour, as, base, dashed }: Stacked, toX: Scale, toY: Scale): string {
  const at = points.map(([x, y]): Point => [toX(x), toY(y)]);
  if (as === "dots") {
    return `<g fill="${colour}" opacity="0.35">${
      at.map(([x, y]) => `<circle cx="${n(x)}" cy="${n(y)}" r="1.7"/>`).join("")
    }</g>`;
  }
  if (as === "area") {
    const lower = points.map(([x], i): Point => [toX(x), toY(base![i])]).reverse();
    const corners = [...at, ...lower].map(([x, y]) => `${n(x)},${n(y)}`).join(" ");
    return `<polygon points="${corners}" fill="${colour}" fill-opacity="0.8" stroke="#ffffff"/>`;
  }
  const single = at.length === 1
    ? `<circle cx="${n(at[0][0])}" cy="${n(at[0][1])}" r="3" fill="${colour}"/>`
    : "";
  return line(at, colour, 2, dashed ? "6 4" : undefined) + single;
}

function legend(series: readonly Series[]): string[] {
  // The legend lists stacked areas from the top down, as drawn.
  const order = series.some(({ as }) => as === "area") ? [...series].reverse() : series;
  return order.flatMap(({ name, colour, as, dashed }, i) => {
    const y = head + 8 + 17 * i;
    const mark = dashed
      ? line([[legendLeft, y - 4], [legendLeft + 14, y - 4]], colour, 2, "4 3")
      : as === "dots"
      ? `<circle cx="${legendLeft + 7}" cy="${y - 4}" r="2.5" fill="${colour}" opacity="0.6"/>`
      : `<rect x="${legendLeft}" y="${y - (as === "area" ? 10 : 5.5)}" width="14" ` +
        `height="${as === "area" ? 12 : 3}" rx="1.5" fill="${colour}"` +
        `${as === "area" ? ' fill-opacity="0.8"' : ""}/>`;
    return [mark, text(legendLeft + 21, y, name, { size: 11 })];
  });
}

function line(points: readonly Point[], colour: string, width: number, dash?: string): string {
  const dashes = dash ? ` stroke-dasharray="${dash}"` : "";
  return `<polyline points="${points.map(([x, y]) => `${n(x)},${n(y)}`).join(" ")}" fill="none" ` +
    `stroke="${colour}" stroke-width="${width}" stroke-linejoin="round"${dashes}/>`;
}

function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low === high) return [low - 0.5, high + 0.5];
  return [low, high];
}

const inside = (value: number, [low, high]: readonly [number, number]) =>
  value >= low && value <= high;
