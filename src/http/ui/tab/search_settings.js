/** The form's settings: preset, strategy, seeds, and others by name. */
import { h } from "../dom.js";
import { ExplainedSelect } from "../definitions.js";
import { overridesOf, seedsOf } from "./link.js";

const presetWords = {
  smoke: "smoke: see everything work in a minute",
  quick: "quick: a real search, in minutes on a graphics card",
  sized: "sized for this device: measured for a minute",
};

export class SearchSettings {
  /** @param {object} catalogue what can be chosen; @param {URLSearchParams} link settings of a link */
  constructor(catalogue, link) {
    this.catalogue = catalogue;
    const { spaces, strategies, evaluators, presets } = catalogue;
    const wanted = (name, fallback) => link.get(name) ?? fallback;
    const select = (label, name, options, fallback) => {
      const one = new ExplainedSelect(label, name, options, () => this.#explain());
      if (options.some(([value]) => value === fallback)) one.input.value = fallback;
      return one;
    };
    const named = (all) => [["", "as preset"], ...all.map(({ name }) => [name])];
    this.mode = select(
      "Search space",
      "mode",
      spaces.map(({ name }) => [name]),
      wanted("mode", "micro"),
    );
    this.preset = select(
      "Preset",
      "preset",
      [...presets, "sized"].map((name) => [name, presetWords[name]]),
      wanted("preset", "quick"),
    );
    this.strategy = select("Strategy", "strategy", named(strategies), wanted("strategy", ""));
    this.evaluator = select("Evaluator", "evaluator", named(evaluators), wanted("evaluator", ""));
    const input = (label, name, properties) => {
      const field = h("input", { name, ...properties });
      if (link.has(name)) field.value = link.get(name);
      return [field, h("label", {}, h("span", {}, label), field)];
    };
    const [epochs, epochsLabel] = input("Epochs", "epochs", {
      inputmode: "numeric",
      placeholder: "as preset",
    });
    const [seeds, seedsLabel] = input("Seeds", "seeds", { placeholder: "1, or 1, 2, 3" });
    const [more, moreLabel] = input("Other settings", "set", {
      placeholder: "batch=32 optimizer.lrMax=0.1",
      autocomplete: "off",
    });
    const [minutes, minutesLabel] = input("Minutes it may take", "minutes", {
      inputmode: "numeric",
      value: "5",
    });
    Object.assign(this, { epochs, seeds, more, minutes, minutesLabel });
    this.#explain();
    this.element = h(
      "div",
      {},
      h("div", { class: "fields" }, this.mode.element, this.preset.element, minutesLabel),
      this.details = h(
        "details",
        { open: link.size > 0 },
        h("summary", {}, "More settings"),
        h(
          "div",
          { class: "fields" },
          this.strategy.element,
          this.evaluator.element,
          epochsLabel,
          seedsLabel,
          moreLabel,
        ),
      ),
    );
  }

  #explain() {
    const { spaces, strategies, evaluators } = this.catalogue;
    const summary = (all, { value }) => all.find(({ name }) => name === value)?.summary ?? "";
    const space = spaces.find(({ name }) => name === this.mode.value);
    this.mode.explain(space.summary);
    for (const option of this.preset.input.options) {
      option.disabled = option.value !== "sized" && !space.presets.includes(option.value);
    }
    if (this.preset.input.selectedOptions[0]?.disabled) this.preset.input.value = space.presets[0];
    this.minutesLabel.hidden = this.preset.value !== "sized";
    this.strategy.explain(summary(strategies, this.strategy));
    this.evaluator.explain(summary(evaluators, this.evaluator));
  }

  /** Whether the settings are to be measured first. */
  get isSized() {
    return this.preset.value === "sized";
  }

  /** The order for the worker. @throws Error naming the field that cannot be read. */
  order() {
    const overrides = overridesOf({
      strategy: this.strategy.value,
      evaluator: this.evaluator.value,
      epochs: this.epochs.value,
      set: this.more.value,
    });
    const seeds = seedsOf(this.seeds.value);
    return { mode: this.mode.value, preset: this.preset.value, seeds, overrides };
  }

  /** The minutes for which a search is sized. */
  get minutesWanted() {
    return Number(this.minutes.value);
  }

  /** Forgets what an earlier measurement filled in. */
  unsize() {
    this.more.value = this.more.value.replace(/\btrainImages=\S*\s*/g, "");
  }

  /** Takes over measured settings, shown. */
  fill({ preset, overrides: { epochs, trainImages } }) {
    this.preset.input.value = preset;
    this.epochs.value = epochs ?? "";
    if (trainImages) this.more.value = `${this.more.value} trainImages=${trainImages}`.trim();
    this.details.open = true;
    this.#explain();
  }
}
