/** The first page: pictures in, settings, one button. */
import { announce, h, setText } from "../dom.js";
import { ExplainedSelect } from "../definitions.js";
import { count, duration } from "../format.js";
import { chosenFiles, droppedFiles, previewOf } from "./pictures.js";

const presetWords = {
  smoke: "smoke: see everything work in a minute",
  quick: "quick: a real search, in minutes on a graphics card",
  sized: "sized for this device: measured for a minute",
};

export class StartView {
  #unlisten = () => {};

  /**
   * @param {HTMLElement} place; @param {import("./engine.js").Engine} engine; @param {URLSearchParams} wanted
   * settings of a link; @param {(id: string) => void} started
   */
  constructor(place, engine, wanted, started) {
    Object.assign(this, { place, engine, wanted, started });
  }

  async open() {
    this.catalogue = await this.engine.ask("catalogue");
    this.#build();
    this.#unlisten = this.engine.listen(({ notice, done, total }) => {
      if (notice === "pictures") {
        setText(this.status, `${count(done)} of ${count(total)} pictures read`);
      }
    });
  }

  close() {
    this.#unlisten();
  }

  #build() {
    this.status = h("p", { class: "note", role: "status" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.preview = h("div");
    this.button = h("button", { class: "primary", type: "submit", disabled: true }, "Search");
    const form = h(
      "form",
      { class: "panel start-form", novalidate: true, onsubmit: (e) => this.#submit(e) },
      h("h1", {}, "Find a network for your pictures"),
      h(
        "p",
        { class: "note" },
        "The search runs on this device, in this tab. Nothing you drop leaves it.",
      ),
      this.#dropZone(),
      this.status,
      this.preview,
      this.#settings(),
      this.problem,
      h("p", { class: "actions" }, this.button),
    );
    this.place.replaceChildren(form);
  }

  #dropZone() {
    const picker = (label, properties) => {
      const input = h("input", {
        type: "file",
        multiple: true,
        class: "unseen",
        "aria-label": label,
        ...properties,
        onchange: () => this.#take(chosenFiles(input.files)),
      });
      return [
        h("button", { type: "button", onclick: () => input.click() }, label),
        input,
      ];
    };
    const { sets } = this.catalogue;
    const zone = h(
      "div",
      {
        class: "drop",
        ondragover: (e) => {
          e.preventDefault();
          zone.classList.add("over");
        },
        ondragleave: () => zone.classList.remove("over"),
        ondrop: (e) => {
          e.preventDefault();
          zone.classList.remove("over");
          this.#read(droppedFiles(e.dataTransfer).then((files) => this.#ask(files)));
        },
      },
      h("p", {}, "Drop a folder of pictures here: one folder inside it for each class."),
      h(
        "p",
        { class: "note" },
        "Also: labels.csv beside the pictures, a zip archive, a run of denas.",
      ),
      h(
        "p",
        { class: "actions" },
        ...picker("Choose a folder", { webkitdirectory: true }),
        ...picker("Choose a zip file", { accept: ".zip" }),
        ...sets.map(({ name, title }) =>
          h("button", {
            type: "button",
            class: "quiet",
            "data-set": name,
            onclick: () => this.#read(this.engine.ask("beside", name)),
          }, title)
        ),
        h("button", {
          type: "button",
          class: "quiet",
          onclick: () => this.#read(this.engine.ask("madeUp", 16, 1, 256)),
        }, "Try it with made-up pictures"),
      ),
    );
    this.side = h(
      "select",
      { name: "side" },
      h("option", { value: "" }, "by their size"),
      ...[16, 32, 48, 64, 96, 128].map((n) => h("option", { value: n }, `${n} × ${n}`)),
    );
    return h(
      "div",
      {},
      zone,
      h("div", { class: "fields" }, h("label", {}, h("span", {}, "Pictures become"), this.side)),
    );
  }

  #ask(files) {
    // An exported run is taken up as it is.
    const isRun = files.some(({ path }) => /(^|\/)state\.json$/.test(path));
    if (isRun) return this.#import(files);
    const side = this.side.value === "" ? undefined : Number(this.side.value);
    return this.engine.ask("drop", files, side).catch((error) => {
      if (files.length === 1 && /\.zip$/i.test(files[0].path)) {
        return this.#import(files).catch(() => Promise.reject(error));
      }
      throw error;
    });
  }

  async #import(files) {
    this.started(await this.engine.ask("importRun", files));
    return null;
  }

  #take(files) {
    if (files.length) this.#read(this.#ask(files));
  }

  async #read(reading) {
    setText(this.status, "Reading …");
    this.problem.hidden = true;
    this.button.disabled = true;
    try {
      const data = await reading;
      if (!data) return;
      setText(this.status, "");
      this.preview.replaceChildren(previewOf(data));
      this.button.disabled = false;
      announce(`${count(data.train)} pictures of ${data.classes.length} classes`, true);
    } catch (error) {
      setText(this.status, "");
      this.preview.replaceChildren();
      this.#fail(error);
    }
  }

  #settings() {
    const { spaces, strategies, evaluators, presets } = this.catalogue;
    const wanted = (name, fallback) => this.wanted.get(name) ?? fallback;
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
      if (this.wanted.has(name)) field.value = this.wanted.get(name);
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
    return h(
      "div",
      {},
      h("div", { class: "fields" }, this.mode.element, this.preset.element, minutesLabel),
      this.details = h(
        "details",
        { open: this.wanted.size > 0 },
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
    if (this.minutesLabel) this.minutesLabel.hidden = this.preset.value !== "sized";
    this.strategy?.explain(summary(strategies, this.strategy));
    this.evaluator?.explain(summary(evaluators, this.evaluator));
  }

  /** The order for the worker. @throws Error naming the field that cannot be read. */
  #order() {
    const overrides = {};
    if (this.strategy.value) overrides.strategy = this.strategy.value;
    if (this.evaluator.value) overrides.evaluator = this.evaluator.value;
    if (this.epochs.value.trim()) overrides.epochs = Number(this.epochs.value);
    for (const word of this.more.value.split(/\s+/).filter(Boolean)) {
      const [name, ...rest] = word.split("=");
      if (!rest.length) throw new Error(`Cannot read ${word}: expected name=value`);
      const text = rest.join("=");
      try {
        overrides[name] = JSON.parse(text);
      } catch {
        overrides[name] = text;
      }
    }
    const seeds = (this.seeds.value.trim() || "1").split(/[\s,]+/).map(Number);
    return { mode: this.mode.value, preset: this.preset.value, seeds, overrides };
  }

  async #submit(event) {
    event.preventDefault();
    this.button.disabled = true;
    this.problem.hidden = true;
    try {
      if (this.preset.value === "sized") return await this.#size();
      // Asked within the click: some browsers ask the user.
      await navigator.storage?.persist?.().catch(() => false);
      this.started(await this.engine.ask("search", this.#order()));
    } catch (error) {
      setText(this.status, "");
      this.#fail(error);
      this.button.disabled = false;
    }
  }

  /** Fills the form with settings that fit the device, and says what was found. */
  async #size() {
    setText(this.status, "Measuring this device, for a minute at most …");
    this.more.value = this.more.value.replace(/\btrainImages=\S*\s*/g, "");
    try {
      const { preset, overrides, seconds } = await this.engine.ask(
        "size",
        this.#order(),
        Number(this.minutes.value),
      );
      this.preset.input.value = preset;
      this.epochs.value = overrides.epochs ?? "";
      if (overrides.trainImages) {
        this.more.value = `${this.more.value} trainImages=${overrides.trainImages}`.trim();
      }
      this.details.open = true;
      this.#explain();
      const words = seconds === null
        ? `This device needs more than a minute for the first steps of ${preset}, the smallest preset.`
        : `With ${preset} and ${overrides.epochs} epochs a search takes about ${
          duration(seconds)
        } here, ` +
          `and about a minute more where kernels are compiled first.`;
      setText(this.status, `${words} Search starts it.`);
      announce(words);
    } finally {
      this.button.disabled = false;
    }
  }

  #fail({ message }) {
    this.problem.hidden = false;
    setText(this.problem, message);
  }
}
