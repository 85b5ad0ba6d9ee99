/** Panel with the lineage of a search: the server's drawing, fetched again as trials come. */
import { panel, throttled } from "./dom.js";
import { Drawing } from "./network.js";

const refreshEvery = 5000;

export class LineagePanel {
  #abort = new AbortController();

  /** @param {RunModel} model; @param {{key: string, svg: Function}} lineage of the run, drawn by the server */
  constructor(model, lineage) {
    this.model = model;
    this.lineage = lineage;
    this.drawing = new Drawing("Lineage", "Nothing scored yet.");
    this.element = panel("Lineage", { class: "lineage-panel" }, this.drawing.element);
    this.element.hidden = true;
    this.update = throttled(refreshEvery, () => this.#show());
    this.update();
  }

  async #show() {
    try {
      const text = await this.lineage.svg(this.#abort.signal);
      // Without trials that were made from others there is no lineage.
      this.element.hidden = text === "";
      if (text === "") return;
      const key = `${this.lineage.key}#${this.model.trialCount}`;
      this.drawing.show({ key, svg: () => Promise.resolve(text) });
    } catch (error) {
      if (error.name === "AbortError") return;
      this.element.hidden = false;
      this.drawing.fail(error, () => this.#show());
    }
  }

  destroy() {
    this.#abort.abort();
    this.update.cancel();
  }
}
