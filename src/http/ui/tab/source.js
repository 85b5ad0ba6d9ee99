/** Source of a run's views in the worker of this tab: figures, drawings, files, live events. */
import { EventQueue } from "../event_queue.js";
import { PredictPanel, RetrainPanel, TakeAwayPanel } from "./panels.js";

/** Saves bytes as a file of the user. */
export function save(name, content, type = "application/octet-stream") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Later, since some browsers read it after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Properties of a link that saves what `read` returns. */
const saving = (name, read, failed) => ({
  href: "#save",
  onclick: async (event) => {
    event.preventDefault();
    try {
      save(name, await read());
    } catch (error) {
      failed(error);
    }
  },
});

/** @param {import("./engine.js").Engine} engine; @param {(error: Error) => void} failed shows an error */
export function tabSource(engine, failed) {
  const ask = (name) => (id, ...given) =>
    engine.ask(name, id, ...given.filter((one) => !(one instanceof AbortSignal)));
  return {
    run: ask("run"),
    curves: ask("curves"),
    trials: (id, { minScore, on, sort, order, q, offset = 0, limit = 100 }) =>
      engine.ask("trials", id, {
        ...minScore !== "" && minScore !== undefined && { minScore: Number(minScore) },
        ...on && { on },
        sort: sort ?? "score",
        order,
        q,
        offset,
        limit,
      }),
    trial: ask("trial"),
    artifacts: ask("artifacts"),
    stop: ask("stop"),
    resume: ask("resume"),
    remove: ask("remove"),
    drawing: (id, trial = null) => ({
      key: `${id} ${trial}`,
      svg: () => engine.ask("drawing", id, trial),
    }),
    file: (id, name) => saving(`${id}-${name}`, () => engine.ask("file", id, name, null), failed),
    trialFile: (id, trial, form) =>
      saving(`trial-${trial}.${form}`, () => engine.ask("file", id, form, trial), failed),
    retrain: (id, trial) => ({ href: `#/retrain/${encodeURIComponent(id)}/${trial}` }),
    follow: (id, next, on) => new Following(engine, id, next, on),
    panels: (model) => [
      ...model.run.command === "retrain"
        ? [new PredictPanel(model, engine)]
        : [new RetrainPanel(model)],
      new TakeAwayPanel(model, engine, failed),
    ],
  };
}

/** Events of a run of this tab, until `close`. */
class Following {
  #stop;

  constructor(engine, id, next, on) {
    this.on = on;
    const queue = new EventQueue(next, on.events);
    const take = (event) => queue.take(event) || on.gap();
    this.#stop = engine.listen(async ({ notice, run, event, error }) => {
      if (run !== id) return;
      if (notice === "event") take(event);
      else if (notice === "state") {
        on.summary({ ...await engine.ask("run", id), ...error && { error } });
      }
    });
    // Events between the reading of the history and now.
    engine.ask("eventsFrom", id, next).then((events) => events.forEach(take), () => {});
    on.state("live");
  }

  close() {
    this.#stop();
    this.on.state("closed");
  }
}
