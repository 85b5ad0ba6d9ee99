/** The model-based strategies by name; each is a plan. */
import * as z from "zod";
import { UsageError } from "../../common/errors.ts";
import { defineStrategy, type StrategyDefinition } from "../definition.ts";
import { countOf, limits } from "../config/limits.ts";
import { choiceEncoding } from "../encodings/choices.ts";
import type { Encoding, Encodings } from "../encodings/encoding.ts";
import {
  allPredictorNames,
  openPredictor,
  type PredictorName,
  predictorNames,
} from "../predictors/mod.ts";
import { chosenSettings, ownSettings, type SettingsInConfig } from "../predictors/settings.ts";
import { logErrors, percentErrors } from "../predictors/targets.ts";
import type { SearchSpace } from "../space.ts";
import { type AcquisitionName, allAcquisitionNames } from "./acquisition.ts";
import type { CandidatePlan } from "./candidates.ts";
import { type ModelBasedPlan, modelBasedStrategy } from "./model_based.ts";
import { encodingSettings } from "./settings.ts";

/** Settings of a plan that the user may change; 0 and "" = the strategy's own. */
export interface ModelBasedConfig {
  /** Random samples before the first fit. */
  initial: number;
  /** Architectures asked for between two fits. */
  batch: number;
  acquisition: AcquisitionName | "";
  predictor: PredictorName | "";
  /** Sources of candidates: mutations of the best, uniform samples, or both. */
  candidates: "" | "mutation" | "random" | "mutation-random";
  /** Settings of the predictor. */
  settings: SettingsInConfig;
}

interface Recipe {
  initial: number;
  batch: number;
  predictor: PredictorName | readonly PredictorName[];
  acquisition: AcquisitionName;
  candidates: CandidatePlan;
  /** The predictor learns the logarithm of the error instead of the error in per cent. */
  log?: boolean;
  /** Default encoding for the predictor, in spaces that have it. */
  encoding?: string;
  /** Ask for only one of several architectures with the same computation. */
  distinct?: boolean;
}

/** BANANAS: 100 mutations of the best; of the next best too where fewer than 100 are new. */
const mutations: CandidatePlan = {
  parents: 5,
  each: 100,
  edits: 1,
  enough: 100,
  random: 0,
  climbs: 0,
};
/** Half mutations of the ten best, half uniform samples. */
const half: CandidatePlan = {
  parents: 10,
  each: 10,
  edits: 1,
  changed: true,
  enough: 0,
  random: 100,
  climbs: 0,
};

const recipes = {
  /** White et al., NeurIPS 2020; kernel and candidates follow NASBOT (Kandasamy et al., NeurIPS 2018). */
  gp: {
    initial: 10,
    batch: 1,
    predictor: "gp",
    acquisition: "ucb",
    candidates: { parents: 5, each: 5, edits: 19, enough: 0, random: 0, climbs: 0, rated: 200 },
  },
  "gp-rbf": {
    initial: 10,
    batch: 1,
    predictor: "gp-rbf",
    acquisition: "ei-full",
    candidates: half,
    log: true,
  },
  /** NAS-BOWL (Ru et al., ICLR 2021), without its interpretation of features. */
  "gp-wl": {
    initial: 10,
    batch: 1,
    predictor: "gp-wl",
    acquisition: "ei-full",
    candidates: half,
    log: true,
  },
  /**
   * Two kernels take turns: a search with one kernel can get stuck where that kernel is wrong but certain.
   * Settings were chosen on CIFAR-10 and CIFAR-100 of NAS-Bench-201.
   */
  "gp-mixed": {
    initial: 5,
    batch: 1,
    predictor: ["gp-graph", "gp-mixed"],
    acquisition: "ei-full",
    candidates: { ...half, climbs: 3, whole: 20_000 },
    log: true,
    distinct: true,
  },
  /** White, Neiswanger & Savani, AAAI 2021. */
  bananas: {
    initial: 10,
    batch: 10,
    predictor: "ensemble",
    acquisition: "its",
    candidates: mutations,
  },
  /** DNGO as in the code of the encodings study; naszilla starts with 20 samples and encodes by `adj`. */
  dngo: {
    initial: 10,
    batch: 10,
    predictor: "dngo",
    acquisition: "ucb",
    candidates: mutations,
    encoding: "path",
  },
  /** BOHAMIANN as in naszilla. */
  bohamiann: {
    initial: 20,
    batch: 10,
    predictor: "bohamiann",
    acquisition: "ucb",
    candidates: mutations,
    encoding: "adj",
  },
  /** Wen et al., ECCV 2020: one fit to 8/9 of the budget, then the best of many samples. */
  gcn: {
    initial: 0,
    batch: 0,
    predictor: "gcn",
    acquisition: "mean",
    candidates: { parents: 0, each: 0, edits: 0, enough: 0, random: 0, climbs: 0 },
  },
  /** BONAS (Shi et al., NeurIPS 2020). */
  bonas: {
    initial: 10,
    batch: 10,
    predictor: "bonas",
    acquisition: "ei-full",
    candidates: mutations,
  },
  /** NPENAS-NP (Wei et al., IEEE TNNLS 2022): the predictor selects among the offspring of the best. */
  npenas: {
    initial: 10,
    batch: 10,
    predictor: "bonas",
    acquisition: "mean",
    candidates: { parents: 10, each: 10, edits: 1, enough: 0, random: 0, climbs: 0 },
  },
} as const satisfies Record<string, Recipe>;

export type ModelBasedName = keyof typeof recipes;

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
    candidates: chosen(config.candidates, recipe.candidates),
    predictors: [config.predictor || recipe.predictor].flat().map((predictor) => {
      const { sees } = predictorNames[predictor];
      const encoding = sees === "graph" ? undefined : seen(context, sees, recipe.encoding);
      const settings = chosenSettings(config.settings);
      return openPredictor(predictor, { space, encoding, settings });
    }),
    key: (arch) => recipe.distinct && space.unique ? space.unique(arch) : space.key(arch),
    target: recipe.log ? logErrors : percentErrors,
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

/** Candidates in total, where they include uniform samples. */
const FILLED = 200;

function chosen(kind: ModelBasedConfig["candidates"], own: CandidatePlan): CandidatePlan {
  if (kind === "") return own;
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

const summaries: Record<ModelBasedName, string> = {
  gp: "Bayesian optimisation: a Gaussian process on an encoding's distance",
  "gp-rbf": "Bayesian optimisation: a Gaussian process on an encoding's features",
  "gp-wl": "Bayesian optimisation: a Gaussian process with a graph kernel",
  "gp-mixed": "Bayesian optimisation of a whole small space, by graph and by decisions",
  bananas: "BANANAS: an ensemble of nets on encodings rates mutations of the best",
  dngo: "DNGO: Bayesian linear regression on what a net learned",
  bohamiann: "BOHAMIANN: nets drawn from their posterior",
  gcn: "a graph net learns from some draws and ranks many others",
  bonas: "BONAS: Bayesian linear regression on what a graph net learned",
  npenas: "NPENAS: a graph net chooses among the offspring of the best",
};

/** 0 and "" = the strategy's own. */
const settings = z.strictObject({
  /** Random samples before the first fit, and architectures asked for between two fits. */
  initial: countOf(limits.compared).default(0),
  batch: countOf(limits.compared).default(0),
  acquisition: z.enum(["", ...allAcquisitionNames]).default(""),
  predictor: z.enum(["", ...allPredictorNames]).default(""),
  /** Mutations of the best, uniform samples, or both. */
  candidates: z.enum(["", "mutation", "random", "mutation-random"]).default(""),
  /** Settings of the predictor; 0 and "" = its own defaults. */
  settings: z.strictObject({
    layers: countOf(limits.predictorLayers),
    width: countOf(limits.predictorWidth),
    epochs: countOf(limits.epochs),
    steps: countOf(limits.steps),
    rate: z.number().nonnegative().max(10),
    loss: z.enum(["", "mae", "mse", "mape"]),
    ensemble: countOf(limits.predictorLayers),
  }).default(ownSettings),
  ...encodingSettings,
});

/** Definitions of all model-based strategies. */
export const modelBasedDefinitions: readonly StrategyDefinition[] = Object.entries(summaries).map(
  ([name, summary]) =>
    defineStrategy({
      name,
      summary,
      settings,
      open(given, { config, space, variation, encodings }) {
        const rounds = Math.floor(config.epochs / config.roundsEvery) * config.rounds;
        const plan = modelBasedPlan(name as ModelBasedName, given, {
          space,
          encodings,
          encoding: given.encoding.predictor,
          budget: rounds * config.perRound,
        });
        // Several edits at once reach beyond a neighbourhood that is already known.
        const own = given.encoding.perturb === "" && encodings.adj?.perturb;
        return modelBasedStrategy(
          own ? { ...variation, perturb: own } : variation,
          config.seed,
          plan,
        );
      },
    }),
);
