/** Studies below the runs: name, state, progress. */
import { api } from "./api.js";
import { h, setAttribute, setText } from "./dom.js";
import { count } from "./format.js";

export class StudyList {
  #items = new Map();

  constructor() {
    this.studies = [];
    this.list = h("ul", {});
    this.note = h("p", { class: "note" });
    this.element = h(
      "div",
      { class: "studies", hidden: true },
      h("header", {}, h("h2", {}, "Studies")),
      this.list,
      this.note,
    );
  }

  /** Reads the list again. */
  async read() {
    const { studies, total } = await api.studies();
    this.studies = studies;
    this.element.hidden = total === 0;
    studies.forEach((study, at) => {
      const item = this.#items.get(study.id) ?? this.#add(study);
      if (this.list.children[at] !== item.element) {
        this.list.insertBefore(item.element, this.list.children[at] ?? null);
      }
      setAttribute(item.state, "data-state", study.state);
      setText(item.state, study.state);
      setText(item.what, `${count(study.algorithms)} algorithms · ${study.tables.join(", ")}`);
      setText(item.done, `${count(study.done)}/${count(study.total)}`);
    });
    const there = new Set(studies.map(({ id }) => id));
    for (const [id, { element }] of this.#items) {
      if (there.has(id)) continue;
      element.remove();
      this.#items.delete(id);
    }
    setText(this.note, total > 50 ? `and ${count(total - 50)} older ones` : "");
    this.select(this.current);
  }

  select(id) {
    this.current = id;
    for (const [key, { link }] of this.#items) {
      setAttribute(link, "aria-current", key === id ? "page" : null);
    }
  }

  #add({ id }) {
    const state = h("span", { class: "state" });
    const what = h("span", { class: "note" });
    const done = h("span", { class: "score", title: "trials done, of all" });
    const link = h(
      "a",
      { href: `#/studies/${encodeURIComponent(id)}` },
      h("span", { class: "name" }, id),
      done,
      h("span", { class: "about" }, state, what),
    );
    const item = { element: h("li", {}, link), link, state, what, done };
    this.#items.set(id, item);
    return item;
  }
}
