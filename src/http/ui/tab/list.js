/** The list of this tab's runs, and the state of its storage. */
import { h, setAttribute, setText } from "../dom.js";
import { bytes, date } from "../format.js";
import { figure } from "../scores.js";

export class RunList {
  #current;

  /** @param {HTMLElement} place; @param {import("./engine.js").Engine} engine */
  constructor(place, engine) {
    this.engine = engine;
    this.list = h("ul");
    this.note = h("p", { class: "note" });
    this.storage = h("p", { class: "note" });
    place.replaceChildren(
      h("header", {}, h("h2", {}, "Runs")),
      this.note,
      this.list,
      this.storage,
    );
  }

  async refresh() {
    const { runs, problems } = await this.engine.ask("runs");
    setText(this.note, [runs.length ? "" : "No runs here yet.", ...problems].join(" ").trim());
    this.list.replaceChildren(...runs.map((run) => this.#item(run)));
    this.select(this.#current);
    return runs;
  }

  #item(run) {
    const retrain = run.command === "retrain";
    const score = retrain ? run.testAccuracy : run.best?.score;
    return h(
      "li",
      {},
      h("span"),
      h(
        "a",
        { href: `#/runs/${encodeURIComponent(run.id)}`, "data-run": run.id },
        h("span", { class: "name" }, run.id),
        h(
          "span",
          { class: "score" },
          Number.isFinite(score) ? figure(score, retrain ? "fraction" : run.scoreUnit) : "",
        ),
        h(
          "span",
          { class: "about" },
          h("span", { class: "state", "data-state": run.state }, run.state),
          h("span", { class: "note" }, `${run.data} · ${date(run.created)}`),
        ),
      ),
    );
  }

  select(id) {
    this.#current = id;
    for (const link of this.list.querySelectorAll("a")) {
      setAttribute(link, "aria-current", link.dataset.run === id ? "page" : null);
    }
  }

  /** @param {object} environment as the worker tells it */
  showStorage({ lasts, persisted, usage, quota }) {
    setText(
      this.storage,
      !lasts
        ? "This page was opened from a disk, so the browser keeps no files for it: runs end with the tab. " +
          "Save what you want to keep."
        : `Storage: ${bytes(usage)} of ${bytes(quota)}. ` +
          (persisted
            ? "The browser keeps it until you delete it."
            : "The browser may clear it when the disk is full; save what you want to keep."),
    );
  }
}
