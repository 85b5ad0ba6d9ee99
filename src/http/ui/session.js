/** The form that asks for the token, when the server requires one. */
import { api } from "./api.js";
import { h } from "./dom.js";

/** @param {() => void} accepted */
export function tokenForm(accepted) {
  const token = h("input", {
    type: "password",
    name: "token",
    required: true,
    autocomplete: "current-password",
    "aria-describedby": "token-help",
  });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", { class: "primary", type: "submit" }, "Open");
  const form = h(
    "form",
    {
      class: "panel token-form",
      onsubmit: async (event) => {
        event.preventDefault();
        button.disabled = true;
        try {
          await api.session(token.value);
          accepted();
        } catch (error) {
          problem.hidden = false;
          problem.textContent = error.status === 401
            ? "This is not the token of this server."
            : error.message;
          token.select();
        } finally {
          button.disabled = false;
        }
      },
    },
    h("h1", {}, "Token needed"),
    h(
      "p",
      { id: "token-help" },
      "This server answers only with its token. It printed one when it started, unless it reads one from a file.",
    ),
    h("label", {}, h("span", {}, "Token"), token),
    problem,
    button,
  );
  queueMicrotask(() => token.focus());
  return form;
}
