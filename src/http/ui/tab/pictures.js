/** Dropping pictures: files and folders as a list of paths, and a preview of what will be trained on. */
import { h } from "../dom.js";
import { count } from "../format.js";

/** Files and folders of a drop, each file with its path. Call within the event. */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return chosenFiles(transfer.files);
  const found = [];
  for (const entry of entries) await collect(entry, "", found);
  return found;
}

/** Files of a file input; those of a folder have a path. */
export const chosenFiles = (files) =>
  [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

async function collect(entry, folder, found) {
  const path = folder ? `${folder}/${entry.name}` : entry.name;
  if (entry.isFile) {
    found.push({ path, file: await new Promise((done, failed) => entry.file(done, failed)) });
    return;
  }
  const reader = entry.createReader();
  // A folder is listed in parts of about a hundred.
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return;
    for (const inner of some) await collect(inner, path, found);
  }
}

/** @param {object} data what the worker tells of the images */
export function previewOf({ name, classes, counts, size, train, valid, test, notes, pictures }) {
  const [height, width, channels] = size;
  const rows = classes.slice(0, 24).map((label, i) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, label),
      h("td", { class: "number" }, count(counts[i])),
      h(
        "td",
        { class: "thumbs" },
        ...pictures.filter((picture) => picture.label === i).map(({ rgba }) => {
          const canvas = h("canvas", {
            width,
            height,
            role: "img",
            "aria-label": `Picture of ${label}`,
          });
          canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
          return canvas;
        }),
      ),
    )
  );
  const more = classes.length > 24 ? `, of which 24 are shown` : "";
  return h(
    "div",
    { class: "preview" },
    h(
      "p",
      {},
      h("strong", {}, name),
      `: ${count(classes.length)} classes${more}; ${count(train)} pictures to train on, ${
        count(valid)
      } to ` +
        `choose by, ${count(test)} to test; ${height} × ${width}, ${
          channels === 1 ? "grey" : "colour"
        }`,
    ),
    ...notes.slice(0, 5).map((note) => h("p", { class: "note" }, note)),
    notes.length > 5 && h("p", { class: "note" }, `and ${notes.length - 5} more notes`),
    h(
      "div",
      { class: "map-scroll", tabindex: "0", role: "group", "aria-label": "Classes, scrollable" },
      h(
        "table",
        { class: "compare-table" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...["Class", "Training", "As they are trained on"].map((text) =>
              h("th", { scope: "col" }, text)
            ),
          ),
        ),
        h("tbody", {}, ...rows),
      ),
    ),
  );
}
