/** The workers of a running search: what each does, with buttons that drain or stop one. */
import { api } from "./api.js";
import { h, panel, setText } from "./dom.js";
import { count } from "./format.js";

const EVERY = 2000;

export class WorkersPanel {
  #abort = new AbortController();
  #timer = 0;
  /** Time and jobs done at the first answer, for the throughput. */
  #first = null;

  constructor(model) {
    this.model = model;
    this.summary = h("p", { class: "note" });
    this.problem = h("p", { class: "warning", role: "alert", hidden: true });
    this.rows = h("tbody");
    const heads = ["Worker", "State", "Adapter", "Trial", "Done", ""];
    const head = h(
      "thead",
      {},
      h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text))),
    );
    const table = h("table", {}, head, this.rows);
    this.element = panel(
      "Workers",
      { class: "workers", hidden: true },
      this.summary,
      this.problem,
      h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Workers" }, table),
    );
    this.update();
  }

  /** Looks at once, and then every few seconds while the run goes on. */
  async update() {
    clearTimeout(this.#timer);
    const { signal } = this.#abort;
    try {
      this.#show(await api.workers(this.model.run.id, signal));
    } catch (error) {
      if (signal.aborted) return;
      // Without a connection the page says so elsewhere.
      if (error.status !== 0) return this.#fail(error);
    }
    if (this.model.run.state === "running") this.#timer = setTimeout(() => this.update(), EVERY);
  }

  #show({ queued, done, lost, workers }) {
    this.element.hidden = workers.length === 0;
    const now = performance.now();
    this.#first ??= { now, done };
    const minutes = (now - this.#first.now) / 60_000;
    const rate = minutes > 0.05
      ? `, ${((done - this.#first.done) / minutes).toFixed(1)} per minute`
      : "";
    setText(
      this.summary,
      `${count(done)} trials done${rate}, ${count(queued)} waiting, ${
        count(lost)
      } lost and repeated`,
    );
    this.rows.replaceChildren(...workers.map((worker) => this.#row(worker)));
  }

  #row({ id, state, adapter, host, trial, done }) {
    const button = (action, label) =>
      h("button", {
        type: "button",
        class: "quiet small",
        "aria-label": `${label} worker ${id}`,
        onclick: () => this.#ask(id, action),
      }, label);
    const active = state !== "ended" && state !== "draining";
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, id),
      h("td", {}, state),
      h("td", {}, adapter ?? host ?? "–"),
      h("td", {}, trial === undefined ? "–" : String(trial)),
      h("td", {}, count(done)),
      h("td", {}, active && button("drain", "Drain"), state !== "ended" && button("stop", "Stop")),
    );
  }

  async #ask(id, action) {
    try {
      await api.askWorker(this.model.run.id, id, action);
      this.problem.hidden = true;
    } catch (error) {
      this.#fail(error);
    }
    await this.update();
  }

  #fail({ message }) {
    setText(this.problem, message);
    this.problem.hidden = false;
    this.element.hidden = false;
  }

  destroy() {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }
}
