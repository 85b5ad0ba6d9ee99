/** The form that starts a run, made from the server's schema; an empty field keeps the preset's value. */
import { api } from "./api.js";
import { DefinitionFields, definitionsIn, ExplainedSelect } from "./definitions.js";
import { h, setText } from "./dom.js";
import {
  collect,
  fieldsets,
  settingField,
  settingGroups,
  simplified,
  valueAt,
} from "./settings.js";

/** Settings shown at the top, in this order; the others are under "All settings". */
const first = ["epochs", "seed"];
/** Settings that have fields of their own in this form. */
const chosen = ["command", "mode", "preset", "data", "from", "trial", "arch", "faithful"];
/** Parts of a run with settings of their own. */
const parts = { space: "Space", strategy: "Strategy", evaluator: "Evaluator" };

export class StartView {
  #abort = new AbortController();
  /** Settings of all presets, by the strategy and evaluator that replace theirs. */
  #presets = new Map();

  /**
   * @param {HTMLElement} place; @param {(id: string) => void} started
   * @param {{from?: string, trial?: number}} [wanted] a retraining that fills the form
   */
  constructor(place, started, wanted = {}) {
    this.place = place;
    this.started = started;
    this.wanted = wanted;
  }

  async open() {
    const [schema, presets, datasets, searches] = await Promise.all([
      api.schema(),
      this.#presetsFor({}),
      api.datasets(),
      api.runs({ limit: 200 }),
    ]);
    if (this.#abort.signal.aborted) return;
    Object.assign(this, { schema, presets });
    this.sets = datasets.datasets;
    this.searches = searches.runs.filter((run) => run.command === "search" && run.best);
    const forms = (schema.oneOf ?? schema.anyOf).map((s) => simplified(s, schema));
    this.forms = Object.fromEntries(
      forms.map((form) => [form.properties.command.const ?? form.properties.command.enum[0], form]),
    );
    this.parts = Object.fromEntries(
      Object.entries(parts).map(([name, title]) => {
        const definitions = definitionsIn(this.forms.search.properties[name], schema);
        return [name, new DefinitionFields(name, title, definitions, schema)];
      }),
    );
    this.#build();
  }

  #presetsFor(choice) {
    const key = JSON.stringify(choice);
    if (!this.#presets.has(key)) {
      const asked = api.presets(choice, this.#abort.signal);
      this.#presets.set(key, asked);
      asked.catch(() => this.#presets.delete(key));
    }
    return this.#presets.get(key);
  }

  #makeChoices() {
    const { wanted, sets, searches, forms: { search }, parts } = this;
    const select = (label, name, options) =>
      new ExplainedSelect(label, name, options, () => this.#choose());
    const names = (
      part,
    ) => [["", "as preset"], ...[...parts[part].definitions.keys()].map((n) => [n])];
    this.command = select("What", "command", [["search", "Search for a network"], [
      "retrain",
      "Retrain a found network",
    ]]);
    if (wanted.from) this.command.input.value = "retrain";
    this.mode = select("Search space", "mode", search.properties.mode.enum.map((m) => [m]));
    this.preset = select(
      "Preset",
      "preset",
      search.properties.preset.enum.map((p) => [p, presetWords[p]]),
    );
    this.preset.input.value = "quick";
    this.data = select("Images", "data", [
      ["", "as preset"],
      ...sets.map(({ name, here }) => [name, here ? name : `${name} (not here yet)`]),
    ]);
    this.from = select("Found by", "from", searches.map(({ id }) => [id]));
    if (wanted.from) this.from.input.value = wanted.from;
    this.trial = settingField("trial", { type: "integer", minimum: 0 });
    this.trial.input.placeholder = "its winner";
    if (wanted.trial !== undefined) this.trial.input.value = String(wanted.trial);
    this.strategy = select("Strategy", "strategy", names("strategy"));
    this.evaluator = select("Evaluator", "evaluator", names("evaluator"));
  }

  #build() {
    this.#makeChoices();
    this.firstFields = h("div", { class: "fields" });
    this.general = h("div");
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.button = h("button", { class: "primary", type: "submit" }, "Start");
    const choices = ["command", "mode", "from", "trial", "preset", "data", "strategy", "evaluator"];
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
      h("div", { class: "fields" }, ...choices.map((name) => this[name].element)),
      this.firstFields,
      h(
        "details",
        {},
        h("summary", {}, "All settings"),
        ...Object.values(this.parts).map(({ element }) => element),
        this.general,
      ),
      this.problem,
      h("div", {}, this.button),
    ));
    this.#choose();
  }

  get #retrain() {
    return this.command.value === "retrain";
  }

  /** Updates the fields for another command or part, and the placeholders for another preset. */
  async #choose() {
    const retrain = this.#retrain;
    for (const field of [this.from, this.trial]) field.element.hidden = !retrain;
    for (const field of [this.mode, this.strategy, this.evaluator]) field.element.hidden = retrain;
    this.#showGeneral();
    const space = retrain
      ? this.searches.find(({ id }) => id === this.from.value)?.mode
      : this.mode.value;
    this.#offerPresets(space);
    const { space: spaces, strategy, evaluator } = this.parts;
    const own = this.presets.search[this.preset.value]?.[this.mode.value];
    const kinds = retrain ? {} : {
      strategy: this.strategy.value || own?.strategy.kind,
      evaluator: this.evaluator.value || own?.evaluator.kind,
    };
    this.kinds = kinds;
    spaces.show(space);
    strategy.show(kinds.strategy);
    evaluator.show(kinds.evaluator);
    this.mode.explain(spaces.summary(space));
    this.strategy.explain(described(this.strategy.value, kinds.strategy, strategy));
    this.evaluator.explain(described(this.evaluator.value, kinds.evaluator, evaluator));
    await this.#showPreset(space);
  }

  /** Shows the settings that every run of a command has. */
  #showGeneral() {
    const command = this.command.value;
    if (this.built === command) return;
    this.built = command;
    const leave = [...chosen, ...Object.keys(parts)];
    const groups = settingGroups(this.forms[command], this.schema, { leave });
    this.generalFields = groups.flatMap(([, fields]) => fields);
    const early = first.map((name) => this.generalFields.find(({ path }) => path === name));
    this.firstFields.replaceChildren(...early.map(({ element }) => element));
    this.general.replaceChildren(...fieldsets(groups, early));
  }

  /** Offers the presets that the space has. */
  #offerPresets(space) {
    const sections = this.presets[this.command.value];
    for (const option of this.preset.input.options) {
      option.disabled = space !== undefined && !sections[option.value]?.[space];
    }
    if (this.preset.input.selectedOptions[0]?.disabled) this.preset.input.value = "quick";
  }

  /** Shows the preset's values as placeholders; a search's depend on its strategy and evaluator. */
  async #showPreset(space) {
    const { kinds } = this;
    const command = this.command.value;
    let presets;
    try {
      presets = await this.#presetsFor({
        strategy: this.#retrain ? undefined : this.strategy.value || undefined,
        evaluator: this.#retrain ? undefined : this.evaluator.value || undefined,
      });
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#complain(error);
      return;
    }
    if (kinds !== this.kinds) return; // Another choice was made meanwhile.
    const values = presets[command]?.[this.preset.value]?.[space];
    for (const { path, preset } of this.#fields) preset(valueAt(values, path));
    setText(this.data.input.options[0], values ? `${values.data} (preset)` : "as preset");
    for (const part of ["strategy", "evaluator"]) {
      const own = this.presets.search[this.preset.value]?.[this.mode.value]?.[part].kind;
      setText(this[part].input.options[0], own ? `${own} (preset)` : "as preset");
    }
  }

  get #fields() {
    return [...Object.values(this.parts), { fields: this.generalFields }].flatMap((p) => p.fields);
  }

  /** The settings to send. A part with settings is named, since they are its own. */
  #settings() {
    const settings = collect(this.#fields);
    if (this.#retrain) return settings;
    for (const part of ["strategy", "evaluator"]) {
      if (this[part].value || settings[part]) {
        settings[part] = { kind: this.kinds[part], ...settings[part] };
      }
    }
    return settings;
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
    this.button.disabled = true;
    this.problem.hidden = true;
    try {
      const { id } = await api.start({
        command: this.command.value,
        preset: this.preset.value,
        ...this.#retrain
          ? { from: this.from.value, trial: this.trial.read() }
          : { mode: this.mode.value },
        ...this.data.value && { data: this.data.value },
        ...this.#settings(),
      });
      this.started(id);
    } catch (error) {
      this.#complain(error);
    } finally {
      this.button.disabled = false;
    }
  }

  #complain(error) {
    this.problem.hidden = false;
    setText(this.problem, error.message);
  }

  close() {
    this.#abort.abort();
  }
}

/** The summary of the chosen definition, with its name where the preset chose it. */
function described(given, kind, part) {
  const summary = part.summary(kind);
  return summary && !given ? `${kind}: ${summary}` : summary;
}

const presetWords = {
  smoke: "smoke: about a minute",
  quick: "quick: minutes",
  paper: "paper: for a graphics card",
};
