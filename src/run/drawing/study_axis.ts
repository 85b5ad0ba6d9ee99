/** Y axis shared by the charts of a study: the loss, and its smallest possible value. */
import { lossOf } from "../../nas/study/loss.ts";
import type { TaskHead } from "../../nas/study/records.ts";
import type { Series } from "./chart.ts";

/** Name of the y axis. */
export function lossName(task: TaskHead): string {
  const name = lossOf(task) ? `${task.label.replace(/\baccuracy\b/, "error")} (%)` : task.label;
  return `${name}, ${task.table}`;
}

/** Horizontal line at the best value of the whole table. */
export function bestInTable(task: TaskHead, [from, to]: readonly [number, number]): Series {
  const best = lossOf(task)?.(task.best) ?? task.best;
  return {
    name: "best in the table",
    colour: "#9ca3af",
    dashed: true,
    points: [[from, best], [to, best]],
  };
}

export const shortNumber = (value: number): string => String(Number(value.toPrecision(4)));
