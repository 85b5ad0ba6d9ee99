/** A hierarchy as nested lists that fold to any level. */
import { h, setAttribute } from "./dom.js";

/**
 * @param {{ label: string, level: number }[]} rows in reading order
 * @param {string} name for screen readers
 */
export function outline(rows, name) {
  const list = h("ul", { class: "outline" });
  const folds = [];
  const lists = [list];
  rows.forEach(({ label, level }, i) => {
    const inner = (rows[i + 1]?.level ?? 0) > level;
    if (!inner) return lists[level].append(h("li", {}, label));
    const below = h("ul");
    const details = h("details", {}, h("summary", {}, label), below);
    folds.push({ details, level });
    lists[level].append(h("li", {}, details));
    lists[level + 1] = below;
  });
  const deepest = Math.max(0, ...folds.map(({ level }) => level));
  const buttons = Array.from({ length: deepest + 1 }, (_, level) =>
    h("button", {
      type: "button",
      class: "quiet small",
      "aria-label": `Unfold down to level ${level}`,
      onclick: () => unfold(level),
    }, String(level)));
  unfold(0);
  return h(
    "section",
    { class: "hierarchy", "aria-label": name },
    h(
      "header",
      {},
      h("h3", {}, name),
      h("div", { class: "levels", role: "group", "aria-label": "Levels" }, "Level ", ...buttons),
    ),
    h("div", { class: "outline-stage", tabindex: "0", role: "group", "aria-label": name }, list),
  );

  /** Opens what is at this level or above it, and closes the rest. */
  function unfold(wanted) {
    for (const { details, level } of folds) details.open = level <= wanted;
    buttons.forEach((button, level) => setAttribute(button, "aria-pressed", `${level === wanted}`));
  }
}
