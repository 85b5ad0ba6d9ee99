/** The page: plain files, served as they are. */
import api from "./api.js" with { type: "text" };
import baseCss from "./base.css" with { type: "text" };
import charts from "./charts.js" with { type: "text" };
import compare from "./compare.js" with { type: "text" };
import controller from "./controller.js" with { type: "text" };
import dom from "./dom.js" with { type: "text" };
import formsCss from "./forms.css" with { type: "text" };
import format from "./format.js" with { type: "text" };
import history from "./history.js" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import index from "./index.html" with { type: "text" };
import layoutCss from "./layout.css" with { type: "text" };
import live from "./live.js" with { type: "text" };
import main from "./main.js" with { type: "text" };
import model from "./model.js" with { type: "text" };
import network from "./network.js" with { type: "text" };
import panelsCss from "./panels.css" with { type: "text" };
import plot from "./plot.js" with { type: "text" };
import results from "./results.js" with { type: "text" };
import runHeader from "./run_header.js" with { type: "text" };
import runList from "./run_list.js" with { type: "text" };
import runView from "./run_view.js" with { type: "text" };
import session from "./session.js" with { type: "text" };
import settings from "./settings.js" with { type: "text" };
import startForm from "./start_form.js" with { type: "text" };
import tablesCss from "./tables.css" with { type: "text" };
import theme from "./theme.js" with { type: "text" };
import trialDialog from "./trial_dialog.js" with { type: "text" };
import trials from "./trials.js" with { type: "text" };
import uplot from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };

export interface Asset {
  type: string;
  body: string | Uint8Array;
}

const script = (body: string): Asset => ({ type: "text/javascript; charset=utf-8", body });
const style = (body: string): Asset => ({ type: "text/css; charset=utf-8", body });

/** By path. Nothing here loads anything from elsewhere, nor uses inline scripts or styles. */
export const assets: Readonly<Record<string, Asset>> = {
  "/": { type: "text/html; charset=utf-8", body: index },
  "/ui/icon.svg": { type: "image/svg+xml", body: icon },
  "/ui/base.css": style(baseCss),
  "/ui/layout.css": style(layoutCss),
  "/ui/panels.css": style(panelsCss),
  "/ui/tables.css": style(tablesCss),
  "/ui/forms.css": style(formsCss),
  "/ui/uplot.css": style(uplotCss),
  "/ui/theme.js": script(theme),
  // The minified build sets a variable; the page imports modules.
  "/ui/uplot.js": script(`${uplot}\nexport default uPlot;\n`),
  "/ui/api.js": script(api),
  "/ui/charts.js": script(charts),
  "/ui/compare.js": script(compare),
  "/ui/controller.js": script(controller),
  "/ui/dom.js": script(dom),
  "/ui/format.js": script(format),
  "/ui/history.js": script(history),
  "/ui/live.js": script(live),
  "/ui/main.js": script(main),
  "/ui/model.js": script(model),
  "/ui/network.js": script(network),
  "/ui/plot.js": script(plot),
  "/ui/results.js": script(results),
  "/ui/run_header.js": script(runHeader),
  "/ui/run_list.js": script(runList),
  "/ui/run_view.js": script(runView),
  "/ui/session.js": script(session),
  "/ui/settings.js": script(settings),
  "/ui/start_form.js": script(startForm),
  "/ui/trial_dialog.js": script(trialDialog),
  "/ui/trials.js": script(trials),
};
