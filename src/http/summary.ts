/** Summaries of a run, for lists and for its own page. */
import { join } from "@std/path";
import type { z } from "@hono/zod-openapi";
import { allowed } from "../nas/decisions.ts";
import type { LoggedEvent } from "../nas/events.ts";
import { openSpace, spaces } from "../nas/registry.ts";
import { eventIn } from "../run/files.ts";
import { wholeLines } from "../run/lines.ts";
import type { Context } from "./context.ts";
import { openIfThere, readAt } from "./file.ts";
import type { RunIndex } from "./run_index.ts";
import type { Run } from "./runs_folder.ts";
import type { runDetail, runSummary } from "./schemas.ts";

export type RunSummary = z.infer<typeof runSummary>;
export type RunDetail = z.infer<typeof runDetail>;
type StepEvent = Extract<LoggedEvent, { type: "step" }>;

/** @param position in the server's queue, of a run that waits. */
export function summaryOf({ id, state, config }: Run, position: number | undefined): RunSummary {
  const { best, testAccuracy, epoch, epochs, step, steps, error } = state;
  return {
    id,
    command: state.command,
    state: state.status,
    mode: config.space?.kind ?? state.space ?? "",
    preset: config.preset,
    strategy: config.strategy?.kind,
    data: state.data ?? config.data,
    seed: config.seed,
    created: state.started,
    updated: state.updated,
    epoch,
    epochs: epochs ?? config.epochs,
    step,
    steps,
    secondsLeft: state.status === "running" ? state.secondsLeft : undefined,
    best,
    score: best?.score,
    scoreUnit: state.scores?.unit,
    testAccuracy,
    error,
    position,
  };
}

export async function detailOf(run: Run, context: Context): Promise<RunDetail> {
  const index = await context.indexes.get(run).refresh();
  const { start, controller, done, compiling, best, warnings } = index;
  return {
    ...summaryOf(run, context.dispatcher.positionOf(run.id)),
    config: run.config,
    adapter: start?.adapter,
    parameters: start?.parameters,
    trials: index.trials.size,
    events: index.next,
    start: start ?? undefined,
    controller: controller ?? undefined,
    done: done ?? undefined,
    compiling: compiling ?? undefined,
    winner: done && best
      ? { trial: best.trial, score: best.score, choice: best.choice }
      : undefined,
    decisions: decisionsOf(run, index),
    warnings: [...warnings],
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

/** The decisions of a space with a fixed list of them; none where they depend on each other. */
function decisionsOf({ config }: Run, { controller }: RunIndex): RunDetail["decisions"] {
  const rows = controller?.probabilities?.length ?? 0;
  if (rows === 0 || !config.space || !spaces.find(config.space.kind)) return [];
  const space = openSpace(config.space);
  const decisions: RunDetail["decisions"] = [];
  let at = space.start();
  while (at.decision && decisions.length < rows) {
    const { id, name, kind, node, options, labels } = at.decision;
    decisions.push({ id, name, kind, node, options, labels: labels && [...labels] });
    at = at.choose(allowed(at.decision)[0]);
  }
  return decisions;
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
