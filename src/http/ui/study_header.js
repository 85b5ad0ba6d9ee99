/** State and progress of a study. */
import { h, setAttribute, setText } from "./dom.js";
import { clock, count, duration, moment } from "./format.js";
import { paths } from "./api.js";

const stateWords = { running: "Running", done: "Done", interrupted: "Interrupted" };

export class StudyHeader {
  #values = {};

  constructor(study) {
    this.state = h("span", { class: "state" });
    this.subtitle = h("p", { class: "note" });
    this.progress = h("progress", { max: "1", value: 0, "aria-label": "Progress of the study" });
    this.hint = h(
      "p",
      { class: "warning", hidden: true },
      "The same command goes on with this study: finished trials are kept.",
    );
    this.element = h(
      "header",
      { class: "run-header" },
      h(
        "div",
        { class: "run-title" },
        h("a", { class: "back", href: "#/" }, "‹ Runs"),
        h("div", { class: "name" }, h("h1", {}, study.id), this.state),
        this.subtitle,
        h(
          "div",
          { class: "actions" },
          h(
            "a",
            { class: "button", href: paths.studyFigure(study.id), download: `${study.id}.svg` },
            "Figure as SVG",
          ),
        ),
      ),
      this.progress,
      h(
        "dl",
        { class: "figures" },
        ...this.#figure("trials", "Trials"),
        ...this.#figure("left", "Time left"),
        ...this.#figure("queries", "Queries"),
        ...this.#figure("updated", "Last trial"),
      ),
      this.hint,
    );
  }

  #figure(name, label) {
    const [value, note] = [h("dd", {}, "–"), h("dd", { class: "note" })];
    this.#values[name] = { value, note };
    return [h("div", { class: `figure ${name}` }, h("dt", {}, label), value, note)];
  }

  #set(name, value, note) {
    setText(this.#values[name].value, value);
    setText(this.#values[name].note, note);
  }

  /** @param study as the server gives it; @param {number} readAt time of reading */
  update(study, readAt) {
    const { state, done, total, secondsLeft, algorithms, tables, queries, seed } = study;
    setText(this.state, stateWords[state]);
    setAttribute(this.state, "data-state", state);
    setText(
      this.subtitle,
      `Study: ${count(algorithms)} algorithms on ${tables.join(", ")}, seeds from ${seed}`,
    );
    this.progress.value = total ? done / total : 0;
    this.#set("trials", `${count(done)} of ${count(total)}`, "searches done");
    const left = state === "running" && secondsLeft !== undefined
      ? Math.max(0, secondsLeft - (performance.now() - readAt) / 1000)
      : NaN;
    this.#set("left", duration(left), left > 0 ? `ends about ${clock(left)}` : "");
    this.#set("queries", count(queries), "architectures per search");
    this.#set("updated", moment(study.updated), `begun ${moment(study.created)}`);
    this.hint.hidden = state !== "interrupted";
  }
}
