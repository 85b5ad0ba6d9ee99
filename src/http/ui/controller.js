/** The controller: entropy and baseline over epochs, and its probabilities at every decision. */
import { h, panel, setText, throttled } from "./dom.js";
import { fixed } from "./format.js";
import { Plot } from "./plot.js";
import { figure, roundFigure, scoreWords } from "./scores.js";

export class ControllerPanel {
  #signature = null;
  #cells = [];

  constructor(model) {
    this.model = model;
    const unit = () => scoreWords(model.run).unit ?? "fraction";
    const reward = this.reward = (v) => figure(v, unit());
    this.plot = new Plot({
      label: "Entropy of the policy and reward baseline over epochs",
      x: "epoch",
      format: (v) => fixed(v, v >= 10 ? 0 : 1),
      right: (v) => roundFigure(v, unit()),
      series: [
        { label: "Entropy", colour: "--series-4", format: (v) => `${fixed(v, 2)} nat` },
        { label: "Mean reward", colour: "--series-2", format: reward, scale: "right" },
        { label: "Baseline", colour: "--series-3", format: reward, scale: "right", dash: [5, 4] },
      ],
    });
    this.maps = h(
      "div",
      { class: "maps" },
      h("p", { class: "empty" }, "Probabilities appear after the first epoch."),
    );
    this.note = h("p", { class: "note" });
    this.element = panel(
      "Controller",
      { class: "controller-panel", aside: this.note },
      h("div", { class: "controller" }, this.plot.element, this.maps),
    );
    this.update = throttled(500, () => this.draw());
  }

  draw() {
    const { controller, probabilities, probabilityIds, run } = this.model;
    const { entropy, baseline, reward } = controller.columns;
    const last = controller.last;
    this.plot.setData(
      [controller.x.map((epoch) => epoch + 1), entropy, reward, baseline],
      last
        ? `entropy ${fixed(last.entropy, 2)}, baseline ${this.reward(last.baseline)}`
        : "no epoch yet",
    );
    const decisions = run.decisions;
    if (!probabilities || !decisions?.length) return;
    setText(this.note, `Probability of each option in %, epoch ${controller.x.at(-1) + 1}`);
    const ids = probabilityIds ?? decisions.map((d) => d.id);
    this.#drawMaps(decisions, new Map(ids.map((id, i) => [id, probabilities[i]])));
  }

  /** The tables are built once; afterwards only their cells change. */
  #drawMaps(decisions, probabilities) {
    const signature = decisions.map((d) => d.id).join("|");
    if (signature !== this.#signature) {
      this.#signature = signature;
      this.#cells = [];
      this.maps.replaceChildren(
        ...this.#optionMap("Operations", decisions, "op"),
        ...this.#optionMap("Inputs", decisions, "input"),
        ...this.#optionMap("Numbers", decisions, "number"),
        ...this.#skipMap(decisions),
      );
    }
    for (const { cell, decision, option } of this.#cells) {
      paint(cell, probabilities.get(decision)?.[option]);
    }
  }

  /** Rows are decisions, columns options. */
  #optionMap(title, decisions, kind) {
    const rows = decisions.filter((d) => d.kind === kind);
    if (!rows.length) return [];
    const longest = rows.reduce((a, b) => b.options > a.options ? b : a);
    const labels = longest.labels ?? Array.from({ length: longest.options }, (_, i) => String(i));
    return [mapTable(
      title,
      ["Decision", ...labels],
      rows.map((row) => [
        shortName(row.name, kind),
        ...labels.map((_, option) =>
          option < row.options ? this.#cell(row.id, option, `${row.name}: ${labels[option]}`) : null
        ),
      ]),
    )];
  }

  /** Rows are layers, columns what they may read: the probability of connecting. */
  #skipMap(decisions) {
    const skips = decisions.filter((d) => d.kind === "skip");
    if (!skips.length) return [];
    const byNode = Map.groupBy(skips, (d) => d.node);
    const width = Math.max(...[...byNode.values()].map((row) => row.length));
    const head = Array.from({ length: width }, (_, j) => j === 0 ? "stem" : String(j - 1));
    const rows = [...byNode].map(([node, row]) => [
      `layer ${node}`,
      ...head.map((_, j) => row[j] ? this.#cell(row[j].id, row[j].options - 1, row[j].name) : null),
    ]);
    return [mapTable("Skip connections", ["To \\ from", ...head], rows)];
  }

  #cell(decision, option, name) {
    const cell = h("td", { title: name });
    this.#cells.push({ cell, decision, option });
    return cell;
  }

  destroy() {
    this.update.cancel();
    this.plot.destroy();
  }
}

const shortName = (name, kind) => {
  const text = name.replace(kind === "op" ? /,? operation$/ : /,? input$/, "");
  return text.replace(" cell, block ", " · ").replace(", ", " · ");
};

/** A table with coloured cells; null leaves a cell empty. */
export function mapTable(title, head, rows) {
  return h(
    "div",
    { class: "map-scroll", tabindex: "0", role: "group", "aria-label": `${title}, scrollable` },
    h(
      "table",
      { class: "map" },
      h("caption", {}, title),
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
      h(
        "tbody",
        {},
        ...rows.map(([name, ...cells]) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, name),
            ...cells.map((cell) => cell ?? h("td", { class: "hole" })),
          )
        ),
      ),
    ),
  );
}

/** @param {number} share 0 … 1, sets the colour; @param {string} [text] default: the share in hundredths */
export function paint(cell, share, text) {
  if (share === undefined) return;
  const hundredths = Math.round(share * 100);
  setText(cell, text ?? String(hundredths));
  cell.style.setProperty("--p", `${Math.min(100, hundredths)}%`);
  cell.classList.toggle("strong", hundredths > 50);
}
