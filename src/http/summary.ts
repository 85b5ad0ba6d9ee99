/** Summaries of a run, for lists and for its own page. */
import { join } from "@std/path";
import type { z } from "@hono/zod-openapi";
import type { LoggedEvent } from "../nas/events.ts";
import { eventIn, wholeLines } from "../run/lines.ts";
import * as viewed from "../run/view/summary.ts";
import type { Context } from "./context.ts";
import { openIfThere, readAt } from "./file.ts";
import type { Run } from "./runs_folder.ts";
import type { runDetail, runSummary } from "./schemas.ts";

export type RunSummary = z.infer<typeof runSummary>;
export type RunDetail = z.infer<typeof runDetail>;
type StepEvent = Extract<LoggedEvent, { type: "step" }>;

/** @param position in the server's queue, of a run that waits. */
export function summaryOf(run: Run, position: number | undefined): RunSummary {
  return { ...viewed.summaryOf(run), position };
}

export async function detailOf(run: Run, context: Context): Promise<RunDetail> {
  const index = await context.indexes.get(run).refresh();
  return {
    ...viewed.detailOf(run, index),
    position: context.dispatcher.positionOf(run.id),
    commands: commandsOf(run, context),
  };
}

/** Commands to type next, with paths relative to the folder where the server was started. */
function commandsOf({ path, state, config }: Run, { options }: Context): RunDetail["commands"] {
  const { commandName, shortPath } = options;
  const folder = shortPath(path);
  const preset = config.preset === "quick" ? "" : ` --preset ${config.preset}`;
  if (state.status === "interrupted" || state.status === "failed") {
    return [{ title: "Go on", command: `${commandName} resume ${folder}` }];
  }
  if (state.status !== "done") return [];
  const arch = `${folder}/arch.json`;
  const show = { title: "Draw", command: `${commandName} show ${arch}` };
  const describe = { title: "Describe", command: `${commandName} describe ${arch}` };
  if (state.command === "retrain") return [show, describe];
  const retrain = `${commandName} retrain ${arch}${preset}`;
  return [{ title: "Train from scratch", command: retrain }, show, describe];
}

/** The newest report of training, read from the end of the events; null where there is none yet. */
export function lastStep(path: string): StepEvent | null {
  const file = openIfThere(join(path, "events.ndjson"));
  if (!file) return null;
  try {
    const { size } = file.statSync();
    const from = Math.max(0, size - 64 * 1024);
    const bytes = readAt(file, from, size - from);
    const lines = new TextDecoder().decode(bytes.subarray(0, wholeLines(bytes))).split("\n");
    const line = lines.findLast((text) => /^\{"seq":\d+,"time":"[^"]*","type":"step"/.test(text));
    return line === undefined ? null : eventIn(line) as StepEvent | null;
  } finally {
    file.close();
  }
}
