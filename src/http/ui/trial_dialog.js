/** Dialog of one trial: its drawing, figures, the command that retrains it, and downloads. */
import { copyButton, h } from "./dom.js";
import { count } from "./format.js";
import { Drawing } from "./network.js";
import { outline } from "./outline.js";
import { outcome, scoreWords } from "./scores.js";

/** Headings of an architecture's texts. */
const textNames = { tree: "Derivation tree", term: "Term", nb201: "NAS-Bench-201 string" };

/** Trials whose weights this one's network began with. */
function donorsOf({ inherit = [] }) {
  const donors = [...new Set(inherit.flatMap(({ donors }) => donors))].sort((a, b) => a - b);
  return donors.length ? `trial ${donors.join(", ")}` : "–";
}

/**
 * @param {object} source of the run; @param {object} run as `GET /runs/:id` gives it; @param {number} number of the trial; @param {() => void}
 * closed
 */
export function openTrial(source, { id: run, ...about }, number, closed) {
  const words = scoreWords(about);
  const drawing = new Drawing(`Network of trial ${number}`, "Drawing …");
  const numbers = h("dl", { class: "numbers" });
  const command = h("div", { class: "command" });
  const hierarchy = h("div", { class: "texts" });
  const links = h("p", { class: "downloads" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const heading = h("h2", { id: "trial-heading", tabindex: "-1" }, `Trial ${number}`);
  const dialog = h(
    "dialog",
    { class: "trial-dialog", "aria-labelledby": "trial-heading" },
    h(
      "header",
      {},
      heading,
      h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Close"),
    ),
    problem,
    h(
      "div",
      { class: "trial-body" },
      drawing.element,
      h("div", {}, numbers, command, hierarchy, links),
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed();
  });
  // A click beside the dialog closes it.
  dialog.addEventListener("click", (e) => e.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  heading.focus();
  fill().catch((error) => {
    problem.hidden = false;
    problem.textContent = error.message;
  });
  return dialog;

  async function fill() {
    const trial = await source.trial(run, number);
    drawing.show(source.drawing(run, number));
    const rows = [
      ["Score", outcome(trial, words.unit), trial.reason ?? words.note],
      [
        "Rank",
        (trial.status ?? "ok") === "ok" ? String(trial.rank) : "–",
        `among those scored on ${words.on[trial.on]}`,
      ],
      ["Epoch", String(trial.epoch + 1)],
      ["Made from", trial.parents ? `trial ${trial.parents.join(", ")}` : "–"],
      ["Trained for", trial.trainedEpochs ? `${trial.trainedEpochs} epochs` : "–"],
      ["Weights of", donorsOf(trial), `in ${trial.inherit?.length} slots`],
      ["Parameters", count(trial.parameters), "of the network a retraining builds"],
      ["Multiply-adds", count(trial.macs), "for one image"],
      ["Choices", trial.choice.join(" ")],
    ].filter(([, value]) => value !== "–");
    numbers.append(...rows.flatMap(([name, value, note]) => [
      h("dt", {}, name),
      h(
        "dd",
        name === "Choices" ? { class: "choices", tabindex: "0" } : {},
        value,
        note && h("span", { class: "note" }, note),
      ),
    ]));
    if (trial.command) {
      command.append(
        h("h3", {}, "Retrain it"),
        h("p", { class: "note" }, "From scratch: gives its own accuracy."),
        h("code", { tabindex: "0" }, trial.command),
        copyButton(() => trial.command),
      );
    }
    if (trial.outline.length > 0) {
      hierarchy.append(outline(trial.outline, "Derivation"));
    }
    hierarchy.append(
      ...Object.entries(trial.texts).map(([name, text]) =>
        h(
          "div",
          { class: "command" },
          h("h3", {}, textNames[name] ?? name),
          h("code", { tabindex: "0" }, text),
          copyButton(() => text),
        )
      ),
    );
    links.append(
      h("a", {
        class: "button primary",
        ...source.retrain(run, number),
        onclick: () => dialog.close(),
      }, "Retrain it here"),
      h("a", {
        class: "button",
        ...source.trialFile(run, number, "json"),
      }, `trial-${number}.json`),
      h("a", {
        class: "button",
        ...source.trialFile(run, number, "svg"),
      }, "SVG"),
    );
  }
}
