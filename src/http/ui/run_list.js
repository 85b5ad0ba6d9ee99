/** All runs, newest first: the sidebar, and the first page on a phone. */
import { api } from "./api.js";
import { h, setAttribute, setText } from "./dom.js";
import { date } from "./format.js";
import { figure } from "./scores.js";
import { StudyList } from "./study_list.js";

const every = 4000;
const pageSize = 50;

export class RunList {
  #timer = 0;
  #limit = pageSize;
  #items = new Map();
  #stopped = false;

  /**
   * @param {HTMLElement} element; @param {(runs: object[], studies: object[]) => void} listed called after
   * every reading
   */
  constructor(element, listed) {
    this.listed = listed;
    this.runs = [];
    this.chosen = new Set();
    this.compare = h("a", { class: "button", hidden: true });
    this.filter = h(
      "select",
      { "aria-label": "State", onchange: () => this.refresh() },
      ...["all", "running", "queued", "done", "interrupted", "failed"].map((s) =>
        h("option", { value: s === "all" ? "" : s }, s)
      ),
    );
    this.list = h("ul", {});
    this.note = h("p", { class: "note" });
    this.studies = new StudyList();
    this.more = h("button", {
      type: "button",
      class: "quiet",
      hidden: true,
      onclick: () => {
        this.#limit += pageSize;
        this.refresh();
      },
    }, "Older runs");
    element.replaceChildren(
      h("header", {}, h("h2", {}, "Runs"), this.filter),
      this.compare,
      this.list,
      this.note,
      this.more,
      this.studies.element,
    );
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async refresh() {
    this.#stopped = false;
    clearTimeout(this.#timer);
    try {
      // Both are read before either is drawn: the lower list would jump otherwise.
      await this.studies.read();
      const { runs, total } = await api.runs({ state: this.filter.value, limit: this.#limit });
      this.runs = runs;
      this.#draw();
      this.more.hidden = total <= runs.length;
      setText(this.note, total === 0 ? "No runs here yet." : "");
      this.listed(runs, this.studies.studies);
    } catch (error) {
      setText(this.note, error.message);
      if (error.status === 401) return;
    }
    if (!this.#stopped && !document.hidden) this.#timer = setTimeout(() => this.refresh(), every);
  }

  /** @param {string} [id] of the run that is shown; @param {string} [study] of the study that is shown */
  select(id, study) {
    this.current = id;
    for (const [key, { link }] of this.#items) {
      setAttribute(link, "aria-current", key === id ? "page" : null);
    }
    this.studies.select(study);
  }

  #draw() {
    const seen = new Set();
    this.runs.forEach((run, at) => {
      seen.add(run.id);
      const item = this.#items.get(run.id) ?? this.#add(run);
      if (this.list.children[at] !== item.element) {
        this.list.insertBefore(item.element, this.list.children[at] ?? null);
      }
      item.state.dataset.state = run.state;
      setText(item.state, run.state);
      setText(
        item.what,
        [run.command === "retrain" ? "retrain" : run.strategy, run.data, date(run.created)].filter(
          Boolean,
        ).join(" · "),
      );
      const unit = run.command === "retrain" ? "fraction" : run.scoreUnit;
      const score = run.command === "retrain" ? run.testAccuracy : run.best?.score;
      setText(item.score, score === undefined || score === null ? "" : figure(score, unit));
      item.score.title = run.command === "retrain" ? "on the test images" : "best score so far";
    });
    for (const [id, item] of this.#items) {
      if (seen.has(id)) continue;
      item.element.remove();
      this.#items.delete(id);
      this.chosen.delete(id);
    }
    this.select(this.current, this.studies.current);
    this.#showCompare();
  }

  #add(run) {
    const state = h("span", { class: "state" });
    const what = h("span", { class: "note" });
    const score = h("span", { class: "score" });
    const link = h(
      "a",
      { href: `#/runs/${encodeURIComponent(run.id)}` },
      h("span", { class: "name" }, run.id),
      score,
      h("span", { class: "about" }, state, what),
    );
    const box = h("input", {
      type: "checkbox",
      "aria-label": `Compare ${run.id}`,
      title: "Compare",
      onchange: () => {
        if (box.checked) this.chosen.add(run.id);
        else this.chosen.delete(run.id);
        this.#showCompare();
      },
    });
    const element = h("li", {}, box, link);
    const item = { element, link, state, what, score };
    this.#items.set(run.id, item);
    return item;
  }

  #showCompare() {
    const { size } = this.chosen;
    this.compare.hidden = size < 2;
    setText(this.compare, `Compare ${size} runs`);
    this.compare.href = `#/compare/${[...this.chosen].map(encodeURIComponent).join(",")}`;
  }
}
