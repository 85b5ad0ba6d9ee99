/** Settings of a search from the options of hnas' `optimize.py`, and the place of its results. */
import { join } from "@std/path";
import { UsageError } from "../common/errors.ts";
import { type Overrides, resolveSearchConfig, type SearchConfig } from "../nas/config/config.ts";
import { countedParameters } from "../nas/evaluators/debug.ts";
import { openSpace } from "../nas/registry.ts";
import { scoreBatchOf, spacesOf, trainedObjective } from "./hnas_objectives.ts";
import { hnasModels, type HnasOptions, type HnasSpace, hnasSpaces } from "./hnas_options.ts";
import { fromHere } from "./paths.ts";
import { definedOnly } from "./run_options.ts";

/** Resolves the options. @throws UsageError where they contradict each other. */
export function hnasConfig(options: HnasOptions): SearchConfig {
  requireFit(options);
  const { preset, max_evaluations_total: total, seed, set, search_space: space } = options;
  const overrides = definedOnly({
    ...objectiveSettings(options),
    ...searcherSettings(options),
    "space.grammar": hnasSpaces[space].grammar,
    "space.parameters": options.adjust_params && largestCell(options),
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

function requireSpace(space: HnasSpace, objective: string): void {
  const spaces = spacesOf(objective);
  if (spaces.includes(space)) return;
  throw new UsageError(
    `Cannot search space ${space} for objective ${objective}: expected --search_space ` +
      spaces.join(" or "),
  );
}

function requireFit(
  { search_space: space, objective, log, surrogate_model: model, ...rest }: HnasOptions,
) {
  requireSpace(space, objective);
  if (objective === "debug" && log) {
    throw new UsageError(
      "Cannot take the logarithm of the debug objective: its loss is no error; leave out --log",
    );
  }
  if (rest.searcher !== "bayesian_optimization") return;
  const refuses: Record<string, string> = hnasSpaces[space].refuses;
  if (!Object.hasOwn(refuses, model)) return;
  throw new UsageError(`Cannot use ${model} in space ${space}: ${refuses[model]}; use gpwl`);
}

/** Parameters of the cell of 3×3 convolutions in its network: what `--adjust_params max` scales widths by. */
function largestCell({ objective, search_space: space }: HnasOptions): number {
  if (!spacesOf("debug").includes(space)) {
    throw new UsageError(
      `Cannot adjust the parameters of space ${space}: the largest cell is one of NAS-Bench-201; leave out ` +
        `--adjust_params`,
    );
  }
  const cells = openSpace({ kind: "grammar", grammar: "nb201_fixed_1_none" });
  const largest = cells.notation!.parse(`Cell(${new Array(6).fill("conv3x3").join(", ")})`);
  const classes = trainedObjective(objective)?.classes ?? 10;
  return countedParameters(cells, largest, { input: [32, 32, 3], classes });
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

/** Settings under which the untrained networks of an objective are scored. @param more further settings. */
export function untrainedConfig(
  { search_space: space, objective, preset, seed, set }: UntrainedOptions,
  more: Overrides = {},
): SearchConfig {
  requireSpace(space, objective);
  const trained = trainedObjective(objective);
  if (!trained) {
    throw new UsageError(
      "Cannot score untrained networks for objective debug: it has no images; name another --objective",
    );
  }
  return resolveSearchConfig({
    mode: "grammar",
    preset: preset === "hnas" ? trained.preset : preset,
    overrides: definedOnly({
      "strategy.kind": "random",
      "evaluator.kind": "zero-cost",
      "evaluator.scoreBatch": scoreBatchOf(objective),
      data: trained.data,
      "space.grammar": hnasSpaces[space].grammar,
      seed,
      ...more,
      ...set,
    }),
  });
}

/** Options that choose untrained networks and their images. */
export type UntrainedOptions = Pick<
  HnasOptions,
  "search_space" | "objective" | "preset" | "seed" | "set"
>;

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
