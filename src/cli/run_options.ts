/** Options that several commands share. */
import { type Command, Option } from "commander";
import type { z } from "zod";
import type { Overrides } from "../nas/config/config.ts";
import { knownSets } from "../data/published.ts";
import { loadedPlugins } from "../run/plugins.ts";
import { addServeOption } from "./beside.ts";
import { addSchemaOptions, schemaOverrides } from "./definition_options.ts";
import { seconds, seedList, setting } from "./option_values.ts";
import { existingWeights } from "./run_path.ts";

/** Options of `search`, `retrain` and `resume`. */
export interface RunOptions {
  runs: string;
  dataDir?: string;
  out: string;
  json?: boolean;
  wait?: boolean;
}

/** Options of `search` and `retrain` beside those of settings; one that was not given is undefined. */
export interface ConfigOptions extends RunOptions {
  preset: string;
  config?: string;
  printConfig?: boolean;
  faithful?: boolean;
  budget?: number;
  data?: string;
  seed?: number;
  seeds?: number[];
  initFrom?: string;
  profile?: string;
  adapter?: string;
  tune?: boolean;
  tuning?: string | false;
  set?: Record<string, unknown>;
}

export function addRunOptions(command: Command): Command {
  const options = command
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--data-dir <folder>", "look for the data set here first")
    .option("--wait", "wait when another run has the adapter")
    .option("--json", "print every event as a line of JSON on stdout");
  return addServeOption(options);
}

/** @param settings schema of the command's settings. */
export function addConfigOptions(command: Command, settings: z.ZodObject): Command {
  addRunOptions(command)
    .option(
      "--preset <name>",
      "smoke (a minute), quick (minutes), paper, nnabla or codebrim",
      "quick",
    )
    .option("--data <name>", `${Object.keys(knownSets).join(", ")} or a folder of images`)
    .addOption(
      new Option("--seeds <list>", "one run per seed (1,2,3), then mean and deviation")
        .argParser(seedList).conflicts(["seed", "printConfig"]),
    )
    .option(
      "--init-from <run>",
      "start from the weights of a run, or of a .safetensors file, where names and shapes fit",
    )
    .option("--budget <time>", "scale the epochs to end in about 90s, 30m or 2h", seconds);
  return addSchemaOptions(command, settings)
    .addOption(
      new Option("--profile <file>", "write a trace of kernels and host work, for ui.perfetto.dev")
        .conflicts("seeds"),
    )
    .addOption(
      new Option("--tune", "measure first which variants of its kernels are the fastest here")
        .conflicts("tuning"),
    )
    .option("--tuning <file>", "use the variants of kernels of an earlier run: its tuning.json")
    .option("--no-tuning", "leave out what was measured on this machine")
    .option("--faithful", "follow the released ENAS code where denas does not by default")
    .option("--set <name=value>", "any other setting, see --print-config; may be repeated", setting)
    .option("--config <file>", "take the settings of a run's config.json")
    .option("--print-config", "print all settings and stop");
}

/**
 * Settings that were given, by their names in the config.
 * @param settings schema of the command's settings.
 */
export function overridesOf(
  options: Omit<ConfigOptions, "out">,
  settings: z.ZodObject,
): Overrides {
  return {
    ...schemaOverrides(options, settings),
    data: options.data,
    plugins: loadedPlugins().length > 0 ? [...loadedPlugins()] : undefined,
    initFrom: options.initFrom && existingWeights(options.initFrom, options.runs),
    ...options.set,
  };
}

/** Drops undefined settings: they would hide values set earlier. */
export function definedOnly(overrides: Overrides): Overrides {
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}
