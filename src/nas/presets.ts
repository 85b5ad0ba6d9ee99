/**
 * The presets: one name, a section per mode and command. `paper`, `nnabla` and `codebrim` are published
 * recipes; `quick` is the method of `paper` at a size that two CPU cores finish in minutes; `smoke` only
 * shows that everything works.
 */
import { type Benchmark, benchmarkFinal, benchmarkSearch } from "./benchmark_presets.ts";
import type { RetrainConfig, SearchConfig } from "./config.ts";
import * as recipes from "./recipes.ts";
import { aging, child, controller, finalChild, none, optimizer, paperMicro } from "./recipes.ts";

export type PresetName = "smoke" | "quick" | "paper" | "nnabla" | "codebrim";

/**
 * The paper's controller takes thousands of steps; with momentum and a small ε it learns in tens. A bias of
 * 10 on the separable convolutions would be frozen by the tanh.
 */
const quickController = {
  ...controller,
  lr: 5e-3,
  beta1: 0.9,
  epsilon: 1e-8,
  baselineInit: "first",
  baselineDecay: 0.9,
  softBias: 0,
} as const;

const quickMicro: SearchConfig = {
  ...paperMicro,
  preset: "quick",
  data: "fashion-mnist",
  trainImages: 13440,
  validImages: 2000,
  epochs: 6,
  batch: 96,
  evalBatch: 128,
  logEvery: 10,
  child: { ...child, layers: 3, filters: 12, stem: 2, blocks: 4 },
  optimizer: { ...optimizer, schedule: "cosine", lrMax: 0.1, lrMin: 0.001 },
  augment: none,
  controller: quickController,
  rounds: 12,
  perRound: 10,
  rewardBatch: 128,
  selection: { drawn: 16, best: 4, images: 1000 },
  evolution: { ...aging, population: 20, tournament: 5 },
};

const quickMacro: SearchConfig = {
  ...quickMicro,
  mode: "macro",
  epochs: 8,
  batch: 128,
  child: { ...child, layers: 6, filters: 16, stem: 2, branches: 6 },
  controller: { ...quickMicro.controller, tanhConstant: 1.5, skipWeight: 0.8 },
};

/** A few steps of everything. */
const smoke = (quick: SearchConfig): SearchConfig => ({
  ...quick,
  preset: "smoke",
  trainImages: 1024,
  validImages: 256,
  epochs: 2,
  batch: 32,
  evalBatch: 32,
  child: { ...quick.child, layers: 3, filters: 4, stem: 2, blocks: 2 },
  rounds: 2,
  perRound: 4,
  rewardBatch: 32,
  selection: { drawn: 4, best: 2, images: 128 },
  evolution: { ...aging, population: 4, tournament: 2 },
});

/** A preset of the macro space for its variant of channel ranges. */
const ranges = (macro: SearchConfig): SearchConfig => ({ ...macro, mode: "macro-range" });
const rangesFinal = (macro: RetrainConfig): RetrainConfig => ({ ...macro, space: "macro-range" });

/** The published multi-target search knows no cells. */
type Sections<T> =
  & Record<"smoke" | "quick" | "paper", Record<"micro" | "macro" | "macro-range" | Benchmark, T>>
  & { nnabla: Record<"micro" | "macro", T>; codebrim: Record<"macro", T> };

export const presets: Sections<SearchConfig> = {
  smoke: {
    micro: smoke(quickMicro),
    macro: smoke(quickMacro),
    "macro-range": ranges(smoke(quickMacro)),
    ...benchmarkSearch.smoke,
  },
  quick: {
    micro: quickMicro,
    macro: quickMacro,
    "macro-range": ranges(quickMacro),
    ...benchmarkSearch.quick,
  },
  paper: {
    micro: paperMicro,
    macro: recipes.paperMacro,
    "macro-range": ranges(recipes.paperMacro),
    ...benchmarkSearch.paper,
  },
  nnabla: { micro: recipes.nnablaMicro, macro: recipes.nnablaMacro },
  codebrim: { macro: recipes.codebrimMacro },
};

const quickMicroFinal: RetrainConfig = {
  ...recipes.paperMicroFinal,
  preset: "quick",
  data: "fashion-mnist",
  trainImages: 45000,
  validImages: 3000,
  epochs: 2,
  batch: 64,
  evalBatch: 64,
  logEvery: 10,
  child: { ...finalChild, layers: 3, filters: 16, stem: 2, blocks: 4 },
  optimizer: { ...optimizer, schedule: "cosine", lrMax: 0.1, lrMin: 0, l2: 1e-4 },
  augment: { ...none, flip: true },
  allTraining: false,
};

const quickMacroFinal: RetrainConfig = {
  ...quickMicroFinal,
  space: "macro",
  trainImages: 0,
  child: { ...finalChild, layers: 6, filters: 16, stem: 2, branches: 6 },
};

const smokeFinal = (quick: RetrainConfig): RetrainConfig => ({
  ...quick,
  preset: "smoke",
  trainImages: 1024,
  validImages: 256,
  epochs: 1,
  batch: 32,
  evalBatch: 32,
  child: { ...quick.child, layers: 3, filters: 4, blocks: 2 },
});

export const retrainPresets: Sections<RetrainConfig> = {
  smoke: {
    micro: smokeFinal(quickMicroFinal),
    macro: smokeFinal(quickMacroFinal),
    "macro-range": rangesFinal(smokeFinal(quickMacroFinal)),
    ...benchmarkFinal.smoke,
  },
  quick: {
    micro: quickMicroFinal,
    macro: quickMacroFinal,
    "macro-range": rangesFinal(quickMacroFinal),
    ...benchmarkFinal.quick,
  },
  paper: {
    micro: recipes.paperMicroFinal,
    macro: recipes.paperMacroFinal,
    "macro-range": rangesFinal(recipes.paperMacroFinal),
    ...benchmarkFinal.paper,
  },
  nnabla: { micro: recipes.nnablaMicroFinal, macro: recipes.nnablaMacroFinal },
  codebrim: { macro: recipes.codebrimMacroFinal },
};

/** Settings that have the value of `batch` wherever they are not given themselves. */
export const asBatch: Partial<Record<PresetName, readonly string[]>> = {
  codebrim: ["rewardBatch", "evalBatch"],
};
