/** Starts the page: the list of runs, and beside it the view that the address names. */
import { onUnauthorized } from "./api.js";
import { CompareView } from "./compare.js";
import { h, setText } from "./dom.js";
import { redrawAll } from "./plot.js";
import { RunList } from "./run_list.js";
import { RunView } from "./run_view.js";
import { tokenForm } from "./session.js";
import { serverSource } from "./server_source.js";
import { StartView } from "./start_form.js";
import { StudyView } from "./study_view.js";
import { themeButton } from "./theme_button.js";

const main = document.getElementById("main");
const connection = document.getElementById("connection");
const wide = matchMedia("(min-width: 64rem)");

let view = null;
let locked = false;
const list = new RunList(document.getElementById("runs"), (runs, studies) => {
  if (location.hash.length >= 3 || view) return;
  const newest = runs.length ? ["runs", runs[0].id] : studies.length && ["studies", studies[0].id];
  if (!newest) show(["new"]);
  // A wide page shows a run beside the list: the newest one.
  else if (wide.matches) show(newest);
});

function showConnection(state) {
  connection.hidden = state === "closed";
  connection.dataset.state = state;
  setText(connection, state === "live" ? "Live" : "Reconnecting …");
}

async function show([kind, rest]) {
  view?.close();
  view = null;
  showConnection("closed");
  document.body.dataset.view = kind || "list";
  list.select(kind === "runs" ? rest : undefined, kind === "studies" ? rest : undefined);
  if (!kind) {
    main.replaceChildren();
    list.refresh();
    return;
  }
  if (kind === "new") view = new StartView(main, opened, wantedOf(rest));
  else if (kind === "compare") view = new CompareView(rest.split(","), main);
  else if (kind === "studies") view = new StudyView(rest, main);
  else if (kind === "runs") view = new RunView(rest, main, showConnection, serverSource);
  else {
    main.replaceChildren(h("p", { class: "problem" }, "There is no such page."));
    return;
  }
  const mine = view;
  document.title = kind === "runs" || kind === "studies"
    ? `${rest} · denas`
    : kind === "new"
    ? "New run · denas"
    : "Compare · denas";
  try {
    await mine.open();
  } catch (error) {
    if (error.name === "AbortError" || view !== mine || locked) return;
    main.replaceChildren(
      h(
        "div",
        { class: "panel" },
        h("p", { class: "problem", role: "alert" }, error.message),
        h("a", { class: "button", href: "#/" }, "All runs"),
      ),
    );
  }
}

/** `#/new/RUN/TRIAL` asks for a retraining of that trial. */
function wantedOf(rest = "") {
  const [from, trial] = rest.split("/");
  return from ? { from, trial: trial === undefined ? undefined : Number(trial) } : {};
}

/** Shows the page of a run that was started. */
function opened(id) {
  list.refresh();
  location.hash = `#/runs/${encodeURIComponent(id)}`;
}

function route() {
  if (locked) return;
  const [, kind = "", ...rest] = location.hash.split("/");
  show([kind, decodeURIComponent(rest.join("/"))]);
}

onUnauthorized.call = () => {
  if (locked) return;
  locked = true;
  view?.close();
  view = null;
  list.stop();
  showConnection("closed");
  document.body.dataset.view = "locked";
  main.replaceChildren(tokenForm(() => {
    locked = false;
    main.replaceChildren();
    list.refresh();
    route();
  }));
};

themeButton(document.getElementById("theme"), redrawAll);

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", route);
list.refresh();
route();
