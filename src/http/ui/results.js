/** Results of a retraining, and the files of any run. */
import { mapTable, paint } from "./controller.js";
import { h, panel } from "./dom.js";
import { bytes, count, percent } from "./format.js";

export class ResultsPanel {
  constructor(model) {
    this.model = model;
    this.place = h(
      "div",
      { class: "results" },
      h(
        "p",
        { class: "empty" },
        model.run.config?.evalTestEachEpoch
          ? "The test images are looked at after every epoch; the figures of the end come here."
          : "The test images are read once, at the end.",
      ),
    );
    this.element = panel("Test", {
      class: "results-panel",
      aside: h("p", { class: "note" }, "Accuracy on the test images"),
    }, this.place);
  }

  draw() {
    const { done, start } = this.model;
    if (!done || done.testAccuracy === undefined) return;
    const classes = start?.data?.classes ?? [];
    const name = (i) => classes[i] ?? `class ${i}`;
    const what = done.multiLabel ? "every label of an image right" : "test accuracy";
    const figures = [
      [percent(done.testAccuracy), `${what}, ${count(start?.data?.test)} images`],
      ...done.multiLabel
        ? [
          [share(done.multiLabel.meanAveragePrecision), "mean average precision"],
          [percent(done.multiLabel.constantMatch), "a constant answer at best"],
        ]
        : [],
      ...done.best ? [[percent(done.best.testAccuracy), bestWords(done.best)]] : [],
    ];
    this.place.replaceChildren(
      ...figures.map(([value, text]) =>
        h("p", { class: "big" }, value, h("span", { class: "note" }, ` ${text}`))
      ),
      ...done.confusion ? [confusionTable(done.confusion, name)] : [],
      ...done.multiLabel ? [labelTable(done.multiLabel.classes, name)] : [],
    );
  }
}

/** Caption of the best weights' figure; the other figures are of the last weights. */
const bestWords = ({ epoch, validAccuracy }) =>
  `with the weights of epoch ${epoch}, the best in validation (${percent(validAccuracy)}); ` +
  "the other figures are of the last weights";

const share = (value) => value === null ? "–" : percent(value);

function confusionTable(confusion, name) {
  const rows = confusion.map((row, i) => {
    const total = row.reduce((a, b) => a + b, 0) || 1;
    return [
      name(i),
      ...row.map((n, j) => painted(n / total, String(n), `${name(i)} taken for ${name(j)}`)),
      h("td", { class: "plain" }, percent(row[i] / total)),
    ];
  });
  const heads = confusion.map((_, j) => name(j));
  return mapTable("Confusion: rows are true classes, columns predictions", [
    "True",
    ...heads,
    "Correct",
  ], rows);
}

function labelTable(classes, name) {
  const rows = classes.map(({ positives, precision, recall, f1, averagePrecision }, i) => [
    name(i),
    h("td", { class: "plain" }, count(positives)),
    ...[precision, recall, f1, averagePrecision].map((v) =>
      v === null ? null : painted(v, percent(v))
    ),
  ]);
  return mapTable(
    "Classes",
    ["Class", "Images", "Precision", "Recall", "F1", "Average precision"],
    rows,
  );
}

function painted(value, text, title) {
  const cell = h("td", { title });
  paint(cell, value, text);
  return cell;
}

/** Links to the run's files. */
export function downloadsPanel(id, source) {
  const list = h("ul", { class: "files" });
  const element = panel("Files", { class: "files-panel" }, list);
  const refresh = async () => {
    try {
      const { artifacts } = await source.artifacts(id);
      list.replaceChildren(
        ...artifacts.map(({ name, bytes: size }) =>
          h(
            "li",
            {},
            h("a", source.file(id, name), name),
            h("span", { class: "note" }, bytes(size)),
          )
        ),
      );
    } catch (error) {
      list.replaceChildren(h("li", { class: "note" }, error.message));
    }
  };
  refresh();
  return { element, refresh };
}
