/**
 * The presets: one name, a section per mode and command. `paper` holds every value of the released CIFAR-10
 * scripts (Pham et al., "Efficient Neural Architecture Search via Parameter Sharing", ICML 2018; the
 * scripts, where paper and scripts differ). `quick` is the same method at a size that two CPU cores finish
 * in minutes; `smoke` only shows that everything works.
 */
import type { RetrainConfig, SearchConfig } from "./config.ts";

export type PresetName = "smoke" | "quick" | "paper";

const child = {
  form: "search",
  branches: 5,
  blocks: 5,
  stem: 1,
  keep: 0.9,
  dropPathKeep: 1,
  auxHead: false,
  legacyFixed: false,
  legacyReduce: false,
  bnEpsilon: 1e-5,
  bnDecay: 0.9,
  rewardStatistics: "batch",
} as const;

const finalChild = { ...child, form: "final" } as const;

const optimizer = {
  schedule: "cosine-restarts",
  lrMax: 0.05,
  lrMin: 0.0005,
  t0: 10,
  tMul: 2,
  momentum: 0.9,
  nesterov: true,
  l2: 1e-4,
  decayAll: false,
  clip: "none",
  clipNorm: 5,
} as const;

const controller = {
  hidden: 64,
  lstmLayers: 1,
  lr: 3.5e-3,
  temperature: 0,
  tanhConstant: 1.1,
  opTanhReduce: 2.5,
  entropyWeight: 1e-4,
  entropyBonus: 0,
  baselineDecay: 0.99,
  baselineInit: "zero",
  skipTarget: 0.4,
  skipWeight: 0,
  skipPenaltyCorrected: false,
  softBias: 10,
  beta1: 0,
  epsilon: 1e-3,
} as const;

const none = { pad: 0, flip: false, cutout: 0, cutoutLegacy: false } as const;
const standard = { pad: 4, flip: true, cutout: 0, cutoutLegacy: false } as const;

const common = {
  version: 1,
  trainImages: 0,
  validImages: 0,
  image: 0,
  seed: 1,
  adapter: "default",
} as const;

const paperMicro: SearchConfig = {
  ...common,
  preset: "paper",
  mode: "micro",
  strategy: "enas",
  data: "cifar10",
  epochs: 150,
  batch: 160,
  child: { ...child, layers: 6, filters: 20, auxHead: true },
  optimizer,
  augment: standard,
  controller,
  rounds: 30,
  perRound: 10,
  rewardBatch: 160,
  selection: { drawn: 100, best: 10, images: 0 },
  evolution: { population: 50, tournament: 10 },
  maxParams: 0,
  maxMacs: 0,
};

const paperMacro: SearchConfig = {
  ...paperMicro,
  mode: "macro",
  epochs: 310,
  batch: 128,
  child: { ...child, layers: 12, filters: 36, branches: 6 },
  optimizer: { ...optimizer, l2: 2.5e-4 },
  controller: { ...controller, lr: 1e-3, tanhConstant: 1.5, skipWeight: 0.8 },
  rounds: 50,
  perRound: 20,
  rewardBatch: 128,
};

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
  epochs: 4,
  batch: 96,
  child: { ...child, layers: 3, filters: 12, stem: 2, blocks: 4 },
  optimizer: { ...optimizer, schedule: "cosine", lrMax: 0.1, lrMin: 0.001 },
  augment: none,
  controller: quickController,
  rounds: 12,
  perRound: 10,
  rewardBatch: 128,
  selection: { drawn: 16, best: 4, images: 1000 },
  evolution: { population: 20, tournament: 5 },
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
  child: { ...quick.child, layers: 3, filters: 4, stem: 2, blocks: 2 },
  rounds: 2,
  perRound: 4,
  rewardBatch: 32,
  selection: { drawn: 4, best: 2, images: 128 },
  evolution: { population: 4, tournament: 2 },
});

export const presets: Record<PresetName, Record<"micro" | "macro", SearchConfig>> = {
  smoke: { micro: smoke(quickMicro), macro: smoke(quickMacro) },
  quick: { micro: quickMicro, macro: quickMacro },
  paper: { micro: paperMicro, macro: paperMacro },
};

const paperMicroFinal: RetrainConfig = {
  ...common,
  preset: "paper",
  space: "micro",
  data: "cifar10",
  epochs: 630,
  batch: 144,
  child: { ...finalChild, layers: 15, filters: 36, keep: 0.8, dropPathKeep: 0.6, auxHead: true },
  optimizer: { ...optimizer, lrMin: 0.0001, l2: 2e-4 },
  augment: standard,
  allTraining: true,
  auxWeight: 0.4,
};

const paperMacroFinal: RetrainConfig = {
  ...paperMicroFinal,
  space: "macro",
  epochs: 310,
  batch: 100,
  child: { ...finalChild, layers: 24, filters: 96, branches: 4, keep: 0.5 },
  optimizer: { ...optimizer, lrMin: 0.001, l2: 2e-4 },
};

const quickMicroFinal: RetrainConfig = {
  ...paperMicroFinal,
  preset: "quick",
  data: "fashion-mnist",
  validImages: 3000,
  epochs: 1,
  batch: 64,
  child: { ...finalChild, layers: 3, filters: 16, stem: 2, blocks: 4 },
  optimizer: { ...optimizer, schedule: "cosine", lrMax: 0.1, lrMin: 0, l2: 1e-4 },
  augment: { ...none, flip: true },
  allTraining: false,
};

const quickMacroFinal: RetrainConfig = {
  ...quickMicroFinal,
  space: "macro",
  epochs: 2,
  child: { ...finalChild, layers: 6, filters: 16, stem: 2, branches: 6 },
};

const smokeFinal = (quick: RetrainConfig): RetrainConfig => ({
  ...quick,
  preset: "smoke",
  trainImages: 1024,
  validImages: 256,
  epochs: 1,
  batch: 32,
  child: { ...quick.child, layers: 3, filters: 4, blocks: 2 },
});

export const retrainPresets: Record<PresetName, Record<"micro" | "macro", RetrainConfig>> = {
  smoke: { micro: smokeFinal(quickMicroFinal), macro: smokeFinal(quickMacroFinal) },
  quick: { micro: quickMicroFinal, macro: quickMacroFinal },
  paper: { micro: paperMicroFinal, macro: paperMacroFinal },
};
