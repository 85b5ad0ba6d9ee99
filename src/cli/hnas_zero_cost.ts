/** `denas hnas zero_cost_rank_correlation`: do scores of untrained networks rank the results of searches? */
import type { Command } from "commander";
import { openSpace } from "../nas/registry.ts";
import { zeroCostNames } from "../nas/zero_cost/mod.ts";
import { readPool } from "../run/working_directory/pool.ts";
import { hnasObjectives } from "./hnas_objectives.ts";
import {
  addCommonHnasOptions,
  addUntrainedOptions,
  dataFolder,
  type HnasOptions,
} from "./hnas_options.ts";
import { archOf } from "./hnas_regression.ts";
import { untrainedConfig, type UntrainedOptions } from "./hnas_settings.ts";
import { fromHere, shortPath } from "./paths.ts";
import { printError } from "./terminal.ts";
import { correlateSource, methods, share } from "./zero_cost.ts";

interface CorrelationCommand
  extends UntrainedOptions, Pick<HnasOptions, "working_directory" | "data_path" | "log"> {
  zc_method: string[];
  top?: number;
  runs: string;
  wait?: boolean;
  json?: boolean;
}

export function addRankCorrelation(hnas: Command, finish: (code: number) => void): void {
  const command = hnas.command("zero_cost_rank_correlation");
  addUntrainedOptions(
    addCommonHnasOptions(command, hnasObjectives)
      .description("Correlate scores of untrained networks with the results of searches.")
      .option("--zc_method <list>", "which scores, or all", methods, [...zeroCostNames])
      .option("--top <share>", "compare only this share, that with the best results", share),
  ).option("--json", "print the correlations as JSON")
    .action(async (options: CorrelationCommand) => {
      const directory = fromHere(options.working_directory);
      const config = untrainedConfig(options);
      const space = openSpace(config.space);
      const architectures = readPool(directory, { warn: printError }).map((one) => {
        const arch = archOf(space, one);
        const result = options.log ? -Math.log(one.error) : 1 - one.error;
        return { key: space.key(arch), choice: space.encode(arch), result };
      });
      const metric = options.log ? "−ln validation error" : "validation accuracy";
      const source = { name: shortPath(directory), metric, config, architectures };
      finish(
        await correlateSource(source, {
          ...options,
          zcMethod: options.zc_method,
          out: directory,
          dataDir: dataFolder(options.data_path),
        }),
      );
    });
}
