/** Compares several runs: scores, loss, accuracy in shared charts, and the settings that differ. */
import { api } from "./api.js";
import { h, panel } from "./dom.js";
import { count, duration, fixed, percent } from "./format.js";
import { joined, Plot } from "./plot.js";
import { figure, roundFigure, scoreWords } from "./scores.js";

/** Runs differ by colour and by dashes. */
const looks = [
  { colour: "--series-1" },
  { colour: "--series-2", dash: [8, 4] },
  { colour: "--series-3", dash: [2, 3] },
  { colour: "--series-4", dash: [10, 3, 2, 3] },
];
const points = 600;

export class CompareView {
  #abort = new AbortController();
  #plots = [];

  constructor(ids, place) {
    this.ids = [...new Set(ids)].slice(0, looks.length);
    this.place = place;
  }

  async open() {
    const { signal } = this.#abort;
    const runs = await Promise.all(this.ids.map(async (id) => {
      const [run, curves] = await Promise.all([
        api.run(id, signal),
        api.curves(id, points, signal),
      ]);
      return { run, curves };
    }));
    if (signal.aborted) return;
    const searches = runs.some(({ curves }) => curves.best.x.length > 0);
    this.place.replaceChildren(
      h(
        "header",
        { class: "run-header" },
        h(
          "div",
          { class: "run-title" },
          h("a", { class: "back", href: "#/" }, "‹ Runs"),
          h("div", { class: "name" }, h("h1", {}, `Compare ${runs.length} runs`)),
        ),
      ),
      searches &&
        this.#panel("Best so far", runs, {
          x: "trial",
          format: (v) => figure(v, unitOf(runs)),
          axis: (v) => roundFigure(v, unitOf(runs)),
          kind: "step",
          table: ({ best, trials }) => stretched(best, trials.x.at(-1)),
        }),
      h(
        "div",
        { class: "charts without-scores" },
        this.#panel("Loss", runs, {
          x: "step",
          format: fixed,
          table: ({ steps }) => [steps.x, steps.loss],
        }),
        this.#panel("Training accuracy", runs, {
          x: "step",
          format: percent,
          table: ({ steps }) => [steps.x, steps.trainAccuracy],
        }),
        this.#panel("Validation accuracy", runs, {
          x: "epoch",
          format: percent,
          table: ({ epochs }) => [epochs.x, epochs.validAccuracy],
        }),
        this.#panel("Entropy of the controller", runs, {
          x: "epoch",
          format: fixed,
          table: ({ controller }) => [controller.x.map((epoch) => epoch + 1), controller.entropy],
        }),
      ),
      panel("Differences", {}, differenceTable(runs)),
    );
  }

  #panel(title, runs, { x, format, axis, kind = "line", table }) {
    const tables = runs.map(({ curves }) => table(curves));
    if (tables.every(([, y]) => y.every((v) => v === null))) return null;
    const plot = new Plot({
      label: `${title} of ${this.ids.join(", ")}`,
      x,
      format: axis ?? ((v) => format === fixed ? fixed(v, 1) : roundFigure(v, "fraction")),
      series: runs.map(({ run }, i) => ({ label: run.id, format, kind, ...looks[i] })),
    });
    this.#plots.push(plot);
    plot.setData(joined(...tables));
    return panel(title, {}, plot.element);
  }

  close() {
    this.#abort.abort();
    for (const plot of this.#plots) plot.destroy();
  }
}

/** The unit of all runs; undefined where they differ, so that each value is shown by its own form. */
function unitOf(runs) {
  const [unit, ...others] = new Set(runs.map(({ run }) => scoreWords(run).unit));
  return others.length ? undefined : unit;
}

function stretched({ x, score }, end) {
  return x.length && end > x.at(-1) ? [[...x, end], [...score, score.at(-1)]] : [x, score];
}

function differenceTable(runs) {
  const facts = runs.map(({ run, curves }) => ({
    state: run.state,
    "best in the search": curves.best.x.length &&
      figure(curves.best.score.at(-1), scoreWords(run).unit),
    "best in the selection": run.winner && figure(run.winner.score, scoreWords(run).unit),
    "what a score is": scoreWords(run).name,
    "test accuracy": run.testAccuracy !== undefined && percent(run.testAccuracy),
    trials: run.trials ? count(run.trials) : "",
    time: run.done && duration(run.done.seconds),
    device: run.adapter?.description,
  }));
  const settings = runs.map(({ run }) => flat(run.config));
  const names = [...new Set(settings.flatMap(Object.keys))]
    .filter((name) => new Set(settings.map((s) => s[name])).size > 1);
  const row = (name, values) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      ...values.map((v) => h("td", {}, v ? String(v) : "–")),
    );
  return h(
    "div",
    { class: "map-scroll", tabindex: "0", role: "group", "aria-label": "Differences, scrollable" },
    h(
      "table",
      { class: "compare-table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Run"),
          ...runs.map(({ run: { id } }) =>
            h("th", { scope: "col" }, h("a", { href: `#/runs/${encodeURIComponent(id)}` }, id))
          ),
        ),
      ),
      h(
        "tbody",
        {},
        ...Object.keys(facts[0]).filter((name) => facts.some((f) => f[name])).map((name) =>
          row(name, facts.map((f) => f[name]))
        ),
        ...names.map((name) => row(name, settings.map((s) => s[name]))),
      ),
    ),
  );
}

/** Settings by dotted name, as text. */
function flat(config, prefix = "") {
  return Object.fromEntries(
    Object.entries(config).flatMap(([name, value]) =>
      value && typeof value === "object" && !Array.isArray(value)
        ? Object.entries(flat(value, `${prefix}${name}.`))
        : [[prefix + name, JSON.stringify(value)]]
    ),
  );
}
