/**
 * Lineage of a search's population: each trial at its number and its score, joined with the trials that it was
 * made from; which decisions changed, and how long its network was trained.
 */
import { decisionsOf } from "../../nas/decisions.ts";
import type { SearchSpace } from "../../nas/space.ts";
import { type History, type Of, spaceOf } from "../history.ts";
import { document, faint, ink, n, rule, text, textWidth } from "./svg.ts";

/** A trial as far as its lineage shows it. */
export type LineageTrial = Pick<
  Of<"trial">,
  "trial" | "choice" | "score" | "status" | "reason" | "parents" | "inherit" | "trainedEpochs"
>;

/** Trials drawn at most: the last ones. */
const most = 400;
/** Trials up to which each has a label. */
const labelled = 60;
const [left, right, top, bottom] = [70, 24, 78, 46];
const plot = { width: 900, height: 420 };
const fresh = "#9ca3af";
const heir = "#2563eb";

/** Describes the difference between two architectures in the words of their decisions. */
export function changeOf(
  space: SearchSpace<unknown>,
  parent: readonly number[],
  child: readonly number[],
): string {
  const [before, after] = [optionsIn(space, parent), optionsIn(space, child)];
  const ids = new Set([...before.keys(), ...after.keys()]);
  const changes = [...ids].filter((id) => before.get(id) !== after.get(id)).map((id) =>
    `${id}: ${before.get(id) ?? "–"} → ${after.get(id) ?? "–"}`
  );
  return changes.length > 3 ? `${changes.length} decisions` : changes.join(", ") || "nothing";
}

const optionsIn = (space: SearchSpace<unknown>, choice: readonly number[]) =>
  new Map(
    decisionsOf(space, choice).map(({ id, kind, labels }, i) => [
      id,
      kind === "number" ? labels?.[choice[i]] ?? String(choice[i]) : String(choice[i]),
    ]),
  );

/** Epochs of the trials, and those saved: each trial below the longest training saves the difference. */
export function epochsSpent(trials: readonly LineageTrial[]): { spent: number; saved: number } {
  const epochs = trials.flatMap(({ trainedEpochs }) => trainedEpochs ?? []);
  const longest = Math.max(0, ...epochs);
  const spent = epochs.reduce((sum, e) => sum + e, 0);
  return { spent, saved: longest * epochs.length - spent };
}

/** Draws one SVG. @param name of the run, for the title. */
export function plotLineage(
  { start, trials: all }: Pick<History, "start"> & { trials: readonly LineageTrial[] },
  name: string,
): string {
  const trials = all.slice(-most);
  const space = spaceOf({ start });
  const share = (start.score?.unit ?? "fraction") === "fraction";
  const format = (score: number) =>
    share ? `${Number((100 * score).toFixed(1))} %` : String(Number(score.toPrecision(4)));
  const scale = scaleOf(trials);
  const byId = new Map(trials.map((trial) => [trial.trial, trial]));
  const parts = [
    ...title(all, name, start),
    ...axes(scale, trials, format),
    ...trials.flatMap((trial) => edges(trial, byId, scale)),
    ...trials.map((trial) => {
      const parent = byId.get(trial.parents?.[0] ?? -1);
      const change = parent && changeOf(space, parent.choice, trial.choice);
      return mark(trial, change, scale, format, trials.length <= labelled);
    }),
  ];
  return document({
    width: left + plot.width + right,
    height: top + plot.height + bottom,
    body: parts.join("\n"),
  });
}

interface Scale {
  x(trial: number): number;
  y(score: number): number;
  ticks: number[];
}

function scaleOf(trials: readonly LineageTrial[]): Scale {
  const scores = trials.filter(isOk).map(({ score }) => score);
  const [low, high] = scores.length ? [Math.min(...scores), Math.max(...scores)] : [0, 1];
  const room = (high - low || 1) * 0.08;
  const [from, to] = [low - room, high + room];
  const first = trials[0]?.trial ?? 0, last = trials.at(-1)?.trial ?? 1;
  return {
    x: (trial) => left + 16 + (plot.width - 32) * (trial - first) / Math.max(1, last - first),
    y: (score) =>
      top + plot.height * (1 - (Math.min(Math.max(score, from), to) - from) / (to - from)),
    ticks: Array.from({ length: 5 }, (_, i) => low + (high - low) * i / 4),
  };
}

const isOk = ({ status = "ok" }: LineageTrial) => status === "ok";

function title(trials: readonly LineageTrial[], name: string, start: Of<"start">): string[] {
  const { spent, saved } = epochsSpent(trials);
  const epochs = spent === 0
    ? ""
    : ` · ${spent} epochs trained, ${saved} saved against as many trainings from scratch`;
  return [
    text(24, 38, `Lineage of ${name}`, { size: 17, bold: true }),
    text(24, 58, `${start.space} · ${start.strategy} · ${trials.length} trials${epochs}`, {
      fill: faint,
    }),
  ];
}

function axes(
  { x, y, ticks }: Scale,
  trials: readonly LineageTrial[],
  format: (score: number) => string,
): string[] {
  const every = Math.max(1, Math.ceil(trials.length / 20));
  return [
    ...ticks.flatMap((score) => [
      `<path d="M${left} ${n(y(score))}h${plot.width}" stroke="${rule}" stroke-width="0.6"/>`,
      text(left - 8, y(score) + 4, format(score), { size: 11, anchor: "end", fill: faint }),
    ]),
    ...trials.filter((_, i) => i % every === 0).map(({ trial }) =>
      text(x(trial), top + plot.height + 18, String(trial), {
        size: 11,
        anchor: "middle",
        fill: faint,
      })
    ),
    text(left + plot.width / 2, top + plot.height + 38, "trial", {
      size: 11,
      anchor: "middle",
      fill: faint,
    }),
    ...trials.some(({ inherit }) => inherit) ? legend() : [],
  ];
}

/** Legend of the colours, where some networks inherit weights. */
function legend(): string[] {
  const x = left + plot.width - 250;
  return [
    `<circle cx="${x}" cy="34" r="5" fill="${fresh}"/>`,
    text(x + 10, 38, "from scratch", { size: 11 }),
    `<circle cx="${x + 100}" cy="34" r="5" fill="${heir}"/>`,
    text(x + 110, 38, "with inherited weights", { size: 11 }),
  ];
}

function edges(
  child: LineageTrial,
  byId: ReadonlyMap<number, LineageTrial>,
  { x, y }: Scale,
): string[] {
  return (child.parents ?? []).flatMap((id) => {
    const parent = byId.get(id);
    if (!parent) return [];
    const [a, b] = [[x(id), y(parent.score)], [x(child.trial), y(child.score)]];
    const middle = (a[0] + b[0]) / 2;
    return [
      `<path d="M${n(a[0])} ${n(a[1])}C${n(middle)} ${n(a[1])} ${n(middle)} ${n(b[1])} ${n(b[0])} ${
        n(b[1])
      }" fill="none" stroke="#94a3b8" stroke-width="1.2"/>`,
    ];
  });
}

function mark(
  trial: LineageTrial,
  change: string | undefined,
  { x, y }: Scale,
  format: (score: number) => string,
  label: boolean,
): string {
  const [cx, cy] = [x(trial.trial), y(trial.score)];
  const epochs = trial.trainedEpochs === undefined ? [] : [`${trial.trainedEpochs} epochs`];
  const score = isOk(trial) ? format(trial.score) : trial.reason ?? "no score";
  const words = [`trial ${trial.trial}`, score, ...epochs, ...change ? [change] : []].join(", ");
  const colour = !isOk(trial) ? "#dc2626" : trial.inherit?.length ? heir : fresh;
  const dot = `<circle cx="${n(cx)}" cy="${n(cy)}" r="5" fill="${colour}"><title>${
    words.replace(/&/g, "&amp;").replace(/</g, "&lt;")
  }</title></circle>`;
  if (!label) return dot;
  const said = [change, ...epochs].filter((part) => part).join(" · ");
  const size = 10;
  // A label that would leave the picture ends at the dot.
  const fits = cx + 8 + textWidth(said, size) < left + plot.width + right;
  // Alternately above and below: neighbours often have equal scores.
  return dot + text(fits ? cx + 8 : cx - 8, trial.trial % 2 ? cy + 14 : cy - 6, said, {
    size,
    anchor: fits ? "start" : "end",
    fill: ink,
  });
}
