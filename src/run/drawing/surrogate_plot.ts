/**
 * Plots of predictor quality against the size of the training set, and of predictions against true values.
 */
import {
  type SurrogateCurve,
  surrogateCurves,
  type SurrogateLine,
} from "../../nas/study/surrogate_records.ts";
import { type Chart, chartWidth, drawChart, type Point } from "./chart.ts";
import { curveColours } from "./colours.ts";
import { document, faint, n, text } from "./svg.ts";

const margin = 24;
const plain = (value: number) => String(Number(value.toPrecision(4)));

interface Drawn {
  chart: Chart;
  x: readonly [number, number];
}

/**
 * Draws one SVG: Kendall's τ, Pearson's r, RMSE and the mean absolute error in per cent against the size of
 * the training set, then a scatter plot per predictor.
 */
export function plotSurrogate(lines: readonly SurrogateLine[]): string {
  const parts = [text(margin, margin + 14, "Predictors", { size: 17, bold: true })];
  let y = margin + 24;
  for (const [place, curves] of surrogateCurves(lines)) {
    parts.push(text(margin, y + 14, place, { fill: faint }));
    y += 36;
    for (const { chart, x } of [...growth(curves), ...errors(curves), ...curves.flatMap(scatter)]) {
      const { height, body } = drawChart(chart, x);
      parts.push(`<g class="chart" transform="translate(${margin} ${n(y)})">`, body, "</g>");
      y += height + 8;
    }
  }
  return document({ width: chartWidth + 2 * margin, height: y + margin, body: parts.join("\n") });
}

function growth(curves: readonly SurrogateCurve[]): Drawn[] {
  const sizes = curves.flatMap((curve) => curve.sizes.map(({ trainSize }) => trainSize));
  const x = [0, Math.max(...sizes)] as const;
  const titles = {
    kendall: "Kendall's τ",
    spearman: "Spearman's ρ",
    pearson: "Pearson's r",
    rmse: "RMSE",
    nll: "Negative log likelihood",
  } as const;
  const known = (Object.keys(titles) as (keyof typeof titles)[])
    .filter((what) => curves.some(({ sizes }) => sizes.some((size) => size[what])));
  return known.map((what) => ({
    x,
    chart: {
      title: `${
        titles[what]
      } against architectures trained on; band: where the mean lies with 95 %`,
      format: plain,
      height: 220,
      series: curves.map(({ name, sizes }, i) => ({
        name,
        ...curveColours(i),
        points: sizes.flatMap((size): Point[] =>
          size[what] ? [[size.trainSize, size[what].mean]] : []
        ),
        band: sizes.flatMap((size) => size[what]?.halfWidth ?? []),
      })),
    },
  }));
}

/** Curves of errors: training errors are dashed, in the colour of the test errors. */
function errors(curves: readonly SurrogateCurve[]): Drawn[] {
  const series = curves.flatMap(({ name, sizes }, i) => {
    const { colour } = curveColours(i);
    const pointsOf = (what: "testError" | "trainError") =>
      sizes.flatMap((size): Point[] => {
        const summary = size[what];
        return summary ? [[size.trainSize, summary.mean]] : [];
      });
    return [
      { name, colour, points: pointsOf("testError") },
      { name: `${name}, training`, colour, dashed: true, points: pointsOf("trainError") },
    ].filter(({ points }) => points.length > 0);
  });
  if (series.length === 0) return [];
  const sizes = series.flatMap(({ points }) => points.map(([size]) => size));
  const title = "Mean absolute error in points of per cent against architectures trained on";
  return [{ x: [0, Math.max(...sizes)], chart: { title, format: plain, height: 220, series } }];
}

function scatter({ name, pairs }: SurrogateCurve): Drawn[] {
  if (!pairs) return [];
  const points = pairs.values.map(([predicted, truth]): Point => [truth, predicted]);
  const all = pairs.values.flat();
  const x = [Math.min(...all), Math.max(...all)] as const;
  return [{
    x,
    chart: {
      title: `${name}, trained on ${pairs.trainSize}: predicted (up) against true (right)`,
      format: plain,
      xFormat: plain,
      range: x,
      height: 260,
      series: [
        { name: "as predicted", colour: curveColours(0).colour, as: "dots", points },
        { name: "equal", colour: "#9ca3af", dashed: true, points: [[x[0], x[0]], [x[1], x[1]]] },
      ],
    },
  }];
}
