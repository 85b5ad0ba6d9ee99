/** State and progress of a run, with buttons to stop and to resume it. */
import { announce, h, setAttribute, setText } from "./dom.js";
import { clock, count, duration, fixed, moment, percent } from "./format.js";
import { figure, scoreWords } from "./scores.js";

const stateWords = {
  running: "Running",
  done: "Done",
  interrupted: "Interrupted",
  failed: "Failed",
};

export class RunHeader {
  /**
   * @param {import("./model.js").RunModel} model; @param {object} source of the run; @param {() => void} changed
   * called after stop or resume
   */
  constructor(model, source, changed) {
    this.model = model;
    this.source = source;
    this.changed = changed;
    this.state = h("span", { class: "state" });
    this.title = h("h1", {}, model.run.id);
    this.subtitle = h("p", { class: "note" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.warning = h("p", { class: "warning", hidden: true });
    this.progress = h("progress", { max: "1", value: 0, "aria-label": "Progress of the run" });
    this.figures = {};
    this.stop = h("button", { type: "button", onclick: () => this.#do("stop") }, "Stop");
    this.resume = h("button", {
      type: "button",
      class: "primary",
      onclick: () => this.#do("resume"),
    }, "Resume");
    this.remove = h("button", {
      type: "button",
      class: "quiet",
      onclick: () => this.#remove(),
    }, "Delete");
    this.element = h(
      "header",
      { class: "run-header" },
      h(
        "div",
        { class: "run-title" },
        h("a", { class: "back", href: "#/" }, "‹ Runs"),
        h("div", { class: "name" }, this.title, this.state),
        this.subtitle,
        h("div", { class: "actions" }, this.remove, this.stop, this.resume),
      ),
      this.progress,
      h(
        "dl",
        { class: "figures" },
        ...this.#figure("epoch", "Epoch"),
        ...model.run.command === "retrain"
          ? this.#figure("speed", "Images / s")
          : this.#figure("trials", "Trials"),
        ...this.#figure("elapsed", "Elapsed"),
        ...this.#figure("left", "Time left"),
        ...this.#figure("best", model.run.command === "retrain" ? "Test accuracy" : "Best so far"),
        ...this.#figure("device", "Device"),
      ),
      this.problem,
      this.warning,
    );
    this.clock = setInterval(() => this.update(), 1000);
    this.update();
  }

  #figure(name, label) {
    const title = h("dt", {}, label);
    const value = h("dd", {}, "–");
    const note = h("dd", { class: "note" });
    this.figures[name] = { title, value, note };
    return [h("div", { class: `figure ${name}` }, title, value, note)];
  }

  #set(name, value, note = "") {
    setText(this.figures[name].value, value);
    setText(this.figures[name].note, note);
  }

  update() {
    const { model } = this;
    const { run } = model;
    setText(this.state, stateText(model));
    setAttribute(this.state, "data-state", run.state);
    setText(this.subtitle, subtitle(model));
    this.stop.hidden = run.state !== "running" && run.state !== "queued";
    this.resume.hidden = run.state !== "interrupted" && run.state !== "failed";
    this.remove.hidden = !this.stop.hidden;
    const running = run.state === "running";
    const since = running ? (performance.now() - model.readAt) / 1000 : 0;
    const share = run.steps ? run.step / run.steps : run.epochs ? run.epoch / run.epochs : 0;
    this.progress.value = run.state === "done" ? 1 : share;
    this.#set(
      "epoch",
      run.epochs ? `${epochOf(run)} of ${run.epochs}` : "–",
      progressNote(model),
    );
    if (this.figures.trials) this.#set("trials", count(model.trialCount), "architectures scored");
    if (this.figures.speed) this.#set("speed", fixed(model.imagesPerSecond, 0), "in training");
    this.#set("elapsed", duration(elapsed(model)), `since ${moment(run.created)}`);
    const left = running ? Math.max(0, run.secondsLeft - since) : NaN;
    this.#set("left", duration(left), left > 0 ? `ends about ${clock(left)}` : "");
    this.#best();
    const adapter = model.start?.adapter;
    const device = adapter?.description ?? "–";
    this.#set(
      "device",
      device.replace(/ \(.*\)$/, ""),
      adapter?.fallback ? "software" : adapter?.driver,
    );
    this.figures.device.value.title = device;
    this.problem.hidden = !run.error;
    setText(this.problem, run.error ?? "");
    this.warning.hidden = !model.warnings.length;
    setText(this.warning, model.warnings.at(-1) ?? "");
  }

  #best() {
    const { run, selected, done } = this.model;
    if (run.command === "retrain") {
      return this.#set(
        "best",
        percent(done?.testAccuracy ?? run.testAccuracy),
        "on the test images",
      );
    }
    const best = selected ?? run.best;
    const words = scoreWords(run);
    this.figures.best.value.title = words.note;
    this.figures.best.note.title = done?.report?.metric ?? words.note;
    setText(this.figures.best.title, selected ? "Selected" : "Best so far");
    this.#set(
      "best",
      figure(best?.score, words.unit),
      done?.report ? `report ${figure(done.report.value, done.report.unit)}` : words.name,
    );
  }

  async #do(what) {
    const buttons = [this.stop, this.resume];
    buttons.forEach((b) => b.disabled = true);
    try {
      await this.source[what](this.model.run.id);
      announce(what === "stop" ? "The run writes a checkpoint and stops" : "The run goes on", true);
      this.problem.hidden = true;
      await this.changed();
    } catch (error) {
      this.model.run.error = error.message;
    } finally {
      buttons.forEach((b) => b.disabled = false);
      this.update();
    }
  }

  fail(message) {
    this.model.run.error = message;
    this.update();
  }

  async #remove() {
    const { id } = this.model.run;
    if (!confirm(`Delete ${id} with all its files? This cannot be undone.`)) return;
    try {
      await this.source.remove(id);
      location.hash = "#/";
    } catch (error) {
      this.fail(error.message);
    }
  }

  destroy() {
    clearInterval(this.clock);
  }
}

function stateText({ run: { state, position }, compiling }) {
  if (state === "running" && compiling && compiling.done < compiling.of) {
    const { done, of, secondsLeft, readAt } = compiling;
    const left = secondsLeft - (performance.now() - readAt) / 1000;
    return `Compiling kernels, ${done} of ${of}, ${duration(left)} left`;
  }
  if (state !== "queued") return stateWords[state];
  return position ? `Queued, ${position} before it` : "Queued, waiting for the device";
}

function progressNote({ run, done }) {
  if (done?.stopped) return `ended early, at ${figure(done.stopped.score, scoreWords(run).unit)}`;
  return run.steps ? `step ${count(run.step)} of ${count(run.steps)}` : "";
}

/** The current epoch, counted from 1. */
const epochOf = ({ state, epoch, epochs }) =>
  state === "done" ? epoch : Math.min(epochs, (epoch ?? 0) + 1);

/** Wall-clock time from the run's creation to its last event or state. */
function elapsed({ run, done }) {
  if (done) return done.seconds;
  const end = run.state === "running" ? Date.now() : Date.parse(run.updated);
  return (end - Date.parse(run.created)) / 1000;
}

function subtitle({ run, start }) {
  const data = start?.data;
  const images = data
    ? `${data.name}, ${count(data.train)} training images`
    : start?.table?.name ?? run.data;
  const what = run.command === "retrain" ? "Retraining" : "Search";
  const how = run.strategy ? `, ${run.strategy}` : "";
  return [`${what}: ${run.mode}${how}, ${run.preset}, seed ${run.seed}`, images].filter(Boolean)
    .join(" · ");
}
