/** Names and units of scores, which depend on the evaluator. */
import { percent } from "./format.js";

/** Whether a score is shown as per cent. Older runs record no unit, and a table may hold seconds. */
const isShare = (value, unit) =>
  unit === "fraction" || (unit === undefined && value >= 0 && value <= 1);

/** Formats a score in its unit. */
export const figure = (value, unit) => {
  if (!Number.isFinite(value)) return "–";
  if (isShare(value, unit)) return percent(value);
  return `${Number(value.toPrecision(6))}${unit && unit !== "fraction" ? ` ${unit}` : ""}`;
};

/** The same, with only the digits that an axis needs. */
export const roundFigure = (value, unit) =>
  isShare(value, unit)
    ? `${Math.round(value * 1000) / 10} %`
    : String(Number(value.toPrecision(4)));

/** A trial's score, or why it has none. */
export const outcome = ({ score, status = "ok" }, unit) =>
  status === "ok" ? figure(score, unit) : status;

const onImages = { reward: "one batch", selection: "selection images" };
const inPhases = { reward: "search", selection: "selection" };

/**
 * @param {object} run as `GET /runs/:id` gives it
 * @returns {{name: string, short: string, note: string, on: Record<string, string>, percent: boolean, unit?:
 * string}} `name` is the label below a figure, `short` stands after it, `note` explains it, `on` is the name
 * by phase of the search; `percent` is set where scores are certainly shares, `unit` where the run records it
 */
export function scoreWords({ config, start }) {
  if (!start?.score) return wordsOfBefore({ config, start });
  const { label, unit, comparable } = start.score;
  return {
    name: label,
    short: label,
    note: comparable ? label : `${label}: it ranks the architectures of this run only`,
    on: start.stepsPerEpoch > 0 ? onImages : inPhases,
    percent: unit === "fraction",
    unit,
  };
}

/** Words for older runs, which do not describe their scores. */
function wordsOfBefore({ config, start }) {
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

/** Whether a run reports training steps: a search on a table, or with short trainings, does not. */
export const hasSteps = ({ command, config, start }) => {
  if (command === "retrain") return true;
  return start ? start.stepsPerEpoch > 0 : (config?.evaluator?.kind ?? "shared") === "shared";
};
