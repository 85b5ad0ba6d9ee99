/** The first page: pictures in, settings, one button. */
import { announce, h, setText } from "../dom.js";
import { count, duration } from "../format.js";
import { SearchSettings } from "./search_settings.js";
import { chosenFiles, droppedFiles, previewOf } from "./pictures.js";

export class StartView {
  #unlisten = () => {};
  /** Number of readings of pictures that were begun: only the last one counts. */
  #readings = 0;

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
    this.settings = new SearchSettings(this.catalogue, this.wanted);
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
      this.settings.element,
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
    const mine = ++this.#readings;
    setText(this.status, "Reading …");
    this.problem.hidden = true;
    this.button.disabled = true;
    try {
      const data = await reading;
      if (!data || mine !== this.#readings) return;
      setText(this.status, "");
      this.preview.replaceChildren(previewOf(data));
      this.button.disabled = false;
      announce(`${count(data.train)} pictures of ${data.classes.length} classes`, true);
    } catch (error) {
      if (mine !== this.#readings) return; // Ended by the one that followed.
      setText(this.status, "");
      this.preview.replaceChildren();
      this.#fail(error);
    }
  }

  async #submit(event) {
    event.preventDefault();
    this.button.disabled = true;
    this.problem.hidden = true;
    try {
      if (this.settings.isSized) return await this.#size();
      // Asked within the click: some browsers ask the user.
      await navigator.storage?.persist?.().catch(() => false);
      this.started(await this.engine.ask("search", this.settings.order()));
    } catch (error) {
      setText(this.status, "");
      this.#fail(error);
      this.button.disabled = false;
    }
  }

  /** Fills the form with settings that fit the device, and says what was found. */
  async #size() {
    setText(this.status, "Measuring this device, for a minute at most …");
    this.settings.unsize();
    try {
      const sized = await this.engine.ask(
        "size",
        this.settings.order(),
        this.settings.minutesWanted,
      );
      this.settings.fill(sized);
      const { preset, overrides, seconds } = sized;
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
