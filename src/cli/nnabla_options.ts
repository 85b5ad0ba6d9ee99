/** The options of nnabla-examples' ENAS scripts, by their own names, as settings of denas. */
import { limits } from "../nas/limits.ts";
import { type Command, Option } from "commander";
import type { Overrides } from "../nas/config.ts";
import { number, sizeUpTo, whole } from "./options.ts";

/** What a search or retraining leaves beside its run folder. */
export interface OutputOptions {
  monitorPath?: string;
  monitorSavePath?: string;
  modelSavePath?: string;
  modelSaveInterval?: number;
}

export interface NnablaSearchOptions extends OutputOptions {
  maxSearchIter?: number;
  numCandidate?: number;
  epochPerSearch?: number;
  valIter?: number;
  earlyStopOver?: number;
  selectStrategy?: string;
  recommendedArch?: string;
  samplingOnly?: boolean;
  numSampling: number;
  format: string;
}

export interface NnablaRetrainOptions extends OutputOptions {
  epochOnRetrain?: number;
  additionalFiltersOnRetrain?: number;
  recommendedArch?: string;
}

export function addNnablaSearchOptions(command: Command): Command {
  command.optionsGroup("Settings of searches, named as in nnabla-examples:")
    .option("--early-stop-over <score>", "end once a shared-weight score is over this", number)
    .addOption(
      new Option("--select-strategy <which>", "the winner: best, or what was scored last")
        .choices(["best", "last"]),
    )
    .option("--num-candidate <n>", "architectures per round", whole)
    .option("--epoch-per-search <n>", "passes over the training images per epoch", whole)
    .option("--val-iter <n>", "minibatches per score", whole)
    .addOption(
      new Option("--max-search-iter <n>", "the same as --epochs").argParser(whole)
        .conflicts("epochs"),
    )
    .addOption(new Option("--recommended-arch <file>", "the same as --out"))
    .option("--sampling-only", "only draw from the newest search, as denas sample does")
    .option("--num-sampling <n>", "how many to draw then", sizeUpTo(limits.compared), 5)
    .addOption(
      new Option("--format <ending>", "of the drawn architectures").choices(["json", "npy", "txt"])
        .default("json"),
    );
  return addOutputOptions(command);
}

export function addNnablaRetrainOptions(command: Command): Command {
  command.optionsGroup("Settings of retraining, named as in nnabla-examples:")
    .addOption(
      new Option("--epoch-on-retrain <n>", "the same as --epochs").argParser(whole)
        .conflicts("epochs"),
    )
    .addOption(
      new Option("--additional-filters-on-retrain <n>", "channels on top of those of the search")
        .argParser(whole).conflicts("filters"),
    )
    .option("--recommended-arch <file>", "the architecture, in place of the argument");
  return addOutputOptions(command);
}

function addOutputOptions(command: Command): Command {
  return command
    .option("--monitor-path <folder>", "write loss and accuracies as series files there")
    .addOption(new Option("--monitor-save-path <folder>", "the same").conflicts("monitorPath"))
    .option("--model-save-path <folder>", "write the weights there as well")
    .option(
      "--model-save-interval <n>",
      "steps between two copies of a retraining's weights",
      whole,
    );
}

/** The settings that were given, by their names in the config. */
export function nnablaSearchOverrides(options: NnablaSearchOptions): Overrides {
  return {
    epochs: options.maxSearchIter,
    perRound: options.numCandidate,
    passes: options.epochPerSearch,
    rewardBatches: options.valIter,
    earlyStopOver: options.earlyStopOver,
    select: options.selectStrategy,
  };
}

/** @param filters of the search. */
export function nnablaRetrainOverrides(options: NnablaRetrainOptions, filters: number): Overrides {
  const { epochOnRetrain, additionalFiltersOnRetrain: more } = options;
  return {
    epochs: epochOnRetrain,
    "child.filters": more === undefined ? undefined : filters + more,
  };
}
