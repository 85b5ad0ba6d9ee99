/**
 * Values shared by the presets of several spaces. Sources: Pham et al., ICML 2018, and the released scripts.
 */
import { controllerSettings } from "../controller/settings.ts";
import { optimizerSettings } from "./config_schema.ts";
import type { FinalSection, SearchSection } from "./preset_sections.ts";

export const optimizer = optimizerSettings.parse({
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
});

/** The controller of the released search of cells. */
export const controller = controllerSettings.parse({});

/** No augmentation. */
export const none = {
  pad: 0,
  crop: false,
  flip: false,
  rotate: 0,
  shift: 0,
  cutout: 0,
  cutoutLegacy: false,
  inEvaluation: false,
} as const;
/** Padding by four pixels, a random crop, a flip. */
export const standard = { ...none, pad: 4, flip: true } as const;

const common = {
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

/** The released search of cells on CIFAR-10; other sections are variations of it. */
export const paperSearch: Omit<SearchSection, "space"> = {
  ...common,
  strategy: "enas",
  controller,
  evaluator: { passes: 1, rewardBatch: 160, rewardBatches: 1 },
  objectives: [],
  data: "cifar10",
  epochs: 150,
  batch: 160,
  optimizer,
  augment: standard,
  rounds: 30,
  perRound: 10,
  roundsEvery: 1,
  earlyStopOver: 1,
  select: "best",
  selection: { drawn: 100, best: 10, images: 0 },
  maxParams: 0,
  maxMacs: 0,
};

/** The released training of the network of cells. */
export const paperFinal: Omit<FinalSection, "space"> = {
  ...common,
  form: "final",
  data: "cifar10",
  epochs: 630,
  batch: 144,
  optimizer: { ...optimizer, lrMin: 0.0001, l2: 2e-4 },
  augment: standard,
  allTraining: true,
  evalEvery: 1,
  evalTestEachEpoch: false,
};

/**
 * Controller settings for short searches. The paper's controller takes thousands of steps; with momentum and
 * a small ε it learns in tens. A bias of 10 on the separable convolutions would saturate the tanh and not
 * change.
 */
export const quickController = {
  ...controller,
  lr: 5e-3,
  beta1: 0.9,
  epsilon: 1e-8,
  baselineInit: "first",
  baselineDecay: 0.9,
  softBias: 0,
} as const;

/** The method of `paper` at a size that finishes on two CPU cores in minutes. */
export const quickSearch: Omit<SearchSection, "space"> = {
  ...paperSearch,
  data: "fashion-mnist",
  trainImages: 13440,
  validImages: 2000,
  epochs: 6,
  batch: 96,
  evalBatch: 128,
  logEvery: 10,
  optimizer: { ...optimizer, schedule: "cosine", lrMax: 0.1, lrMin: 0.001 },
  augment: none,
  controller: quickController,
  rounds: 12,
  evaluator: { ...paperSearch.evaluator, rewardBatch: 128 },
  selection: { drawn: 16, best: 4, images: 1000 },
};

export const quickFinal: Omit<FinalSection, "space"> = {
  ...paperFinal,
  data: "fashion-mnist",
  trainImages: 45000,
  validImages: 3000,
  epochs: 2,
  batch: 64,
  evalBatch: 64,
  logEvery: 10,
  optimizer: { ...optimizer, schedule: "cosine", lrMax: 0.1, lrMin: 0, l2: 1e-4 },
  augment: { ...none, flip: true },
  allTraining: false,
};

/** Runs every part of a search for a few steps. */
export const smokeSearch = <S extends Omit<SearchSection, "space">>(quick: S): S => ({
  ...quick,
  trainImages: 1024,
  validImages: 256,
  epochs: 2,
  batch: 32,
  evalBatch: 32,
  rounds: 2,
  perRound: 4,
  evaluator: { ...quick.evaluator, rewardBatch: 32 },
  selection: { drawn: 4, best: 2, images: 128 },
});

export const smokeFinal = <S extends Omit<FinalSection, "space">>(quick: S): S => ({
  ...quick,
  trainImages: 1024,
  validImages: 256,
  epochs: 1,
  batch: 32,
  evalBatch: 32,
});
