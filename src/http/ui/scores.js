/** What a score is, wherever one is shown: it depends on what scored the architectures. */
import { percent } from "./format.js";

/** A share as per cent, anything else as it is: a table may hold seconds. */
export const figure = (value) => {
  if (!Number.isFinite(value)) return "–";
  return value >= 0 && value <= 1 ? percent(value) : String(Number(value.toPrecision(6)));
};

/** The same with as few digits as an axis needs. */
export const roundFigure = (value) =>
  value >= 0 && value <= 1 ? `${Math.round(value * 1000) / 10} %` : figure(value);

const onImages = { reward: "one batch", selection: "selection images" };
const inPhases = { reward: "search", selection: "selection" };

/**
 * @param {object} run as `GET /runs/:id` gives it
 * @returns {{name: string, short: string, note: string, on: Record<string, string>, percent: boolean}}
 *   `name` under a figure, `short` after it, `note` in full, `on` per phase of the search, and
 *   whether it is a share for sure
 */
export function scoreWords({ config, start }) {
  const kind = start?.evaluator ?? config?.evaluator?.kind ?? "shared";
  if (kind === "table") {
    const { objective = "score", name = "table" } = start?.table ?? {};
    return {
      name: "looked up",
      short: "looked up",
      note: `Looked up: ${objective} of the table ${name}`,
      on: inPhases,
      percent: false,
    };
  }
  if (kind === "train") {
    return {
      name: "after a short training",
      short: "after a short training",
      note: "Validation accuracy after a short training of its own",
      on: inPhases,
      percent: true,
    };
  }
  return {
    name: "shared-weight score",
    short: "with shared weights",
    note: "Shared-weight score: not what the network reaches when retrained",
    on: onImages,
    percent: true,
  };
}

/** Whether a run trains in steps that it reports: a search on a table, or with short trainings, does not. */
export const hasSteps = ({ command, config }) =>
  command === "retrain" || (config?.evaluator?.kind ?? "shared") === "shared";
