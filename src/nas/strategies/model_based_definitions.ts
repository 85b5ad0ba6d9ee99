/** The model-based strategies by name. What opens them is loaded on demand: most searches need no predictor. */
import * as z from "zod";
import { countOf, limits } from "../config/limits.ts";
import { defineStrategy, type StrategyDefinition } from "../definition.ts";
import { allPredictorNames } from "../predictors/names.ts";
import { ownSettings } from "../predictors/settings.ts";
import { allAcquisitionNames } from "./acquisition.ts";
import { acquisitionEvolution } from "./acquisition_evolution.ts";
import { type ModelBasedName, type Recipe, recipes } from "./recipes.ts";
import { encodingSettings } from "./settings.ts";

const summaries: Record<ModelBasedName, string> = {
  gp: "Bayesian optimisation: a Gaussian process on an encoding's distance",
  "gp-rbf": "Bayesian optimisation: a Gaussian process on an encoding's features",
  "gp-wl": "Bayesian optimisation: a Gaussian process with a graph kernel",
  "gp-hwl":
    "Bayesian optimisation: graph kernels of the network and of each level of its hierarchy",
  "gp-nasbot": "Bayesian optimisation: a kernel of degrees and counts of operations",
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
  /** Mutations of the best, uniform samples, both, or a pool that evolves. */
  candidates: z.enum(["", "mutation", "random", "mutation-random", "evolution"]).default(""),
  /** Settings of the predictor; 0 and "" = its own defaults. */
  settings: z.strictObject({
    layers: countOf(limits.predictorLayers),
    width: countOf(limits.predictorWidth),
    epochs: countOf(limits.epochs),
    steps: countOf(limits.steps),
    rate: z.number().nonnegative().max(10),
    loss: z.enum(["", "mae", "mse", "mape"]),
    ensemble: countOf(limits.predictorLayers),
    noise: z.number().nonnegative().max(1),
  }).default(ownSettings),
  ...encodingSettings,
});

/** Further settings of the strategies whose candidates evolve. */
const evolvingSettings = settings.extend({
  /** Scores that the predictor learns: the error, or its logarithm. */
  target: z.enum(["", "log", "error"]).default(""),
  /** Architectures of the pool that evolves. */
  pool: countOf(limits.compared).default(0),
  /** Probability that a crossover takes one architecture as both parents. */
  selfCrossover: z.number().min(0).max(1).default(acquisitionEvolution.selfCrossover),
  /** Share of random samples among the architectures after the first fit. */
  interleaved: z.number().min(0).max(1).default(0),
  /** Mutations among the candidates of the mutation sampler; 0 = its own number. */
  mutations: countOf(limits.compared).default(0),
  /** Ask for only one of several architectures with the same graph. */
  distinct: z.boolean().default(false),
});

/** Whether the candidates of a strategy evolve, at least in spaces with a hierarchy. */
const evolves = ({ candidates, hierarchical }: Recipe): boolean =>
  candidates === acquisitionEvolution || hierarchical === acquisitionEvolution;

/** Definitions of all model-based strategies. */
export const modelBasedDefinitions: readonly StrategyDefinition[] = Object.entries(summaries).map(
  ([name, summary]) =>
    defineStrategy({
      name,
      summary,
      settings: evolves(recipes[name as ModelBasedName]) ? evolvingSettings : settings,
      async open(given, context) {
        const { openModelBased } = await import("./plans.ts");
        return openModelBased(name as ModelBasedName, given, context);
      },
    }),
);
