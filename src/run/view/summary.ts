/** Summaries of a run, for lists and for its own page. */
import { allowed } from "../../nas/decisions.ts";
import type { Settings } from "../../nas/definition.ts";
import { openSpace, spaces } from "../../nas/registry.ts";
import type { RunState } from "../state_schema.ts";
import type { RunIndex } from "./run_index.ts";

/** Fields of a run's config.json that lists show. */
export interface RunConfig {
  preset: string;
  seed: number;
  data: string;
  adapter: string;
  epochs: number;
  space?: Settings;
  strategy?: Settings;
}

/** A run, wherever its files are. */
export interface ViewedRun {
  id: string;
  state: RunState;
  config: RunConfig & Record<string, unknown>;
}

export function summaryOf({ id, state, config }: ViewedRun) {
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
  };
}

/** Summary and what else the run's own page shows. */
export function detailOf(run: ViewedRun, index: RunIndex) {
  const { start, controller, done, compiling, best, warnings } = index;
  return {
    ...summaryOf(run),
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
  };
}

interface Decision {
  id: string;
  name: string;
  kind: string;
  node: number;
  options: number;
  labels?: string[];
}

/** The decisions of a space with a fixed list of them; none where they depend on each other. */
function decisionsOf({ config }: ViewedRun, { controller }: RunIndex): Decision[] {
  const rows = controller?.probabilities?.length ?? 0;
  if (rows === 0 || !config.space || !spaces.find(config.space.kind)) return [];
  const space = openSpace(config.space);
  const decisions: Decision[] = [];
  let at = space.start();
  while (at.decision && decisions.length < rows) {
    const { id, name, kind, node, options, labels } = at.decision;
    decisions.push({ id, name, kind, node, options, labels: labels && [...labels] });
    at = at.choose(allowed(at.decision)[0]);
  }
  return decisions;
}
