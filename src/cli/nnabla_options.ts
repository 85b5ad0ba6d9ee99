/** Options of nnabla-examples' ENAS scripts, under their own names, as settings of denas. */
import { limits } from "../nas/config/limits.ts";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Overrides } from "../nas/config/config.ts";
import { sizeUpTo, whole } from "./option_values.ts";

/** Outputs of a search or retraining beside its run folder. */
export interface OutputOptions {
  /** The adapter, in NNabla's terms. */
  context?: "software" | "default";
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
    .option(
      "--sampling-only [flag]",
      "only draw from the newest search, or the controller in --model-save-path; see denas sample",
      flag,
    )
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
  return addContextOptions(command)
    .option("--monitor-path <folder>", "write loss and accuracies as series files there")
    .option("--model-save-path <folder>", "write the weights there as well")
    .addOption(
      new Option("--monitor-save-path <folder>", "the same as --model-save-path")
        .conflicts("modelSavePath"),
    )
    .option(
      "--model-save-interval <n>",
      "steps between two copies of a retraining's weights",
      whole,
    );
}

/** Adds the options of NNabla's extensions, which select a WebGPU adapter here. */
function addContextOptions(command: Command): Command {
  return command
    .addOption(
      new Option("-c, --context <name>", "cpu: --adapter software; cudnn: the default adapter")
        .argParser(adapterOf).conflicts("adapter"),
    )
    .option("-d, --device-id <n>", "0; adapters have no numbers, see --adapter", onlyDevice)
    .option("-t, --type-config <type>", "float: all numbers have 32 bits", onlyType);
}

function adapterOf(context: string): "software" | "default" {
  const [name] = context.split(":");
  if (name === "cpu") return "software";
  if (name === "cudnn" || name === "cuda") return "default";
  throw new InvalidArgumentError("cpu or cudnn; --adapter names the kinds of adapters there are");
}

function onlyDevice(id: string): string {
  if (id.trim() === "0") return id;
  throw new InvalidArgumentError(
    "0, for WebGPU does not number its adapters; --adapter high-performance or low-power chooses",
  );
}

function onlyType(type: string): string {
  if (type === "float") return type;
  throw new InvalidArgumentError("float, for all numbers have 32 bits here");
}

/** Parses `True` and `False` as Python writes them; the option alone is true. */
function flag(text: string): boolean {
  const word = text.toLowerCase();
  if (word === "true" || word === "1") return true;
  if (word === "false" || word === "0") return false;
  throw new InvalidArgumentError("True or False, or the option alone");
}

/** Settings that were given, by their names in the config. */
export function nnablaSearchOverrides(options: NnablaSearchOptions): Overrides {
  return {
    epochs: options.maxSearchIter,
    perRound: options.numCandidate,
    "evaluator.passes": options.epochPerSearch,
    "evaluator.rewardBatches": options.valIter,
    select: options.selectStrategy,
    adapter: options.context,
  };
}

/** @param filters of the search. */
export function nnablaRetrainOverrides(options: NnablaRetrainOptions, filters: number): Overrides {
  const { epochOnRetrain, additionalFiltersOnRetrain: more } = options;
  return {
    epochs: epochOnRetrain,
    adapter: options.context,
    "space.filters": more === undefined ? undefined : filters + more,
  };
}
