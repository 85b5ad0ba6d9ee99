/** What a retraining ends with, and the files of any run. */
import { api, paths } from "./api.js";
import { mapTable, paint } from "./controller.js";
import { h, panel } from "./dom.js";
import { bytes, count, percent, scoreKinds } from "./format.js";

export class ResultsPanel {
  constructor(model) {
    this.model = model;
    this.place = h(
      "div",
      { class: "results" },
      h("p", { class: "empty" }, "The test images are read once, at the end."),
    );
    this.element = panel("Test", {
      class: "results-panel",
      aside: h("p", { class: "note" }, scoreKinds.test),
    }, this.place);
  }

  draw() {
    const { done, start } = this.model;
    if (!done || done.testAccuracy === undefined) return;
    const classes = start?.data?.classes ?? [];
    const name = (i) => classes[i] ?? `class ${i}`;
    const parts = [
      h(
        "p",
        { class: "big" },
        percent(done.testAccuracy),
        h("span", { class: "note" }, ` test accuracy, ${count(start?.data?.test)} images`),
      ),
    ];
    if (done.confusion) {
      const rows = done.confusion.map((row, i) => {
        const total = row.reduce((a, b) => a + b, 0) || 1;
        return [
          name(i),
          ...row.map((n, j) => {
            const cell = h("td", { title: `${name(i)} taken for ${name(j)}` });
            paint(cell, n / total, String(n));
            return cell;
          }),
          h("td", { class: "plain" }, percent(row[i] / total)),
        ];
      });
      const heads = done.confusion.map((_, j) => name(j));
      parts.push(
        mapTable("Confusion: rows are true classes, columns predictions", [
          "True",
          ...heads,
          "Correct",
        ], rows),
      );
    }
    this.place.replaceChildren(...parts);
  }
}

/** A list of the run's files. */
export function downloadsPanel(id) {
  const list = h("ul", { class: "files" });
  const element = panel("Files", { class: "files-panel" }, list);
  const refresh = async () => {
    try {
      const { artifacts } = await api.artifacts(id);
      list.replaceChildren(
        ...artifacts.map(({ name, bytes: size }) =>
          h(
            "li",
            {},
            h("a", { href: paths.artifact(id, name), download: `${id}-${name}` }, name),
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
