/** Options of hnas' scripts under their own names, and its commands as they are typed. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { addServeOption } from "./beside.ts";
import { numberAbove0, positive, setting, whole } from "./option_values.ts";
import { fromHere } from "./paths.ts";
import type { RunOptions } from "./run_options.ts";
import { isFolder } from "./run_path.ts";
import { printError } from "./terminal.ts";

const NASBOT = { gp_nasbot: "its distance is of nb201_variable_multi_multi" };

/** Search spaces of hnas: the grammar of each, and the surrogate models that it does not take, with the reason. */
export const hnasSpaces = {
  nb201_variable_multi_multi: { grammar: "nb201_variable_multi_multi", refuses: {} },
  nb201_fixed_1_none: { grammar: "nb201_fixed_1_none", refuses: NASBOT },
  act_cifar10: { grammar: "activations", refuses: NASBOT },
  darts: {
    grammar: "darts",
    refuses: { ...NASBOT, gpwl_hierarchical: "its cells have no hierarchy" },
  },
} as const;
export type HnasSpace = keyof typeof hnasSpaces;

export const hnasSearchers = [
  "bayesian_optimization",
  "random_search",
  "regularized_evolution",
  "assisted_regularized_evolution",
] as const;
export type HnasSearcher = typeof hnasSearchers[number];

/** Strategies behind hnas' surrogate models. */
export const hnasModels = {
  gpwl_hierarchical: "gp-hwl",
  gpwl: "gp-wl",
  gp_nasbot: "gp-nasbot",
} as const;
export type HnasModel = keyof typeof hnasModels;

/** Other names of the same in hnas' README. */
const readmeNames: Readonly<Record<string, string>> = {
  gp_hierarchical: "gpwl_hierarchical",
  gp: "gpwl",
  "random search": "random_search",
};

/** Options of `optimize.py`. Those without a value in the command have the defaults of the script. */
export interface HnasOptions extends RunOptions {
  search_space: HnasSpace;
  objective: string;
  n_init: number;
  max_evaluations_total: number;
  pool_size?: number;
  mutate_size?: number;
  pool_strategy: "random" | "mutation" | "evolution";
  p_self_crossover: number;
  searcher: HnasSearcher;
  surrogate_model: HnasModel;
  acquisition: "EI" | "LogEI" | "AEI";
  seed: number;
  no_isomorphism?: boolean;
  maximum_noise?: number;
  random_interleave_prob: number;
  asynchronous_parallel?: boolean;
  adjust_params?: "max";
  log?: boolean;
  data_path?: string;
  working_directory: string;
  preset: string;
  set?: Record<string, unknown>;
  printConfig?: boolean;
  table?: string;
  tableDataset?: string;
}

/** Scripts of hnas, with the subcommand of each. */
const scripts: Readonly<Record<string, string>> = {
  "optimize.py": "optimize",
  "surrogate_regression.py": "surrogate_regression",
  "zero_cost_rank_correlation.py": "zero_cost_rank_correlation",
  // The README of hnas calls the script by this name.
  "zero_cost_proxy_rank_correlation.py": "zero_cost_rank_correlation",
  "optimize_naswot.py": "optimize_naswot",
};

/**
 * Arguments of the command line with hnas' own way of writing them taken as it is: `python FOLDER/optimize.py`
 * before the options, short options of two letters, and `random search` as two words.
 */
export function asHnasCommand(args: readonly string[]): string[] {
  if (args[0] !== "hnas") return [...args];
  const [, ...rest] = args;
  if (/^python[\d.]*$/.test(rest[0] ?? "")) rest.shift();
  const script = rest[0]?.split("/").at(-1) ?? "";
  if (Object.hasOwn(scripts, script)) rest[0] = scripts[script];
  const long: Record<string, string> = { "-ps": "--pool_size", "-ms": "--mutate_size" };
  const words = rest.map((word) => long[word] ?? word);
  const at = words.findIndex((word, i) =>
    (word === "--searcher" || word === "-s") && words[i + 1] === "random" &&
    words[i + 2] === "search"
  );
  if (at >= 0) words.splice(at + 1, 2, "random search");
  return ["hnas", ...words];
}

/** An option with a fixed set of values, which may have other names in the README. */
function named(flags: string, help: string, values: readonly string[], usual?: string): Option {
  const option = new Option(flags, help).choices(values);
  const check = option.parseArg!;
  option.argParser((text: string, previous: string) =>
    check(Object.hasOwn(readmeNames, text) ? readmeNames[text] : text, previous) as string
  );
  return usual === undefined ? option : option.default(usual);
}

/** Options that hnas' scripts share. */
export function addCommonHnasOptions(
  command: Command,
  objectives: readonly string[],
): Command {
  return command
    .addOption(
      named(
        "--search_space <name>",
        "what to search",
        Object.keys(hnasSpaces),
        "nb201_variable_multi_multi",
      ),
    )
    .addOption(
      named("--objective <name>", "data set and training", objectives, "nb201_cifar10"),
    )
    .option("--working_directory <folder>", "where results lie", "working_dir")
    .option("--data_path <folder>", "look for the data set here first")
    .option(
      "--seed <n>",
      "start of all random numbers; the experiments use 777, 888, 999",
      whole,
      777,
    )
    .option("--log", "the loss is the logarithm of the validation error");
}

/** Adds options of denas to scripts that score untrained networks. */
export const addUntrainedOptions = (command: Command): Command =>
  command.optionsGroup("Options of denas:")
    .option("--preset <name>", "hnas: the published networks; quick and smoke are narrower", "hnas")
    .option("--set <name=value>", "any other setting; may be repeated", setting)
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--wait", "wait when another run has the adapter");

/** Adds the choice of a Gaussian process. */
export const addModelOption = (command: Command): Command =>
  command.addOption(
    named(
      "--surrogate_model <name>",
      "Gaussian process of bayesian_optimization; gp_hierarchical and gp are the first two",
      Object.keys(hnasModels),
      "gpwl_hierarchical",
    ),
  );

/** Options of `optimize.py`, then those of denas. */
export function addHnasOptions(command: Command, objectives: readonly string[]): Command {
  addModelOption(addCommonHnasOptions(command, objectives))
    .addOption(
      named("-s, --searcher <name>", "how to search", hnasSearchers, "bayesian_optimization"),
    )
    .addOption(
      named("-a, --acquisition <name>", "acquisition function", ["EI", "LogEI", "AEI"], "EI"),
    )
    .addOption(
      named(
        "--pool_strategy <name>",
        "candidates of the acquisition function",
        ["random", "mutation", "evolution"],
        "evolution",
      ),
    )
    .option("--n_init <n>", "random samples before the first fit", positive, 10)
    .option(
      "--max_evaluations_total <n>",
      "configurations of all processes together",
      positive,
      150,
    )
    .option("--pool_size <n>", "-ps: candidates of a generation; 200 unless given", positive)
    .option(
      "--mutate_size <n>",
      "-ms: mutations among the candidates of pool_strategy mutation",
      positive,
    )
    .option("--p_self_crossover <p>", "share of crossovers of one parent with itself", share, 0.5)
    .option("--no_isomorphism", "propose architectures again that compute the same as earlier ones")
    .option("--maximum_noise <x>", "upper bound of the fitted noise", numberAbove0)
    .option("--random_interleave_prob <p>", "share of random samples among the proposals", share, 0)
    .option(
      "--asynchronous_parallel",
      "propose while others evaluate; processes of one directory always do",
    )
    .addOption(
      new Option("--adjust_params <how>", "max: width by the parameters of the all-conv3x3 cell")
        .choices(["max"]),
    );
  command.optionsGroup("Options of denas:")
    .option(
      "--preset <name>",
      "hnas: the published training; quick and smoke fit two cores",
      "hnas",
    )
    .option("--set <name=value>", "any other setting, see --print-config; may be repeated", setting)
    .option("--table <file>", "look results up in this table instead of training")
    .option("--table-dataset <name>", "data set of the table, where it has several")
    .option("--print-config", "print all settings and stop")
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--out <file>", "where to copy the winner", "arch.json")
    .option("--wait", "wait when another run has the adapter")
    .option("--json", "print every event as a line of JSON on stdout");
  return addServeOption(command);
}

function share(text: string): number {
  const n = text.trim() === "" ? NaN : Number(text);
  if (n >= 0 && n <= 1) return n;
  throw new InvalidArgumentError("a number from 0 to 1");
}

/**
 * The folder of `--data_path`. The original makes a missing one and downloads into it; here data sets are then looked
 * for in the usual places, which is said.
 */
export function dataFolder(path: string | undefined): string | undefined {
  if (path === undefined || isFolder(fromHere(path))) return path;
  printError(
    `note: there is no folder --data_path ${path}; data sets are looked for in the usual places`,
  );
  return undefined;
}
