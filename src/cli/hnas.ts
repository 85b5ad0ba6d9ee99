/** `denas hnas`: the scripts of hnas (Schrodi et al., NeurIPS 2023), with their options and output trees. */
import type { Command } from "commander";
import type { SearchConfig } from "../nas/config/config.ts";
import { WorkingDirectory } from "../run/working_directory/directory.ts";
import { shareSearch } from "../run/working_directory/shared_search.ts";
import type { Sharing } from "./execute.ts";
import { hnasObjectives, lossScale } from "./hnas_objectives.ts";
import { addNaswot } from "./hnas_naswot.ts";
import { addRegression } from "./hnas_regression.ts";
import { addRankCorrelation } from "./hnas_zero_cost.ts";
import { addHnasOptions, dataFolder, type HnasOptions } from "./hnas_options.ts";
import { freeArgs, hnasArgs, hnasConfig, hnasFolder } from "./hnas_settings.ts";
import { start } from "./start.ts";
import { print, printError } from "./terminal.ts";

export function addHnas(program: Command, finish: (code: number) => void): void {
  const hnas = program.command("hnas")
    .description(
      "Run the scripts of hnas under their own names: grammars and Bayesian optimisation.",
    );
  addHnasOptions(hnas.command("optimize", { isDefault: true }), hnasObjectives)
    .description("Search; results go to config_<n> folders that several processes can share.")
    .addHelpText(
      "after",
      `
The commands of hnas' README run as they are after "denas hnas":
  $ denas hnas python experiments/optimize.py --working_directory wd --searcher random_search …

Examples:
  $ denas hnas --objective debug --working_directory wd --max_evaluations_total 30
  $ denas hnas --objective nb201_addNIST --preset quick --working_directory wd --log`,
    )
    .action(async (options: HnasOptions) => finish(await optimize(options)));
  addRegression(hnas);
  addRankCorrelation(hnas, finish);
  addNaswot(hnas, finish);
}

async function optimize(options: HnasOptions): Promise<number> {
  const config = hnasConfig(options);
  if (options.printConfig) {
    print(JSON.stringify(config, null, 2));
    return 0;
  }
  const directory = await WorkingDirectory.open(hnasFolder(options), {
    args: hnasArgs(options),
    free: freeArgs(options),
    settings: settled(config),
    warn: printError,
    signal: new AbortController().signal,
  });
  try {
    return await start({ command: "search", config }, {
      ...options,
      dataDir: dataFolder(options.data_path),
      sharing: sharing(directory, options, config),
    });
  } finally {
    directory.close();
  }
}

function sharing(
  directory: WorkingDirectory,
  { objective, log = false, max_evaluations_total: total }: HnasOptions,
  { evaluator }: SearchConfig,
): Sharing {
  const giveUpError = evaluator.giveUpAt > 0 ? evaluator.giveUpError : 1;
  return {
    workingDirectory: directory.path,
    join: (parts, { signal, progress }) =>
      shareSearch(parts, {
        ...lossScale(objective, log, giveUpError),
        directory,
        total,
        onWait: () => progress.line("waiting for the evaluations of other processes"),
      }, signal),
  };
}

/** The settings that decide the results of a configuration, by dotted name: the same in all processes. */
function settled(
  { rounds: _, logEvery: _logEvery, adapter: _adapter, plugins: _plugins, ...config }: SearchConfig,
): Record<string, unknown> {
  const isGroup = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const flat = (group: Record<string, unknown>, path: string): [string, unknown][] =>
    Object.entries(group).flatMap(([name, value]): [string, unknown][] =>
      isGroup(value) ? flat(value, `${path}${name}.`) : [[path + name, value]]
    );
  return Object.fromEntries(flat(config, ""));
}
