/** Filters of the trial table. */
import { h, throttled } from "./dom.js";

/**
 * @param {object} view `on`, `minScore` and `q` are changed in place, then `changed` is called
 * @param {object} words from `scoreWords`; @param {(trial: number) => void} open shows a trial
 */
export function trialFilters(view, words, changed, open) {
  const later = throttled(300, changed);
  const field = (label, control) => h("label", {}, h("span", {}, label), control);
  const on = h(
    "select",
    {
      onchange: () => {
        view.on = on.value;
        changed();
      },
    },
    h("option", { value: "" }, "all"),
    ...Object.entries(words.on).map(([value, text]) => h("option", { value }, text)),
  );
  const minimum = h("input", {
    type: "number",
    step: "any",
    placeholder: "any",
    oninput: () => {
      const { value, valueAsNumber } = minimum;
      view.minScore = value === ""
        ? ""
        : String(words.percent ? valueAsNumber / 100 : valueAsNumber);
      later();
    },
  });
  const search = h("input", {
    type: "search",
    placeholder: "part of its key",
    oninput: () => {
      view.q = search.value.trim();
      later();
    },
  });
  const number = h("input", { type: "number", min: "0", step: "1", placeholder: "number" });
  const jump = (e) => {
    e.preventDefault();
    if (number.value !== "") open(number.valueAsNumber);
  };
  return h(
    "form",
    { class: "filters", onsubmit: jump },
    field("Scored on", on),
    field(`Score at least${words.percent ? ", %" : ""}`, minimum),
    field("Find", search),
    field("Open trial", number),
    h("button", { type: "submit", class: "unseen" }, "Open trial"),
  );
}
