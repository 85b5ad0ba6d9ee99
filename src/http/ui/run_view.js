/** The page of one run: first its history, then its live events. */
import { Charts } from "./charts.js";
import { ControllerPanel } from "./controller.js";
import { announce, h } from "./dom.js";
import { downloadsPanel, ResultsPanel } from "./results.js";
import { count } from "./format.js";
import { readHistory } from "./history.js";
import { KernelPanel } from "./kernels.js";
import { RunModel } from "./model.js";
import { NetworkPanel } from "./network.js";
import { RunHeader } from "./run_header.js";
import { figure, outcome, scoreWords } from "./scores.js";
import { openTrial } from "./trial_dialog.js";
import { TrialsPanel } from "./trials.js";

export class RunView {
  #live = null;
  #abort = new AbortController();
  #parts = [];
  #dialog = null;

  /**
   * @param {string} id; @param {HTMLElement} place; @param {(state: string) => void} connection; @param {object}
   * source such as `serverSource`
   */
  constructor(id, place, connection, source) {
    this.id = id;
    this.source = source;
    this.place = place;
    this.connection = connection;
  }

  async open() {
    const { signal } = this.#abort;
    const { source } = this;
    const [run, curves, newest] = await Promise.all([
      source.run(this.id, signal),
      source.curves(this.id, 1500, signal),
      source.trials(this.id, { sort: "trial", order: "desc", limit: 1 }, signal),
    ]);
    if (signal.aborted) return;
    this.model = new RunModel(run);
    this.model.latest = newest.trials[0] ?? null;
    readHistory(this.model, curves);
    this.#build();
    this.#drawAll();
    this.#follow();
  }

  #build() {
    const { model, source } = this;
    const search = model.run.command !== "retrain";
    this.header = new RunHeader(model, source, () => this.#reread());
    this.charts = new Charts(model);
    this.best = new NetworkPanel(
      search ? "Best network" : "Network",
      search ? "Nothing scored yet." : "No drawing yet.",
    );
    this.now = search ? new NetworkPanel("Running now", "Nothing scored yet.") : null;
    this.controller = search && model.run.config.strategy?.controller
      ? new ControllerPanel(model)
      : null;
    this.kernels = search ? new KernelPanel(model) : null;
    this.results = search ? null : new ResultsPanel(model);
    this.trials = search ? new TrialsPanel(model, source, (trial) => this.showTrial(trial)) : null;
    this.downloads = downloadsPanel(model.run.id, source);
    this.further = source.panels(model);
    this.#parts = [
      this.header,
      this.charts,
      this.best,
      this.now,
      this.controller,
      this.kernels,
      this.results,
      this.trials,
      ...this.further,
    ]
      .filter(Boolean);
    this.place.replaceChildren(
      ...this.#parts.slice(0, 2).map((part) => part.element),
      h("div", { class: "networks" }, this.best.element, this.now?.element),
      ...[this.results, ...this.further, this.controller, this.kernels, this.trials, this.downloads]
        .filter(Boolean).map((part) => part.element),
    );
  }

  #drawAll() {
    this.header.update();
    this.charts.draw();
    this.controller?.draw();
    this.kernels?.draw();
    this.results?.draw();
    this.#drawNetworks();
  }

  #drawNetworks() {
    const { run, selected, latest } = this.model;
    const { short, unit } = scoreWords(run);
    if (!this.now) return this.best.show(this.source.drawing(this.id), "as it is trained");
    const best = selected ?? run.best;
    if (best) {
      this.best.rename(selected ? "Selected network" : "Best network");
      this.best.show(
        this.source.drawing(this.id, best.trial),
        `trial ${best.trial}, ${figure(best.score, unit)} ${short}`,
      );
    }
    if (latest) {
      this.now.rename(run.state === "running" ? "Running now" : "Last scored");
      this.now.show(
        this.source.drawing(this.id, latest.trial),
        `trial ${latest.trial}, ${outcome(latest, unit)} ${short}`,
      );
    }
  }

  /** Follows the events of a run that is not finished. */
  #follow() {
    this.#live?.close();
    this.#live = null;
    const { run, next } = this.model;
    if (run.state === "done") return this.connection("closed");
    this.#live = this.source.follow(this.id, next, {
      events: (events) => this.#take(events),
      summary: (run) => this.#setRun(run),
      state: (state) => this.#showConnection(state),
      gap: () => this.#restart(),
      refused: () => this.#stillThere(),
    });
  }

  /** Shows the connection. An interrupted run is followed too, but needs no such display. */
  #showConnection(state) {
    const active = ["running", "queued"].includes(this.model.run.state);
    this.connection(state === "live" && !active ? "closed" : state);
  }

  #take(events) {
    const kinds = new Set();
    for (const event of events) {
      this.model.apply(event);
      kinds.add(event.type);
    }
    this.header.update();
    if (!(kinds.size === 1 && kinds.has("checkpoint"))) this.charts.update();
    if (kinds.has("controller")) this.controller?.update();
    if (kinds.has("trial") || kinds.has("best")) {
      this.trials?.update();
      this.kernels?.update();
      this.#drawNetworks();
    }
    if (kinds.has("epoch")) this.#say();
    if (kinds.has("done")) this.#end();
  }

  #say() {
    const { run, trialCount } = this.model;
    const best = run.best ? `, best ${figure(run.best.score, scoreWords(run).unit)}` : "";
    announce(`Epoch ${run.epoch} of ${run.epochs}, ${count(trialCount)} trials${best}`);
  }

  async #end() {
    announce("The run is done", true);
    await this.#reread();
    this.#drawAll();
    this.downloads.refresh();
    for (const part of this.further) part.update();
  }

  /** Events were missed: reads the history again. */
  async #restart() {
    const curves = await this.source.curves(this.id, 1500, this.#abort.signal);
    const fresh = new RunModel(this.model.run);
    readHistory(fresh, curves);
    Object.assign(this.model, fresh);
    this.#drawAll();
    this.#follow();
  }

  async #stillThere() {
    try {
      await this.#reread();
      return this.model.run.state !== "done";
    } catch (error) {
      // The run is deleted or the token invalid: no stream to wait for. Without a connection: try again.
      if (error.status === 404) this.header.fail(error.message);
      return error.status === 0 || error.status >= 500 || error.status === 429;
    }
  }

  async #reread() {
    this.#setRun(await this.source.run(this.id, this.#abort.signal));
  }

  #setRun(run) {
    const before = this.model.run.state;
    this.model.setRun({ ...this.model.run, error: undefined, ...run });
    this.header.update();
    if (run.state === before) return;
    this.#showConnection("live");
    announce(`The run is ${run.state}`, true);
    this.#drawNetworks();
    this.downloads.refresh();
    for (const part of this.further) part.update();
  }

  showTrial(trial) {
    this.#dialog = openTrial(this.source, this.model.run, trial, () => this.#dialog = null);
  }

  close() {
    this.#abort.abort();
    this.#live?.close();
    this.#dialog?.close();
    for (const part of this.#parts) part.destroy?.();
  }
}
