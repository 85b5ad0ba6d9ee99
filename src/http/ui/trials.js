/**
 * Table of a run's trials. Their source sorts, filters and pages them; only visible rows exist in the page, so
 * that 50,000 scroll like 50.
 */
import { h, panel, setAttribute, setText, throttled } from "./dom.js";
import { count } from "./format.js";
import { trialFilters } from "./trial_filters.js";
import { outcome, scoreWords } from "./scores.js";

const rowHeight = 36;
const pageSize = 100;
/** Rows that are kept above and below the visible ones. */
const margin = 8;
const refreshEvery = 2000;

const columnsFor = (words) => [
  { key: "trial", label: "Trial", text: (t) => count(t.trial), number: true },
  { key: "epoch", label: "Epoch", text: (t) => String(t.epoch + 1), number: true },
  { key: "score", label: "Score", text: (t) => outcome(t, words.unit), number: true },
  {
    key: null,
    label: "Scored on",
    text: (t) => words.on[t.on],
  },
  { key: null, label: "Choices", text: (t) => t.choice.join(" "), class: "choices" },
];

export class TrialsPanel {
  #pages = new Map();
  #loading = new Map();
  #total = 0;
  #rows = [];
  #active = 0;
  #generation = 0;

  /** @param {RunModel} model; @param {object} source; @param {(trial: number) => void} open shows a trial */
  constructor(model, source, open) {
    this.model = model;
    this.source = source;
    this.open = open;
    this.words = scoreWords(model.run);
    this.columns = columnsFor(this.words);
    this.view = { sort: "score", order: "desc", on: "", minScore: "", q: "" };
    this.status = h("p", { class: "note", "aria-live": "off" }, "–");
    this.above = h(
      "tr",
      { class: "space", "aria-hidden": "true" },
      h("td", { colspan: this.columns.length }),
    );
    this.below = h(
      "tr",
      { class: "space", "aria-hidden": "true" },
      h("td", { colspan: this.columns.length }),
    );
    this.body = h(
      "tbody",
      { onclick: (e) => this.#click(e), onkeydown: (e) => this.#key(e) },
      this.above,
      this.below,
    );
    this.heads = this.columns.map((column) => this.#head(column));
    this.table = h(
      "table",
      { class: "trials", "aria-label": "Trials" },
      h("thead", {}, h("tr", {}, ...this.heads)),
      this.body,
    );
    this.scroller = h("div", {
      class: "trials-scroll",
      tabindex: "0",
      role: "group",
      "aria-label": "Trials, scrollable",
    }, this.table);
    this.scroller.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.observer = new ResizeObserver(() => this.#draw());
    this.observer.observe(this.scroller);
    this.element = panel(
      "Trials",
      { class: "trials-panel", aside: this.status },
      trialFilters(this.view, this.words, () => this.#reset(), open),
      this.scroller,
    );
    this.update = throttled(refreshEvery, () => this.#refresh());
    this.#showSort();
    this.#load(0);
  }

  #head(column) {
    const properties = { scope: "col", class: column.number ? "number" : column.class };
    if (!column.key) return h("th", properties, column.label);
    const arrow = h("span", { class: "arrow", "aria-hidden": "true" });
    return h(
      "th",
      properties,
      h("button", { type: "button", onclick: () => this.#sortBy(column.key) }, column.label, arrow),
    );
  }

  #sortBy(key) {
    const { view } = this;
    view.order = view.sort === key && view.order === "desc" ? "asc" : "desc";
    view.sort = key;
    this.#showSort();
    this.#reset();
  }

  #showSort() {
    this.columns.forEach(({ key }, i) => {
      const sorted = key && key === this.view.sort;
      setAttribute(this.heads[i], "aria-sort", sorted ? this.view.order + "ending" : null);
      const arrow = this.heads[i].querySelector(".arrow");
      if (arrow) setText(arrow, !sorted ? "" : this.view.order === "desc" ? "↓" : "↑");
    });
  }

  /** Scrolls to the top, after another order or filter. */
  #reset() {
    this.#active = 0;
    this.scroller.scrollTop = 0;
    this.#forget();
    this.#load(0);
  }

  #forget() {
    this.#generation++;
    for (const abort of this.#loading.values()) abort.abort();
    this.#loading.clear();
    this.#pages.clear();
  }

  /** Reads the visible rows again after new trials; the old rows stay until then. */
  #refresh() {
    const [first, last] = this.#inView();
    const stale = [...this.#pages.keys()];
    const wanted = new Set([
      Math.floor(first / pageSize),
      Math.floor(Math.max(first, last - 1) / pageSize),
    ]);
    for (const page of stale) if (!wanted.has(page)) this.#pages.delete(page);
    for (const page of wanted) this.#load(page);
  }

  async #load(page) {
    if (this.#loading.has(page)) return;
    const abort = new AbortController();
    this.#loading.set(page, abort);
    const generation = this.#generation;
    try {
      const found = await this.source.trials(this.model.run.id, {
        ...this.view,
        offset: page * pageSize,
        limit: pageSize,
      }, abort.signal);
      if (generation !== this.#generation) return;
      this.#pages.set(page, found.trials);
      this.#total = found.total;
      setText(
        this.status,
        `${count(found.total)} ${found.total === 1 ? "trial" : "trials"}, ${this.words.short}`,
      );
    } catch (error) {
      if (error.name !== "AbortError") setText(this.status, error.message);
      return;
    } finally {
      if (this.#loading.get(page) === abort) this.#loading.delete(page);
    }
    this.#draw();
  }

  #inView() {
    const top = Math.floor(this.scroller.scrollTop / rowHeight);
    const shown = Math.ceil(this.scroller.clientHeight / rowHeight);
    return [Math.max(0, top - margin), Math.min(this.#total, top + shown + margin)];
  }

  #draw() {
    const [first, last] = this.#inView();
    setAttribute(this.table, "aria-rowcount", String(this.#total + 1));
    while (this.#rows.length < last - first) this.#addRow();
    while (this.#rows.length > Math.max(0, last - first)) this.#rows.pop().row.remove();
    this.#rows.forEach((slot, i) => this.#fill(slot, first + i));
    this.above.firstChild.style.height = `${first * rowHeight}px`;
    this.below.firstChild.style.height = `${Math.max(0, this.#total - last) * rowHeight}px`;
    for (let page = Math.floor(first / pageSize); page * pageSize < last; page++) {
      if (!this.#pages.has(page)) this.#load(page);
    }
  }

  #addRow() {
    const cells = this.columns.map((c) => h("td", { class: c.number ? "number" : c.class }));
    const button = h("button", { type: "button", class: "link", tabindex: "-1" });
    cells[0].append(button);
    const row = h("tr", {}, ...cells);
    this.#rows.push({ row, cells, button });
    this.below.before(row);
  }

  #fill({ row, cells, button }, index) {
    const trial = this.#pages.get(Math.floor(index / pageSize))?.[index % pageSize];
    row.dataset.index = String(index);
    setAttribute(row, "aria-rowindex", String(index + 2));
    button.tabIndex = index === this.#active ? 0 : -1;
    button.dataset.trial = trial ? String(trial.trial) : "";
    this.columns.forEach((column, i) => {
      setText(i === 0 ? button : cells[i], trial ? column.text(trial) : i === 0 ? "…" : "");
    });
    setAttribute(
      button,
      "aria-label",
      trial ? `Trial ${trial.trial}, ${outcome(trial, this.words.unit)}` : null,
    );
  }

  #click(event) {
    const row = event.target.closest("tr[data-index]");
    const trial = row?.querySelector("button").dataset.trial;
    if (!trial) return;
    this.#active = Number(row.dataset.index);
    this.open(Number(trial));
  }

  /** Moves between rows by arrow keys; only one row is in the tab order. */
  #key(event) {
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / rowHeight) - 1);
    const steps = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#active = Math.min(this.#total - 1, Math.max(0, this.#active + step));
    const head = this.table.tHead.offsetHeight;
    const top = this.#active * rowHeight;
    const { scroller } = this;
    const space = scroller.clientHeight - head - rowHeight;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top > scroller.scrollTop + space) scroller.scrollTop = top - space;
    this.#draw();
    this.body.querySelector(`tr[data-index="${this.#active}"] button`)?.focus({
      preventScroll: true,
    });
  }

  destroy() {
    this.update.cancel();
    this.#forget();
    this.observer.disconnect();
  }
}
