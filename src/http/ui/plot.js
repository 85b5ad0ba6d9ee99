/** A chart: uPlot in the page's colours, with a legend of fixed position. */
import uPlot from "/ui/uplot.js";
import { h, setText } from "./dom.js";

/** Resolves a CSS variable to a colour for the canvas; the browser picks the light or the dark value. */
const probe = h("span", { hidden: true });
document.body.append(probe);
function colour(name, opacity = 1) {
  probe.style.color = opacity === 1
    ? `var(${name})`
    : `color-mix(in srgb, var(${name}) ${100 * opacity}%, transparent)`;
  return getComputedStyle(probe).color;
}

/** Charts, which are redrawn when the theme changes. */
const plots = new Set();
export function redrawAll() {
  for (const plot of plots) plot.redraw();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);

/** Distances of ticks on an axis of trials, steps or epochs: whole numbers. */
const wholeSteps = [1, 10, 100, 1e3, 1e4, 1e5, 1e6].flatMap((n) => [n, 2 * n, 5 * n]);

export class Plot {
  #plot = null;
  #data = null;
  #observer;

  /**
   * @param {object} options
   * @param {string} options.label what a screen reader says of the picture
   * @param {string} options.x name of the axis
   * @param {{label: string, colour: string, format: (v: number) => string, kind?: "line" | "step" | "points" | "hidden",
   *   width?: number, dash?: number[], scale?: string, fill?: string, size?: number, clipped?: boolean}[]} options.series
   *   what is `clipped` may leave the plot
   * @param {(v: number) => string} options.format of the left axis
   * @param {(v: number) => string} [options.right] of the right axis, for series with `scale: "right"`
   * @param {{series: [number, number], colour: string, opacity?: number}[]} [options.bands] filled between two series (from 1)
   * @param {() => number[]} [options.marks] x positions of dashed lines
   * @param {[number | null, number | null]} [options.range] fixed ends of the left axis
   */
  constructor(options) {
    this.options = options;
    this.canvas = h("div", { class: "plot-area", role: "img", "aria-label": options.label });
    const listed = options.series.filter(({ kind }) => kind !== "hidden");
    this.values = listed.map(() => h("span", { class: "value" }, "–"));
    this.legend = h(
      "ul",
      { class: "legend" },
      ...listed.map((s, i) => {
        const swatch = h("span", { class: `swatch ${s.kind ?? "line"} ${s.dash ? "dashed" : ""}` });
        swatch.style.setProperty("--colour", `var(${s.colour})`);
        return h("li", {}, swatch, s.label, this.values[i]);
      }),
    );
    this.element = h("figure", { class: "plot" }, this.canvas, h("figcaption", {}, this.legend));
    this.#observer = new ResizeObserver(() => this.#fit());
    this.#observer.observe(this.canvas);
    plots.add(this);
  }

  /**
   * @param {(number | null)[][]} data x, then one column per series; @param {string} summary description in
   * words
   */
  setData(data, summary) {
    this.#data = data;
    if (summary) this.canvas.setAttribute("aria-label", `${this.options.label}: ${summary}`);
    if (this.#plot) this.#plot.setData(data);
    else this.#fit();
    this.#showValues(null);
  }

  redraw() {
    this.#plot?.redraw(false, true);
  }

  destroy() {
    plots.delete(this);
    this.#observer.disconnect();
    this.#plot?.destroy();
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width === 0 || height === 0 || !this.#data) return;
    if (this.#plot) this.#plot.setSize({ width, height });
    else this.#plot = new uPlot({ width, height, ...this.#settings() }, this.#data, this.canvas);
  }

  #settings() {
    const { x, series, format, right, range, bands = [] } = this.options;
    const body = getComputedStyle(document.body);
    const size = Math.round(parseFloat(body.fontSize) * 0.85);
    const font = `${size}px ${body.fontFamily}`;
    const axis = (more) => ({
      stroke: () => colour("--faint-ink"),
      grid: { stroke: () => colour("--grid"), width: 1 },
      ticks: { show: false },
      font,
      gap: 6,
      ...more,
    });
    return {
      legend: { show: false },
      padding: [10, right ? 4 : 24, 0, 0],
      cursor: { points: { size: 7 }, drag: { x: true, y: false }, focus: { prox: 24 } },
      scales: {
        x: {
          time: false,
          range: (_, low, high) => low < high ? [low, high] : [low ?? 0, (low ?? 0) + 1],
        },
        y: { range: (_, low, high) => limits(low, high, range) },
        right: { range: (_, low, high) => limits(low, high) },
      },
      axes: [
        axis({
          label: x,
          labelSize: 18,
          labelFont: font,
          size: 30,
          space: 64,
          incrs: wholeSteps,
          grid: { show: false },
        }),
        axis({ size: 52, space: 26, values: (_, all) => all.map(format) }),
        ...right
          ? [
            axis({
              scale: "right",
              side: 1,
              size: 48,
              grid: { show: false },
              values: (_, all) => all.map(right),
            }),
          ]
          : [],
      ],
      series: [{}, ...series.map((s) => this.#series(s))],
      bands: bands.map(({ series, colour: name, opacity }) => ({
        series,
        fill: () => colour(name, opacity),
      })),
      hooks: {
        setCursor: [(u) => this.#showValues(u.cursor.idx)],
        drawClear: [(u) => this.#drawMarks(u)],
      },
    };
  }

  #series({ label, colour: name, kind = "line", width = 2, dash, scale = "y", size = 4, clipped }) {
    if (kind === "hidden") {
      return {
        label,
        scale,
        spanGaps: true,
        auto: !clipped,
        width: 0,
        stroke: "transparent",
        points: { show: false },
      };
    }
    const points = kind === "points";
    return {
      label,
      scale,
      spanGaps: true,
      width: points ? 0 : width,
      stroke: () => colour(name),
      dash,
      paths: points
        ? () => null
        : kind === "step"
        ? uPlot.paths.stepped({ align: 1 })
        : uPlot.paths.linear(),
      points: points
        ? { show: true, size, width: 0, fill: () => colour(name) }
        : { show: (u, i) => u.data[i].filter((v) => v != null).length < 3, size: 7 },
    };
  }

  /** Shows values under the cursor, otherwise the last ones. */
  #showValues(index) {
    this.values.forEach((element, i) => {
      const { format, kind } = this.options.series[i];
      const column = this.#data[i + 1];
      let at = index ?? column.length - 1;
      // A series without a value here keeps the one before it.
      if (index === null || index === undefined || kind !== "points") {
        while (at >= 0 && (column[at] === null || column[at] === undefined)) at--;
      }
      const value = column[at];
      setText(element, value === null || value === undefined ? "–" : format(value));
    });
  }

  #drawMarks(u) {
    const marks = this.options.marks?.() ?? [];
    if (!marks.length) return;
    const { ctx, bbox } = u;
    ctx.save();
    ctx.strokeStyle = colour("--mark");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    for (const x of marks) {
      const at = Math.round(u.valToPos(x, "x", true));
      if (at < bbox.left || at > bbox.left + bbox.width) continue;
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
    }
    ctx.stroke();
    ctx.restore();
  }
}

function limits(low, high, [from, to] = [null, null]) {
  if (low === null || high === null) return [from ?? 0, to ?? 1];
  const margin = (high - low || Math.abs(high) || 1) * 0.06;
  return [from ?? low - margin, to ?? high + margin];
}

/** Joins several tables (x, columns) on one x axis, with null for missing values. */
export function joined(...tables) {
  const filled = tables.filter(([x]) => x.length);
  if (filled.length === 0) return tables.reduce((all, t) => [...all, ...t.slice(1)], [[]]);
  if (tables.length === 1) return tables[0];
  return uPlot.join(tables);
}
