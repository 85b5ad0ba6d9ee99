/** A search or a training as the commands know it, before anything is opened. */
import { type ArchFile, parseArchFile } from "../nas/arch_formats/arch_file.ts";
import {
  parseRetrainConfig,
  parseSearchConfig,
  type RetrainConfig,
  type SearchConfig,
} from "../nas/config/config.ts";
import { evaluators, strategies } from "../nas/registry.ts";
import type { RunFolder } from "../run/folder.ts";

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
