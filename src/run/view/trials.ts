/** Trials of a run: pages of its table, and one trial with its architecture. */
import { describe } from "../../nas/analysis/describe.ts";
import { type ArchFile, classCount, parseArchFile } from "../../nas/arch_formats/arch_file.ts";
import type { SearchConfig } from "../../nas/config/config_schema.ts";
import { finalConfig } from "../../nas/config/final_config.ts";
import { presetsOf } from "../../nas/config/presets.ts";
import { openSpace, spaces } from "../../nas/registry.ts";
import { archFieldsOf } from "../../nas/search/search.ts";
import type { RunIndex } from "./run_index.ts";
import type { ViewedRun } from "./summary.ts";
import type { TrialQuery } from "./trial_table.ts";

/** A page of a run's trials; by default the best first, or the first first. */
export interface PageQuery extends Omit<TrialQuery, "order"> {
  order?: TrialQuery["order"];
  offset: number;
  limit: number;
}

/** The trials of one page, and how many match. */
export function trialsPage(index: RunIndex, { offset, limit, order, ...query }: PageQuery) {
  const direction = order ?? (query.sort === "score" ? "desc" : "asc");
  const rows = index.trials.select({ ...query, order: direction });
  const trials = index.rows(rows.slice(offset, offset + limit));
  return { trials, total: rows.length, offset, limit };
}

/**
 * The arch.json that would have been written if this trial had won; null where there is no such trial, or the
 * run is no search.
 * @param winner returns the run's arch.json.
 */
export function archOfTrial(
  run: ViewedRun,
  index: RunIndex,
  trial: number,
  winner: () => string,
): ArchFile | null {
  const row = index.trials.row(trial);
  if (row === undefined || run.state.command !== "search") return null;
  const [{ choice, score }] = index.rows([row]);
  // A search on a table reads no images; the winner's file records the table's.
  if (!index.start?.data) return { ...parseArchFile(winner(), "of the run"), choice, score };
  const { image, classes, task = "single-label" } = index.start.data;
  const fields = archFieldsOf(run.config as unknown as SearchConfig, {
    input: image,
    classes,
    task,
    data: run.config.data,
  });
  return { ...fields, choice, score, scoreKind: "shared-weights" };
}

/** A trial with its rank, and the sizes of the network that a retraining would build. */
export function trialOf(run: ViewedRun, index: RunIndex, trial: number, arch: ArchFile) {
  const row = index.trials.row(trial)!;
  const preset = presetFor(run.config.preset, arch.space);
  const { space, form } = finalConfig(arch, { preset, given: {} });
  const opened = openSpace(space);
  const decoded = opened.decode(arch.choice);
  const { parameters, macs } = describe({
    space: opened,
    choice: arch.choice,
    input: arch.input,
    classes: classCount(arch),
    form,
  });
  const [shown] = index.rows([row]);
  return {
    ...shown,
    rank: index.trials.rank(row),
    parameters,
    macs,
    arch,
    preset,
    texts: opened.texts?.(decoded) ?? {},
    outline: opened.outline?.(decoded) ?? [],
  };
}

/** Preset for retraining: a search's preset may have no section for it. */
export function presetFor(preset: string, space: string): string {
  return presetsOf(spaces.get(space)).includes(preset) ? preset : "quick";
}
