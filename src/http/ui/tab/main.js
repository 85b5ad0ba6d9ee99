/** Starts the page of the tab: the list of its runs, and beside it the view that the address names. */
import { h, setText } from "../dom.js";
import { themeButton } from "../theme_button.js";
import { adviceFor } from "./advice.js";
import { Engine } from "./engine.js";
import { RunList } from "./list.js";
import { tabSource } from "./source.js";
import { StartView } from "./start.js";

const main = document.getElementById("main");
const place = document.getElementById("view");
const problems = document.getElementById("problems");
const device = document.getElementById("device");
const engine = new Engine();
const source = tabSource(engine, fail);
const list = new RunList(document.getElementById("runs"), engine);

let view = null;
/** The views of runs with their plots: loaded on demand, since the form for a search stands without them. */
let runViews = null;
const loadRunViews = async () =>
  runViews ??= { ...await import("../run_view.js"), ...await import("../plot.js") };

/** Number of the view that was asked for last: others may still be loading. */
let asked = 0;

async function show(kind, rest, query) {
  const mine = ++asked;
  view?.close();
  view = null;
  document.body.dataset.view = kind || "list";
  list.select(kind === "runs" ? rest : undefined);
  const wanted = new URLSearchParams(query);
  if (kind === "retrain") return await retrain(rest, wanted);
  document.title = kind === "runs" ? `${rest} · denas` : "denas in this tab";
  try {
    const opening = kind === "runs"
      ? new (await loadRunViews()).RunView(rest, place, () => {}, source)
      : new StartView(place, engine, wanted, started);
    if (mine !== asked) return;
    view = opening;
    await view.open();
  } catch (error) {
    if (mine === asked && error.name !== "AbortError") fail(error);
  }
}

/** `RUN/TRIAL`: trains what a search has found, or one of its trials. */
async function retrain(rest, wanted) {
  const [from, trial] = rest.split("/");
  // A link of another page must not start anything.
  if (!navigator.userActivation.isActive) {
    return location.replace(`#/runs/${encodeURIComponent(from)}`);
  }
  const overrides = wanted.has("epochs") ? { epochs: Number(wanted.get("epochs")) } : {};
  try {
    const order = { from, trial: trial === undefined ? null : Number(trial), overrides };
    started(await engine.ask("retrain", order));
  } catch (error) {
    fail(error);
  }
}

function started(id) {
  list.refresh();
  location.replace(`#/runs/${encodeURIComponent(id)}`);
}

function fail(error) {
  problems.append(
    h(
      "div",
      { class: "panel" },
      h("p", { class: "problem", role: "alert" }, error.message),
      h("button", { type: "button", onclick: (e) => e.target.parentElement.remove() }, "Close"),
    ),
  );
}

function route() {
  const [path, query = ""] = location.hash.split("?");
  const [, kind = "", ...rest] = path.split("/");
  show(kind, decodeURIComponent(rest.join("/")), query);
}

/** Says which device computes, or what to do where there is none. */
async function begin() {
  let found;
  try {
    found = await engine.ask("environment");
  } catch (error) {
    return fail(error);
  }
  list.showStorage(found);
  const { description, software, missing } = found.device;
  setText(device, missing ? "No WebGPU" : `${description}${software ? " (software: slow)" : ""}`);
  if (missing) {
    fail(new Error(`This browser offers no WebGPU to pages. ${adviceFor(navigator.userAgent)}`));
  }
}

themeButton(document.getElementById("theme"), () => runViews?.redrawAll());

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
// A drop beside the zone must not replace the page by the picture.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
addEventListener("hashchange", route);
engine.listen(({ notice, error }) => {
  if (notice === "state") list.refresh();
  if (error) fail(new Error(error));
});
if ("serviceWorker" in navigator && location.protocol !== "file:") {
  navigator.serviceWorker.register("sw.js").catch(() => {}); // Without it the page needs a network.
}
route();
list.refresh().catch(fail);
begin();
