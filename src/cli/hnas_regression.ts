/** `denas hnas surrogate_regression`: how well hnas' Gaussian processes predict the results of its searches. */
import { join } from "@std/path";
import type { Command } from "commander";
import { UsageError } from "../common/errors.ts";
import { type Regression, regression } from "../nas/analysis/regression.ts";
import { mean, variance } from "../nas/analysis/statistics.ts";
import { limits } from "../nas/config/limits.ts";
import { openSpace } from "../nas/registry.ts";
import type { SearchSpace } from "../nas/space.ts";
import { writeAtomic } from "../run/files.ts";
import { type Evaluated, readPool } from "../run/working_directory/pool.ts";
import { hnasObjectives } from "./hnas_objectives.ts";
import {
  addCommonHnasOptions,
  addModelOption,
  hnasModels,
  type HnasOptions,
  hnasSpaces,
} from "./hnas_options.ts";
import { sizeUpTo } from "./option_values.ts";
import { fromHere, shortPath } from "./paths.ts";
import { print, printError, table } from "./terminal.ts";

interface RegressionCommand
  extends Pick<HnasOptions, "search_space" | "surrogate_model" | "working_directory" | "log"> {
  n_train: number;
  rs_only?: boolean;
  seeds: number;
  json?: boolean;
}

/** Test architectures, of all searches and of random searches alone. */
const held = { all: 500, random: 100 };

export function addRegression(hnas: Command): void {
  const command = hnas.command("surrogate_regression");
  addModelOption(addCommonHnasOptions(command, hnasObjectives))
    .description("Fit a Gaussian process to the results of searches and predict others of them.")
    .option("--n_train <n>", "architectures of a training set", sizeUpTo(limits.compared), 100)
    .option("--rs_only", "use the results of random searches only")
    .option("--seeds <n>", "random training sets: 0 … n − 1", sizeUpTo(limits.seeds), 20)
    .option("--json", "print the file's content")
    .action(run);
}

function run(options: RegressionCommand): void {
  const { working_directory, surrogate_model: model, n_train, rs_only: rsOnly = false } = options;
  const directory = fromHere(working_directory);
  const space = openSpace({ kind: "grammar", grammar: hnasSpaces[options.search_space].grammar });
  const pool = readPool(directory, { rsOnly, warn: printError });
  const found = {
    space,
    archs: pool.map((one) => archOf(space, one)),
    targets: Float64Array.from(pool, ({ error }) => options.log ? Math.log(error) : error),
    predictor: hnasModels[model],
    trainSize: n_train,
    testSize: rsOnly ? held.random : held.all,
  };
  requireFinite(found.targets, pool);
  const results: Record<string, Regression> = {};
  for (let seed = 0; seed < options.seeds; seed++) results[seed] = regression(found, seed);
  const name = `${rsOnly ? "rsOnly_" : ""}surrogate_${model}_${n_train}.json`;
  const file = join(directory, name);
  writeAtomic(file, JSON.stringify(results) + "\n");
  if (options.json) return print(JSON.stringify(results));
  const all = Object.values(results);
  const row = (figure: "pearson" | "spearman" | "kendalltau" | "nll") => {
    const values = all.map((one) => one[figure]);
    return [figure, mean(values).toFixed(4), Math.sqrt(variance(values)).toFixed(4)];
  };
  const rows = (["pearson", "spearman", "kendalltau", "nll"] as const).map(row);
  print(table(["", "mean", "deviation"], rows));
  print(
    `\n${pool.length} architectures, ${all.length} training sets of ${n_train}\n${shortPath(file)}`,
  );
}

/** Architecture of a result. @throws UsageError naming a configuration of another space. */
export function archOf(space: SearchSpace<unknown>, { architecture, folder }: Evaluated): unknown {
  try {
    return space.notation!.parse(architecture);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new UsageError(
      `Cannot use ${shortPath(folder)}: ${cause.message}; name its space with --search_space`,
      { cause },
    );
  }
}

function requireFinite(targets: Float64Array, pool: readonly Evaluated[]): void {
  const at = targets.findIndex((target) => !Number.isFinite(target));
  if (at < 0) return;
  throw new UsageError(
    `Cannot learn ${shortPath(pool[at].folder)}: the logarithm of its error ${pool[at].error} is ` +
      `${targets[at]}, expected an error above 0; leave out --log`,
  );
}
