/**
 * Published settings, value by value. `paper`: the released CIFAR-10 scripts (Pham et al., "Efficient Neural
 * Architecture Search via Parameter Sharing", ICML 2018; the scripts, where paper and scripts differ).
 * `nnabla`: the defaults of the reproduction in Sony's nnabla-examples, on the networks of this project.
 * `codebrim`: the multi-target search of Mundt et al., "Meta-learning Convolutional Neural Architectures for
 * Multi-target Concrete Defect Classification with the COncrete DEfect BRidge IMage Dataset", CVPR 2019.
 */
import { ownSettings } from "./predictors/settings.ts";
import type { RetrainConfig, SearchConfig } from "./config.ts";

/** The evaluator of ENAS; the other fields are of other evaluators. */
export const sharedWeights = {
  kind: "shared",
  table: "",
  dataset: "",
  objective: "",
  report: "",
  runs: "mean",
  epochs: 1,
} as const;

/** Encodings and plain strategies, where a section says nothing else. */
export const ownEncoding = { sample: "", perturb: "", predictor: "", strict: false } as const;
export const aging = { initial: 0, drop: "oldest", strict: false } as const;
export const breeding = { population: 20, crossover: 0.9 } as const;
export const halving = { eta: 3, initial: 0 } as const;
export const asPlanned = {
  initial: 0,
  batch: 0,
  acquisition: "",
  predictor: "",
  candidates: "",
  settings: ownSettings,
} as const;
export const climbing = {
  initial: 1,
  order: "random",
  whole: false,
  atMinimum: "restart",
} as const;

export const child = {
  form: "search",
  branches: 5,
  rangeFilters: 0,
  blocks: 5,
  stem: 1,
  keep: 0.9,
  dropPathKeep: 1,
  auxHead: false,
  legacyFixed: false,
  legacyReduce: false,
  legacyInit: false,
  bnEpsilon: 1e-5,
  bnDecay: 0.9,
  opBnEpsilon: 1e-3,
  bnDebias: true,
  rewardStatistics: "batch",
  rewardDropout: false,
} as const;

export const finalChild = { ...child, form: "final" } as const;

export const optimizer = {
  schedule: "cosine-restarts",
  lrMax: 0.05,
  lrMin: 0.0005,
  t0: 10,
  tMul: 2,
  restartTransient: false,
  lrDecay: 0.1,
  lrDecayEvery: 100,
  momentum: 0.9,
  nesterov: true,
  resetMomentum: false,
  l2: 1e-4,
  l2Half: false,
  decayAll: false,
  freezeAux: false,
  clip: "none",
  clipNorm: 5,
} as const;

export const controller = {
  hidden: 64,
  lstmLayers: 1,
  optimizer: "adam",
  lr: 3.5e-3,
  temperature: 0,
  tanhConstant: 1.1,
  opTanhReduce: 2.5,
  entropyWeight: 1e-4,
  entropyBonus: 0,
  logitDecay: 0,
  baseline: "moving",
  baselineDecay: 0.99,
  baselineInit: "zero",
  skipTarget: 0.4,
  skipWeight: 0,
  skipPenaltyCorrected: false,
  softBias: 10,
  l2: 0,
  momentum: 0.9,
  beta1: 0,
  epsilon: 1e-3,
} as const;

export const none = {
  pad: 0,
  crop: false,
  flip: false,
  rotate: 0,
  cutout: 0,
  cutoutLegacy: false,
  inEvaluation: false,
} as const;
/** NNabla turns pictures, and does not crop them. */
const turned = { ...none, flip: true, rotate: 0.25 } as const;
const standard = { ...none, pad: 4, flip: true } as const;

const common = {
  version: 1,
  trainImages: 0,
  validImages: 0,
  image: 0,
  resize: 0,
  decoder: "",
  normalise: true,
  seed: 1,
  initFrom: "",
  evalBatch: 100,
  logEvery: 50,
  auxWeight: 0.4,
  adapter: "default",
} as const;

export const paperMicro: SearchConfig = {
  ...common,
  preset: "paper",
  mode: "micro",
  evaluator: sharedWeights,
  encoding: ownEncoding,
  localSearch: climbing,
  guided: asPlanned,
  objectives: [],
  nsga2: breeding,
  halving,
  strategy: "enas",
  data: "cifar10",
  epochs: 150,
  passes: 1,
  batch: 160,
  child: { ...child, layers: 6, filters: 20, auxHead: true },
  optimizer,
  augment: standard,
  controller,
  rounds: 30,
  perRound: 10,
  roundsEvery: 1,
  rewardBatch: 160,
  rewardBatches: 1,
  ownBatches: false,
  earlyStopOver: 1,
  policyEvaluation: false,
  select: "best",
  selection: { drawn: 100, best: 10, images: 0 },
  evolution: { ...aging, population: 50, tournament: 10 },
  maxParams: 0,
  maxMacs: 0,
};

export const paperMacro: SearchConfig = {
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

export const paperMicroFinal: RetrainConfig = {
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
  evalEvery: 1,
  evalTestEachEpoch: false,
};

export const paperMacroFinal: RetrainConfig = {
  ...paperMicroFinal,
  space: "macro",
  epochs: 310,
  batch: 100,
  child: { ...finalChild, layers: 24, filters: 96, branches: 4, keep: 0.5 },
  optimizer: { ...optimizer, lrMin: 0.001, l2: 2e-4 },
};

/** NNabla's batch norm: one ε everywhere, running statistics as they are; dropout of one half everywhere. */
const nnablaChild = { keep: 0.5, opBnEpsilon: 1e-5, bnDebias: false } as const;

const nnablaOptimizer = {
  ...optimizer,
  schedule: "constant",
  lrMax: 0.1,
  lrMin: 0,
  nesterov: false,
  l2: 2.5e-4,
  l2Half: true,
} as const;

const nnablaController = {
  ...controller,
  hidden: 32,
  lstmLayers: 2,
  optimizer: "momentum",
  lr: 1e-3,
  tanhConstant: 1.5,
  opTanhReduce: 1,
  entropyWeight: 0,
  // Variance reduction is off by default there.
  baseline: "none",
  baselineDecay: 0.999,
  skipTarget: 0.8,
  skipWeight: 1.5,
  // Its penalty measures the softmax.
  skipPenaltyCorrected: true,
  // A weight decay of 0.025, which is the gradient's coefficient.
  l2: 0.0125,
} as const;

/**
 * Strategy enas-nnabla where nothing else is said: one round of candidates per training, each training with
 * momentum of its own, and the winner is the architecture with the highest score after its training.
 */
export const trainingTheBest = {
  rounds: 1,
  roundsEvery: 1,
  "optimizer.resetMomentum": true,
  "selection.drawn": 0,
  "selection.best": 1,
} as const;

export const nnablaMicro: SearchConfig = {
  ...paperMicro,
  preset: "nnabla",
  strategy: "enas-nnabla",
  selection: { drawn: 0, best: 1, images: 0 },
  epochs: 350,
  passes: 2,
  batch: 64,
  evalBatch: 64,
  auxWeight: 1,
  child: { ...paperMicro.child, ...nnablaChild },
  optimizer: { ...nnablaOptimizer, resetMomentum: true },
  augment: turned,
  controller: nnablaController,
  rounds: 1,
  perRound: 10,
  rewardBatch: 64,
  rewardBatches: 100,
};

export const nnablaMacro: SearchConfig = {
  ...nnablaMicro,
  mode: "macro",
  child: { ...paperMacro.child, ...nnablaChild },
};

export const nnablaMicroFinal: RetrainConfig = {
  ...paperMicroFinal,
  preset: "nnabla",
  epochs: 350,
  batch: 64,
  evalBatch: 64,
  auxWeight: 1,
  child: { ...finalChild, ...nnablaChild, layers: 6, filters: 80, auxHead: true },
  optimizer: { ...nnablaOptimizer, schedule: "cosine", clip: "tensor" },
  augment: turned,
};

export const nnablaMacroFinal: RetrainConfig = {
  ...nnablaMicroFinal,
  space: "macro",
  child: { ...finalChild, ...nnablaChild, layers: 12, filters: 96, branches: 6 },
};

/** Pictures of 224 × 224 pixels; the stem keeps their size. */
const codebrimChild = {
  layers: 7,
  filters: 64,
  branches: 6,
  stem: 1,
  keep: 0.5,
  bnEpsilon: 1e-4,
} as const;

const codebrimOptimizer = { ...optimizer, lrMax: 0.01, lrMin: 1e-5, l2: 5e-4 } as const;

export const codebrimMacro: SearchConfig = {
  ...paperMacro,
  preset: "codebrim",
  data: "codebrim",
  image: 224,
  batch: 16,
  evalBatch: 16,
  child: { ...child, ...codebrimChild },
  optimizer: codebrimOptimizer,
  augment: { ...none, crop: true, flip: true },
  controller: { ...paperMacro.controller, lstmLayers: 2 },
  rounds: 40,
  rewardBatch: 16,
};

export const codebrimMacroFinal: RetrainConfig = {
  ...paperMacroFinal,
  preset: "codebrim",
  data: "codebrim",
  image: 224,
  epochs: 150,
  batch: 16,
  evalBatch: 16,
  child: { ...finalChild, ...codebrimChild },
  optimizer: codebrimOptimizer,
  augment: { ...none, crop: true, flip: true },
  allTraining: false,
};
