/** Recipe of a model-based strategy: predictor, acquisition and candidates by name. */
import type { PredictorName } from "../predictors/names.ts";
import type { AcquisitionName } from "./acquisition.ts";
import { type AcquisitionEvolution, acquisitionEvolution } from "./acquisition_evolution.ts";
import type { CandidatePlan } from "./candidates.ts";

/** The three parts of a model-based strategy, and what its authors set. */
export interface Recipe {
  initial: number;
  batch: number;
  predictor: PredictorName | readonly PredictorName[];
  acquisition: AcquisitionName;
  candidates: CandidatePlan | AcquisitionEvolution;
  /** Candidates in spaces with a hierarchy of levels. */
  hierarchical?: AcquisitionEvolution;
  /** Fit anew for each architecture of a round. */
  pending?: boolean;
  /** The predictor learns the logarithm of the error instead of the error in per cent. */
  log?: boolean;
  /** Default encoding for the predictor, in spaces that have it. */
  encoding?: string;
  /** Ask for only one of several architectures with the same computation. */
  distinct?: boolean;
}

/** BANANAS: 100 mutations of the best; of the next best too where fewer than 100 are new. */
export const mutations: CandidatePlan = {
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

/** Schrodi et al., NeurIPS 2023. */
const evolved = {
  initial: 10,
  batch: 1,
  acquisition: "ei-full",
  candidates: acquisitionEvolution,
  pending: true,
  log: true,
} as const;

/** Mutation sampler of the same code: 12 different mutations of each of the ten best, the rest samples. */
export const mutationSampler: CandidatePlan = {
  parents: 10,
  each: 12,
  edits: 1,
  distinct: true,
  enough: 0,
  random: 0,
  fill: 250,
  climbs: 0,
};

/** One sample per query, as for comparison. */
export const oneSample: CandidatePlan = {
  parents: 0,
  each: 0,
  edits: 1,
  enough: 0,
  random: 1,
  climbs: 0,
};

export const recipes = {
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
  "gp-wl": { ...evolved, predictor: "gp-wl", candidates: half, hierarchical: acquisitionEvolution },
  "gp-hwl": { ...evolved, predictor: "gp-hwl" },
  "gp-nasbot": { ...evolved, predictor: "gp-nasbot" },
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
