/** The button that changes the theme: as the system has it, light, dark. */
import { setText } from "./dom.js";

const themes = ["system", "light", "dark"];

const current = () => document.documentElement.dataset.theme ?? "system";

/** Pages from a disk may not keep anything. */
function keep(theme) {
  try {
    if (theme === "system") localStorage.removeItem("denas.theme");
    else localStorage.setItem("denas.theme", theme);
  } catch {
    // The choice holds until the page is closed.
  }
}

/** @param {HTMLElement} button; @param {() => void} changed draws anew what has its colours from the theme */
export function themeButton(button, changed) {
  const set = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    keep(theme);
    setText(button, `Theme: ${theme}`);
    changed();
  };
  button.addEventListener("click", () => set(themes[(themes.indexOf(current()) + 1) % 3]));
  set(current());
}
