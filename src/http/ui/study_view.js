/** The page of one study: progress, its figure as it fills, the same as numbers, its configuration. */
import { api } from "./api.js";
import { announce, h, panel } from "./dom.js";
import { count } from "./format.js";
import { Plot } from "./plot.js";
import { StudyHeader } from "./study_header.js";

/** Interval of reading a study again, by its state. */
const every = { running: 1000, interrupted: 5000 };
const curves = 12;
const shown = 5;

const short = (value) => Number.isFinite(value) ? value.toFixed(3) : "–";

export class StudyView {
  #abort = new AbortController();
  #timer = 0;
  #tasks = [];
  #failed = h("p", { class: "problem", role: "alert", hidden: true });
  #drawn = "";

  constructor(id, place) {
    this.id = id;
    this.place = place;
  }

  async open() {
    const study = await api.study(this.id, this.#abort.signal);
    this.header = new StudyHeader(study);
    this.#tasks = study.tasks.map((_, i) => new TaskPanel(study, i));
    this.place.replaceChildren(
      this.header.element,
      this.#failed,
      ...this.#tasks.map(({ element }) => element),
      panel("What is run", {}, settingsTable(study.settings)),
    );
    this.clock = setInterval(() => this.header.update(this.study, this.readAt), 1000);
    this.#take(study);
  }

  #take(study) {
    const before = this.study?.state;
    this.study = study;
    this.readAt = performance.now();
    this.header.update(study, this.readAt);
    const drawn = `${study.done} ${study.tasks.length}`;
    if (drawn !== this.#drawn) this.#tasks.forEach((task, i) => task.draw(study.tasks[i]));
    this.#drawn = drawn;
    if (before && before !== study.state) announce(`The study is ${study.state}`, true);
    else if (study.state === "running") announce(`${study.done} of ${study.total} trials`);
    const wait = every[study.state];
    if (wait) this.#timer = setTimeout(() => this.#read(), wait);
  }

  async #read() {
    try {
      // A hidden page sends no requests.
      if (document.hidden) await shownAgain(this.#abort.signal);
      const study = await api.study(this.id, this.#abort.signal);
      this.#failed.hidden = true;
      this.#take(study);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#failed.textContent = error.message;
      this.#failed.hidden = false;
      // The server may come back; a deleted study does not.
      if (error.status !== 404 && error.status !== 401) {
        this.#timer = setTimeout(() => this.#read(), every.interrupted);
      }
    }
  }

  close() {
    this.#abort.abort();
    clearTimeout(this.#timer);
    clearInterval(this.clock);
    for (const task of this.#tasks) task.destroy();
  }
}

function shownAgain(signal) {
  return new Promise((resolve) =>
    document.addEventListener("visibilitychange", resolve, { once: true, signal })
  );
}

/** Curves and table of one data set. */
class TaskPanel {
  constructor({ settings, tasks }, index) {
    this.names = settings.map(({ name }) => name);
    const { title } = tasks[index];
    const looks = this.names.map((label, i) => ({
      label,
      colour: `--curve-${i % curves + 1}`,
      dash: i >= curves ? [8, 4] : undefined,
      format: short,
    }));
    // Counted from 1; unlisted algorithms come last.
    const edges = this.names.length + 2;
    this.plot = new Plot({
      label: `${title}, of the best so far over queries`,
      x: "queries",
      format: (v) => String(Number(v.toPrecision(4))),
      bands: looks.map(({ colour }, i) => ({
        series: [edges + 2 * i, edges + 2 * i + 1],
        colour,
        opacity: 0.15,
      })),
      series: [
        ...looks,
        { label: "best in the table", colour: "--strong-line", dash: [4, 4], format: short },
        ...looks.flatMap((look) => Array(2).fill({ ...look, kind: "hidden", clipped: true })),
      ],
    });
    this.table = h("tbody", {});
    this.head = h("tr", {});
    this.element = panel(
      title,
      {
        class: "study-panel",
        aside: h("p", { class: "note" }, "Band: where the mean lies with 95 %"),
      },
      this.plot.element,
      h(
        "div",
        { class: "map-scroll", tabindex: "0", role: "group", "aria-label": "Means, scrollable" },
        h(
          "table",
          { class: "compare-table" },
          h("caption", { class: "unseen" }, `${title}: mean and deviation`),
          h("thead", {}, this.head),
          this.table,
        ),
      ),
    );
  }

  draw({ at, best, curves: found }) {
    const of = (name) => found.find(({ algorithm }) => algorithm === name);
    const nothing = at.map(() => null);
    const own = this.names.map(of);
    const edge = (curve, sign) =>
      curve?.mean.map((m, i) => m + sign * (curve.halfWidth[i] ?? 0)) ?? nothing;
    this.plot.setData(
      [
        at,
        ...own.map((curve) => curve?.mean ?? nothing),
        at.map(() => best),
        ...own.flatMap((curve) => [edge(curve, 1), edge(curve, -1)]),
      ],
      found.map(({ algorithm, mean }) => `${algorithm} ${short(mean.at(-1))}`).join(", ") ||
        "no trial is finished",
    );
    this.#drawTable(at, found);
  }

  #drawTable(at, found) {
    const step = Math.ceil(at.length / shown);
    const places = at.map((_, i) => i).filter((i) => (at.length - 1 - i) % step === 0);
    const head = ["trials", ...places.map((i) => `${at[i]} queries`), "s / search"];
    this.head.replaceChildren(
      h("th", { scope: "col" }, "algorithm"),
      ...head.map((text) => h("th", { scope: "col", class: "number" }, text)),
    );
    this.table.replaceChildren(
      ...found.map(({ algorithm, trials, mean, deviation, seconds }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, algorithm),
          ...[
            count(trials),
            ...places.map((i) =>
              deviation[i] === null ? short(mean[i]) : `${short(mean[i])} ± ${short(deviation[i])}`
            ),
            String(Number(seconds.toPrecision(2))),
          ].map((text) => h("td", { class: "number" }, text)),
        )
      ),
    );
  }

  destroy() {
    this.plot.destroy();
  }
}

function settingsTable(settings) {
  const words = (values) =>
    Object.entries(values).filter(([, v]) => v !== "" && v !== false)
      .map(([name, v]) => `${name}=${typeof v === "string" ? v : JSON.stringify(v)}`).join(" ");
  return h(
    "div",
    { class: "map-scroll", tabindex: "0", role: "group", "aria-label": "Algorithms, scrollable" },
    h(
      "table",
      { class: "compare-table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...["name", "strategy", "encodings", "settings"].map((text) =>
            h("th", { scope: "col" }, text)
          ),
        ),
      ),
      h(
        "tbody",
        {},
        ...settings.map(({ name, strategy, encoding, settings }) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, name),
            h("td", {}, strategy),
            h("td", {}, words(encoding) || "–"),
            h("td", {}, words(settings) || "–"),
          )
        ),
      ),
    ),
  );
}
