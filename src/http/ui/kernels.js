/** The model of a search: the weights of its kernels over trials. */
import { h, panel, throttled } from "./dom.js";
import { fixed, percent } from "./format.js";
import { Plot } from "./plot.js";

/** Colours of the lines; further lines repeat them, dashed. */
const colours = ["--series-1", "--series-2", "--series-3", "--series-4"];

export class KernelPanel {
  #plot = null;

  constructor(model) {
    this.model = model;
    this.place = h("div");
    this.element = panel(
      "Kernel weights",
      {
        class: "kernel-panel",
        aside: h("p", { class: "note" }, "Of the model that chose a trial"),
      },
      this.place,
    );
    this.update = throttled(500, () => this.draw());
  }

  /** Nothing is shown for a model with a single kernel, whose weight is always 1. */
  draw() {
    const { x, columns, last } = this.model.kernels;
    const names = Object.keys(columns);
    this.element.hidden = x.length === 0 || names.length < 2;
    if (this.element.hidden) return;
    if (!this.#plot) this.place.append((this.#plot = plotOf(names)).element);
    const summary = names.map((name) => `${name} ${percent(last[name])}`).join(", ");
    this.#plot.setData([x, ...Object.values(columns)], summary);
  }

  destroy() {
    this.update.cancel();
    this.#plot?.destroy();
  }
}

const plotOf = (names) =>
  new Plot({
    label: "Weights of the kernels over trials",
    x: "trial",
    format: (v) => fixed(v, 2),
    range: [0, null],
    series: names.map((label, i) => ({
      label,
      colour: colours[i % colours.length],
      dash: i < colours.length ? undefined : [5, 4],
      format: (v) => fixed(v, 2),
    })),
  });
