/** Settings of a search from the options of hnas' `optimize.py`, and the place of its results. */
import { join } from "@std/path";
import { UsageError } from "../common/errors.ts";
import { type Overrides, resolveSearchConfig, type SearchConfig } from "../nas/config/config.ts";
import { spacesOf, trainedObjective } from "./hnas_objectives.ts";
import { hnasModels, type HnasOptions, hnasSpaces } from "./hnas_options.ts";
import { fromHere } from "./paths.ts";
import { definedOnly } from "./run_options.ts";

/** Resolves the options. @throws UsageError where they contradict each other. */
export function hnasConfig(options: HnasOptions): SearchConfig {
  requireFit(options);
  const { preset, max_evaluations_total: total, seed, set, search_space: space } = options;
  const overrides = definedOnly({
    ...objectiveSettings(options),
    ...searcherSettings(options),
    "space.grammar": hnasSpaces[space],
    seed,
    epochs: 1,
    rounds: total,
    perRound: 1,
    // The published cosine ends with the training, however long it is.
    "optimizer.t0": set?.["evaluator.epochs"],
    ...set,
  });
  const published = trainedObjective(options.objective)?.preset ?? "hnas";
  return resolveSearchConfig({
    mode: "grammar",
    preset: preset === "hnas" ? published : preset,
    overrides,
  });
}

function requireFit(
  { search_space: space, objective, log, surrogate_model: model, ...rest }: HnasOptions,
) {
  const spaces = spacesOf(objective);
  if (!spaces.includes(space)) {
    throw new UsageError(
      `Cannot search space ${space} for objective ${objective}: expected --search_space ` +
        spaces.join(" or "),
    );
  }
  if (objective === "debug" && log) {
    throw new UsageError(
      "Cannot take the logarithm of the debug objective: its loss is no error; leave out --log",
    );
  }
  if (rest.searcher !== "bayesian_optimization") return;
  if (model === "gp_nasbot" && space !== "nb201_variable_multi_multi") {
    throw new UsageError(
      `Cannot use gp_nasbot in space ${space}: its distance is of nb201_variable_multi_multi; ` +
        `use gpwl`,
    );
  }
  if (model === "gpwl_hierarchical" && space === "darts") {
    throw new UsageError(
      "Cannot use gpwl_hierarchical in space darts: its cells have no hierarchy; use gpwl",
    );
  }
}

function objectiveSettings({ objective, preset, table, tableDataset }: HnasOptions): Overrides {
  const trained = trainedObjective(objective);
  if (!trained) return { "evaluator.kind": "debug" };
  if (table !== undefined) {
    return {
      "evaluator.kind": "table",
      "evaluator.table": fromHere(table),
      "evaluator.dataset": tableDataset,
    };
  }
  const chosen = { "evaluator.kind": "train", data: trained.data };
  return preset === "hnas" ? { ...chosen, ...trained.settings } : chosen;
}

const acquisitions = { EI: "ei-full", LogEI: "log-ei", AEI: "aei" } as const;
const candidates = {
  random: "random",
  mutation: "mutation",
  evolution: "evolution",
} as const;

function searcherSettings(options: HnasOptions): Overrides {
  const evolution = {
    "strategy.population": 30,
    "strategy.tournament": 10,
  };
  switch (options.searcher) {
    case "random_search":
      return { "strategy.kind": "random" };
    case "regularized_evolution":
      return { "strategy.kind": "evolution", ...evolution };
    case "assisted_regularized_evolution":
      return { "strategy.kind": "assisted-evolution", ...evolution };
    case "bayesian_optimization":
      return {
        "strategy.kind": hnasModels[options.surrogate_model],
        "strategy.initial": options.n_init,
        "strategy.acquisition": acquisitions[options.acquisition],
        "strategy.candidates": candidates[options.pool_strategy],
        "strategy.pool": options.pool_size,
        "strategy.mutations": options.mutate_size,
        "strategy.distinct": !options.no_isomorphism,
        "strategy.settings.noise": options.maximum_noise,
        "strategy.selfCrossover": options.p_self_crossover,
        "strategy.interleaved": options.random_interleave_prob,
        "strategy.target": options.log ? "log" : "error",
      };
  }
}

/** Folder of the results of one searcher and seed. */
export function hnasFolder(options: HnasOptions): string {
  const { working_directory, searcher, surrogate_model, pool_strategy, seed } = options;
  const { pool_size = 200 } = options;
  const name = searcher === "bayesian_optimization"
    ? `${searcher}_${surrogate_model}_${pool_strategy}_pool${pool_size}`
    : searcher;
  return join(fromHere(working_directory), name, String(seed));
}

/** Arguments of args.json that may differ between the processes of a directory. */
export function freeArgs(options: HnasOptions): Record<string, unknown> {
  const { max_evaluations_total, working_directory, data_path } = options;
  return { max_evaluations_total, working_directory, data_path: data_path ?? null };
}

/** Arguments of args.json that decide the results, under the names of the script. */
export function hnasArgs(options: HnasOptions): Record<string, unknown> {
  const { searcher } = options;
  const always = {
    search_space: options.search_space,
    objective: options.objective,
    searcher,
    seed: options.seed,
    log: options.log ?? false,
    adjust_params: options.adjust_params ?? null,
  };
  if (searcher !== "bayesian_optimization") return always;
  return {
    ...always,
    surrogate_model: options.surrogate_model,
    acquisition: options.acquisition,
    pool_strategy: options.pool_strategy,
    pool_size: options.pool_size ?? 200,
    mutate_size: options.mutate_size,
    n_init: options.n_init,
    p_self_crossover: options.p_self_crossover,
    no_isomorphism: options.no_isomorphism ?? false,
    maximum_noise: options.maximum_noise,
    random_interleave_prob: options.random_interleave_prob,
    asynchronous_parallel: options.asynchronous_parallel ?? false,
  };
}
