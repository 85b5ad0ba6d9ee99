/** Start a run: fields made from the server's schema; an empty one means the preset's value. */
import { api } from "./api.js";
import { h, setText } from "./dom.js";
import { collect, settingField, settingGroups, simplified, valueAt } from "./settings.js";

/** Asked first, in this order; the rest is behind "All settings". */
const first = ["strategy", "epochs", "seed"];
/** Chosen by fields of their own. */
const chosen = ["command", "mode", "preset", "data", "from", "trial", "arch", "faithful"];

export class StartView {
  #abort = new AbortController();

  /**
   * @param {HTMLElement} place; @param {(id: string) => void} started
   * @param {{from?: string, trial?: number}} [wanted] a retraining to begin with
   */
  constructor(place, started, wanted = {}) {
    this.place = place;
    this.started = started;
    this.wanted = wanted;
  }

  async open() {
    const [schema, presets, datasets, searches] = await Promise.all([
      api.schema(),
      api.presets(),
      api.datasets(),
      api.runs({ limit: 200 }),
    ]);
    if (this.#abort.signal.aborted) return;
    Object.assign(this, { schema, presets });
    this.sets = datasets.datasets;
    this.searches = searches.runs.filter((run) => run.command === "search" && run.best);
    this.#build();
  }

  #build() {
    const forms = (this.schema.oneOf ?? this.schema.anyOf).map((s) => simplified(s, this.schema));
    this.forms = Object.fromEntries(
      forms.map((form) => [form.properties.command.const ?? form.properties.command.enum[0], form]),
    );
    const select = (label, name, options, value) => {
      const input = h(
        "select",
        { name, onchange: () => this.#choose() },
        ...options.map(([v, text]) => h("option", { value: v }, text ?? v)),
      );
      if (value !== undefined) input.value = value;
      return { input, element: h("label", {}, h("span", {}, label), input) };
    };
    const { wanted } = this;
    this.command = select("What", "command", [["search", "Search for a network"], [
      "retrain",
      "Retrain a found network",
    ]], wanted.from ? "retrain" : "search");
    this.mode = select(
      "Search space",
      "mode",
      this.forms.search.properties.mode.enum.map((m) => [m, modeWords[m]]),
      "micro",
    );
    this.preset = select(
      "Preset",
      "preset",
      this.forms.search.properties.preset.enum.map((p) => [p, presetWords[p]]),
      "quick",
    );
    this.data = select("Images", "data", [
      ["", "as preset"],
      ...this.sets.map((
        { name, here },
      ) => [name, here ? name : `${name} (not here yet)`]),
    ]);
    this.from = select("Found by", "from", this.searches.map(({ id }) => [id]), wanted.from);
    this.trial = settingField("trial", { type: "integer", minimum: 0 });
    this.trial.input.placeholder = "its winner";
    if (wanted.trial !== undefined) this.trial.input.value = String(wanted.trial);
    this.firstFields = h("div", { class: "fields" });
    this.allSettings = h("div", { class: "all-settings" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.button = h("button", { class: "primary", type: "submit" }, "Start");
    this.place.replaceChildren(h(
      "form",
      { class: "panel start-form", novalidate: true, onsubmit: (e) => this.#submit(e) },
      h(
        "div",
        { class: "run-title" },
        h("a", { class: "back", href: "#/" }, "‹ Runs"),
        h("h1", {}, "New run"),
      ),
      h(
        "p",
        { class: "note" },
        "It starts when the device is free. An empty field keeps the preset's value.",
      ),
      h(
        "div",
        { class: "fields" },
        this.command.element,
        this.mode.element,
        this.from.element,
        this.trial.element,
        this.preset.element,
        this.data.element,
      ),
      this.firstFields,
      h("details", {}, h("summary", {}, "All settings"), this.allSettings),
      this.problem,
      h("div", {}, this.button),
    ));
    this.#choose();
  }

  /** Other fields for another command, other placeholders for another preset. */
  #choose() {
    const command = this.command.input.value;
    const retrain = command === "retrain";
    for (const field of [this.from, this.trial]) field.element.hidden = !retrain;
    this.mode.element.hidden = retrain;
    if (this.built !== command) {
      this.built = command;
      const groups = settingGroups(this.forms[command], this.schema, chosen);
      this.fields = groups.flatMap(([, fields]) => fields);
      const early = first.map((name) => this.fields.find(({ path }) => path === name)).filter(
        Boolean,
      );
      this.firstFields.replaceChildren(...early.map(({ element }) => element));
      this.allSettings.replaceChildren(
        ...groups.map(([title, fields]) =>
          h(
            "fieldset",
            {},
            h("legend", {}, title),
            h(
              "div",
              { class: "fields" },
              ...fields.filter((f) => !early.includes(f)).map(({ element }) => element),
            ),
          )
        ),
      );
    }
    const space = retrain
      ? this.searches.find(({ id }) => id === this.from.input.value)?.mode ?? "micro"
      : this.mode.input.value;
    const values = this.presets[command]?.[this.preset.input.value]?.[space];
    for (const { path, preset } of this.fields) preset(valueAt(values, path));
    setText(this.data.input.options[0], values ? `${values.data} (preset)` : "as preset");
  }

  async #submit(event) {
    event.preventDefault();
    const form = event.target;
    const wrong = [...form.elements].find((field) =>
      !field.closest("[hidden]") && !field.checkValidity()
    );
    if (wrong) {
      wrong.closest("details")?.setAttribute("open", "");
      wrong.reportValidity();
      return;
    }
    const command = this.command.input.value;
    const retrain = command === "retrain";
    this.button.disabled = true;
    this.problem.hidden = true;
    try {
      const { id } = await api.start({
        command,
        preset: this.preset.input.value,
        ...retrain
          ? { from: this.from.input.value, trial: this.trial.read() }
          : { mode: this.mode.input.value },
        ...this.data.input.value && { data: this.data.input.value },
        ...collect(this.fields),
      });
      this.started(id);
    } catch (error) {
      this.problem.hidden = false;
      setText(this.problem, error.message);
    } finally {
      this.button.disabled = false;
    }
  }

  close() {
    this.#abort.abort();
  }
}

const modeWords = { micro: "micro: two cells, repeated", macro: "macro: a whole network" };
const presetWords = {
  smoke: "smoke: about a minute",
  quick: "quick: minutes",
  paper: "paper: for a graphics card",
};
