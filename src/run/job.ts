/** A search or a training: its settings, what it needs, and its events. */
import { type ArchFile, parseArchFile } from "../nas/arch_formats/arch_file.ts";
import {
  parseRetrainConfig,
  parseSearchConfig,
  type RetrainConfig,
  type SearchConfig,
} from "../nas/config/config.ts";
import type { RunEvent } from "../nas/events.ts";
import { evaluators, strategies } from "../nas/registry.ts";
import { type RunIO, search } from "../nas/search/search.ts";
import { retrain } from "../nas/train/retrain.ts";
import { readEarlierWeights } from "./earlier_weights.ts";
import type { RunFolder } from "./folder.ts";

/** A search, or the training of one architecture. */
export type Job =
  | { command: "search"; config: SearchConfig }
  | { command: "retrain"; config: RetrainConfig; arch: ArchFile; archText: string };

/** The job that is recorded in an earlier run's folder. */
export function jobOf(folder: RunFolder): Job {
  if (folder.state.command === "search") {
    return { command: "search", config: parseSearchConfig(folder.config) };
  }
  const archText = folder.arch();
  return {
    command: "retrain",
    config: parseRetrainConfig(folder.config),
    archText,
    arch: parseArchFile(archText, `${folder.path}/arch.json`),
  };
}

/** The job with settings changed that both commands have. */
export const withConfig = (
  job: Job,
  change: Partial<Pick<SearchConfig & RetrainConfig, "seed" | "epochs" | "decoder">>,
): Job =>
  job.command === "search"
    ? { ...job, config: { ...job.config, ...change } }
    : { ...job, config: { ...job.config, ...change } };

/** Starts the job and yields its events; its state goes to the store. */
export function eventsOf(job: Job, given: Omit<RunIO, "initial">): AsyncIterable<RunEvent> {
  const io = { ...given, initial: () => readEarlierWeights(job.config.initFrom, job.command) };
  return job.command === "search" ? search(job.config, io) : retrain(job.arch, job.config, io);
}

/** The splits of a data set that a job reads. */
export const splitsOf = (job: Job): "final" | "search" =>
  job.command === "retrain" && job.config.allTraining ? "final" : "search";

/**
 * Whether a job reads images. A search on a table reads none, even when its policy learns on a device, unless
 * the strategy asks for scores of untrained networks.
 */
export const seesImages = (job: Job): boolean =>
  job.command === "retrain" || evaluators.get(job.config.evaluator.kind).cost !== "lookup" ||
  strategies.get(job.config.strategy.kind).untrained !== undefined;

/** Whether a job trains weights of networks, shared or not. */
export const trains = (job: Job): boolean =>
  job.command === "retrain" ||
  ["pass", "training"].includes(evaluators.get(job.config.evaluator.kind).cost);
