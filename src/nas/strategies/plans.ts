/** Plans of the model-based strategies by name. Loaded when one of them is opened, with all predictors. */
import { UsageError } from "../../common/errors.ts";
import type { StrategyContext } from "../definition.ts";
import { choiceEncoding } from "../encodings/choices.ts";
import type { Encoding, Encodings } from "../encodings/encoding.ts";
import { openPredictor, type PredictorName, predictorNames } from "../predictors/mod.ts";
import { chosenSettings, type SettingsInConfig } from "../predictors/settings.ts";
import { logErrors, percentErrors } from "../predictors/targets.ts";
import { graphSignature } from "../graph_kernels/signature.ts";
import type { SearchSpace } from "../space.ts";
import type { AcquisitionName } from "./acquisition.ts";
import { type AcquisitionEvolution, acquisitionEvolution } from "./acquisition_evolution.ts";
import type { CandidatePlan } from "./candidates.ts";
import { type ModelBasedPlan, modelBasedStrategy } from "./model_based.ts";
import {
  type ModelBasedName,
  mutations,
  mutationSampler,
  oneSample,
  type Recipe,
  recipes,
} from "./recipes.ts";
import type { Strategy } from "../strategy.ts";

/** Settings of a plan that the user may change; 0 and "" = the strategy's own. */
export interface ModelBasedConfig {
  /** Random samples before the first fit. */
  initial: number;
  /** Architectures asked for between two fits. */
  batch: number;
  acquisition: AcquisitionName | "";
  predictor: PredictorName | "";
  /** Sources of candidates: mutations of the best, uniform samples, both, or a pool that evolves. */
  candidates: "" | "mutation" | "random" | "mutation-random" | "evolution";
  /** Settings of the predictor. */
  settings: SettingsInConfig;
  /** Scores that the predictor learns: the error, or its logarithm. */
  target?: "" | "log" | "error";
  /** Architectures of a pool that evolves; 0 = the strategy's own number. */
  pool?: number;
  /** Probability that a crossover in this pool takes one architecture twice. */
  selfCrossover?: number;
  /** Share of random samples among the architectures after the first fit. */
  interleaved?: number;
  /** Mutations among the candidates of the mutation sampler; 0 = its own number. */
  mutations?: number;
  /** Ask for only one of several architectures with the same graph. */
  distinct?: boolean;
}

export interface PlanContext<A> {
  space: SearchSpace<A>;
  encodings: Encodings<A>;
  /** Encoding for the predictor; "" = the authors' where the space has it, otherwise the choices. */
  encoding: string;
  /** Number of architectures that will be asked for. */
  budget: number;
}

/**
 * Makes the plan of a model-based strategy.
 * @throws UsageError where the space lacks what it needs.
 */
export function modelBasedPlan<A>(
  name: ModelBasedName,
  config: ModelBasedConfig,
  context: PlanContext<A>,
): ModelBasedPlan<A> {
  const recipe: Recipe = name === "gcn" ? gcnRecipe(context.budget, config.initial) : recipes[name];
  const { space } = context;
  return {
    name,
    initial: Math.max(2, config.initial || recipe.initial),
    batch: config.batch || recipe.batch,
    acquisition: config.acquisition || recipe.acquisition,
    candidates: resized(chosen(config.candidates, recipe, space), config),
    pending: recipe.pending,
    interleaved: config.interleaved,
    predictors: [config.predictor || recipe.predictor].flat().map((predictor) => {
      const { sees } = predictorNames[predictor];
      const encoding = sees === "graph" ? undefined : seen(context, sees, recipe.encoding);
      const settings = chosenSettings(config.settings);
      return openPredictor(predictor, { space, encoding, settings });
    }),
    key: keyOf(space, config.distinct ?? false, recipe.distinct ?? false),
    target: config.target === "log" || recipe.log && config.target !== "error"
      ? logErrors
      : percentErrors,
  };
}

/**
 * Plan of `gcn`. As published, 20 of 172 architectures are picked at the end and the others learned from. 50
 * candidates are ranked for each architecture of the budget.
 * @param own number of architectures to learn from; 0 = the published share.
 */
function gcnRecipe(budget: number, own: number): Recipe {
  const picked = Math.max(1, Math.floor(20 / 172 * budget));
  const initial = own || Math.max(2, budget - picked);
  const candidates = { ...recipes.gcn.candidates, random: 50 * budget };
  return { ...recipes.gcn, initial, batch: Math.max(1, budget - initial), candidates };
}

/** Architectures with equal keys are asked for once: those with the same graph, or the same computation. */
function keyOf<A>(
  space: SearchSpace<A>,
  byGraph: boolean,
  byComputation: boolean,
): (arch: A) => string {
  if (byGraph) return (arch) => space.graphs(arch).map(graphSignature).join(" ");
  return (arch) => byComputation && space.unique ? space.unique(arch) : space.key(arch);
}

/** Candidates in total, where they include uniform samples. */
const FILLED = 200;

function chosen<A>(
  kind: ModelBasedConfig["candidates"],
  { candidates, hierarchical }: Recipe,
  space: SearchSpace<A>,
): CandidatePlan | AcquisitionEvolution {
  const own = hierarchical && space.levels ? hierarchical : candidates;
  if (kind === "") return own;
  if (kind === "evolution") return acquisitionEvolution;
  if ("pool" in own) return kind === "random" ? oneSample : mutationSampler;
  const near = { ...own.parents > 0 ? own : mutations, whole: 0, random: 0 };
  switch (kind) {
    case "mutation":
      return near;
    case "random":
      return { ...near, parents: 0, fill: FILLED };
    case "mutation-random":
      return { ...near, fill: FILLED };
  }
}

function resized(
  plan: CandidatePlan | AcquisitionEvolution,
  { pool, selfCrossover, mutations }: ModelBasedConfig,
): CandidatePlan | AcquisitionEvolution {
  if (!("pool" in plan)) {
    if (plan.fill === undefined) return plan;
    return {
      ...plan,
      fill: pool || plan.fill,
      each: mutations ? Math.ceil(mutations / Math.max(1, plan.parents)) : plan.each,
    };
  }
  return { ...plan, pool: pool || plan.pool, selfCrossover: selfCrossover ?? plan.selfCrossover };
}

/** Encoding for a predictor: the named one, or the default. */
function seen<A>(
  { space, encodings, encoding }: PlanContext<A>,
  sees: "features" | "distance",
  own = sees === "features" ? "trunc_path" : "adj",
): Encoding<A> {
  const found = encodings[encoding || own];
  if (found) return found;
  if (encoding === "" || encoding === "choices") return choiceEncoding(space);
  throw new UsageError(
    `Cannot use encoding ${JSON.stringify(encoding)} in space ${space.name}: expected one of ${
      [...Object.keys(encodings), "choices"].join(", ")
    }`,
  );
}

/** Opens a model-based strategy. @throws UsageError where the space lacks what it needs. */
export function openModelBased(
  name: ModelBasedName,
  given: ModelBasedConfig & { encoding: { predictor: string; perturb: string } },
  { config, space, variation, encodings }: StrategyContext,
): Strategy<unknown> {
  const rounds = Math.floor(config.epochs / config.roundsEvery) * config.rounds;
  const plan = modelBasedPlan(name, given, {
    space,
    encodings,
    encoding: given.encoding.predictor,
    budget: rounds * config.perRound,
  });
  // Several edits at once reach beyond a neighbourhood that is already known.
  const own = given.encoding.perturb === "" && encodings.adj?.perturb;
  return modelBasedStrategy(own ? { ...variation, perturb: own } : variation, config.seed, plan);
}
