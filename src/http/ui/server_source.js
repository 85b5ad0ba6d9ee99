/** Source of a run's views on the server: figures, drawings, files and live events. */
import { api, paths } from "./api.js";
import { LineagePanel } from "./lineage.js";
import { LiveEvents } from "./live.js";
import { WorkersPanel } from "./workers.js";

const { run, curves, trials, trial, artifacts, stop, resume, remove } = api;
const drawingAt = (path) => ({ key: path, svg: (signal) => api.drawing(path, signal) });

export const serverSource = {
  run,
  curves,
  trials,
  trial,
  artifacts,
  stop,
  resume,
  remove,
  /** The drawing of the run's architecture, or of a trial's. */
  drawing: (id, trial) =>
    drawingAt(trial === undefined ? paths.archDrawing(id) : paths.trialDrawing(id, trial)),
  /** Properties of a link that saves a file of a run. */
  file: (id, name) => ({ href: paths.artifact(id, name), download: `${id}-${name}` }),
  /** Properties of a link that saves a trial's architecture or drawing. */
  trialFile: (id, trial, form) => ({
    href: form === "svg" ? paths.trialDrawing(id, trial) : paths.trialArch(id, trial),
    download: `trial-${trial}.${form}`,
  }),
  /** Properties of a link to the form that retrains a trial. */
  retrain: (id, trial) => ({ href: `#/new/${encodeURIComponent(id)}/${trial}` }),
  /** Follows the events of a run from a number on, until `close`. */
  follow: (id, next, on) => new LiveEvents(id, next, on),
  /** More panels for the page of a run. */
  panels: (model) => {
    if (model.run.command !== "search") return [];
    const lineage = new LineagePanel(model, drawingAt(paths.lineage(model.run.id)));
    return [new WorkersPanel(model), lineage];
  },
};
