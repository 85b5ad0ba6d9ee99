/** The page's files, served unchanged. */
import { runEvent } from "../../nas/events.ts";
import api from "./api.js" with { type: "text" };
import baseCss from "./base.css" with { type: "text" };
import charts from "./charts.js" with { type: "text" };
import compare from "./compare.js" with { type: "text" };
import controller from "./controller.js" with { type: "text" };
import definitions from "./definitions.js" with { type: "text" };
import dom from "./dom.js" with { type: "text" };
import eventQueue from "./event_queue.js" with { type: "text" };
import formsCss from "./forms.css" with { type: "text" };
import format from "./format.js" with { type: "text" };
import history from "./history.js" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import index from "./index.html" with { type: "text" };
import kernels from "./kernels.js" with { type: "text" };
import layoutCss from "./layout.css" with { type: "text" };
import lineage from "./lineage.js" with { type: "text" };
import live from "./live.js" with { type: "text" };
import main from "./main.js" with { type: "text" };
import model from "./model.js" with { type: "text" };
import network from "./network.js" with { type: "text" };
import outline from "./outline.js" with { type: "text" };
import panelsCss from "./panels.css" with { type: "text" };
import plot from "./plot.js" with { type: "text" };
import results from "./results.js" with { type: "text" };
import runHeader from "./run_header.js" with { type: "text" };
import runList from "./run_list.js" with { type: "text" };
import runView from "./run_view.js" with { type: "text" };
import scores from "./scores.js" with { type: "text" };
import serverSource from "./server_source.js" with { type: "text" };
import session from "./session.js" with { type: "text" };
import settings from "./settings.js" with { type: "text" };
import startForm from "./start_form.js" with { type: "text" };
import studyHeader from "./study_header.js" with { type: "text" };
import studyList from "./study_list.js" with { type: "text" };
import studyView from "./study_view.js" with { type: "text" };
import tablesCss from "./tables.css" with { type: "text" };
import theme from "./theme.js" with { type: "text" };
import themeButton from "./theme_button.js" with { type: "text" };
import trialDialog from "./trial_dialog.js" with { type: "text" };
import trialFilters from "./trial_filters.js" with { type: "text" };
import trials from "./trials.js" with { type: "text" };
import workers from "./workers.js" with { type: "text" };
import uplot from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };

/** Types of events: a named server-sent event reaches only listeners to its name. */
const eventTypes = runEvent.options.map(({ shape }) => shape.type.value);

export interface Asset {
  type: string;
  body: string | Uint8Array;
}

const script = (body: string): Asset => ({ type: "text/javascript", body });
const style = (body: string): Asset => ({ type: "text/css", body });

/**
 * Assets by name: `/` is index.html, the rest is under `/ui/`. Nothing is loaded from elsewhere, and there
 * are no inline scripts or styles.
 */
export const assets: Readonly<Record<string, Asset>> = {
  "index.html": { type: "text/html", body: index },
  "icon.svg": { type: "image/svg+xml", body: icon },
  "base.css": style(baseCss),
  "kernels.js": script(kernels),
  "layout.css": style(layoutCss),
  "panels.css": style(panelsCss),
  "tables.css": style(tablesCss),
  "forms.css": style(formsCss),
  "uplot.css": style(uplotCss),
  "theme.js": script(theme),
  "theme_button.js": script(themeButton),
  // The minified build sets a variable, but the page imports modules.
  "uplot.js": script(`${uplot}\nexport default uPlot;\n`),
  "api.js": script(api),
  "charts.js": script(charts),
  "compare.js": script(compare),
  "controller.js": script(controller),
  "definitions.js": script(definitions),
  "dom.js": script(dom),
  "event_queue.js": script(eventQueue),
  "event_types.js": script(`export const types = ${JSON.stringify(eventTypes)};\n`),
  "format.js": script(format),
  "history.js": script(history),
  "lineage.js": script(lineage),
  "live.js": script(live),
  "main.js": script(main),
  "model.js": script(model),
  "network.js": script(network),
  "outline.js": script(outline),
  "plot.js": script(plot),
  "results.js": script(results),
  "run_header.js": script(runHeader),
  "run_list.js": script(runList),
  "run_view.js": script(runView),
  "scores.js": script(scores),
  "server_source.js": script(serverSource),
  "session.js": script(session),
  "settings.js": script(settings),
  "start_form.js": script(startForm),
  "study_header.js": script(studyHeader),
  "study_list.js": script(studyList),
  "study_view.js": script(studyView),
  "trial_dialog.js": script(trialDialog),
  "trial_filters.js": script(trialFilters),
  "trials.js": script(trials),
  "workers.js": script(workers),
};
