/**
 * Presets of modular NAS. `modular` and `paper` have the published values; `quick` and `smoke` run the same
 * method on two processor cores.
 */
import {
  none,
  optimizer,
  paperFinal,
  paperSearch,
  quickFinal,
  quickSearch,
  smokeFinal,
  smokeSearch,
} from "../config/preset_defaults.ts";
import type { FinalSection, Presets, SearchSection } from "../config/preset_sections.ts";

/** Shifts by a tenth with repeated edges, and flips. */
const shifted = { ...none, shift: 0.1, flip: true } as const;

const adam = {
  ...optimizer,
  algorithm: "adam",
  schedule: "steps",
  lrMax: 1e-3,
  lrMin: 0,
  l2: 1e-4,
} as const;

const strategy = {
  strategy: "evolution",
  strategySettings: {
    population: 4,
    tournament: 2,
    initial: 0,
    replacement: false,
    distinct: true,
  },
  evaluatorName: "train",
  rounds: 10,
  ownLoop: { rounds: 10, "selection.images": 0 },
  controller: undefined,
} as const;

/** The released code of this method, not that of ENAS. */
const quirks = { instead: ["Q32"] } as const;

/** Published values that a search and a retraining share. */
const common = { quirks, seed: 42, batch: 64, space: {}, augment: shifted } as const;

const published: SearchSection = {
  ...paperSearch,
  ...strategy,
  ...common,
  optimizer: {
    ...adam,
    lrSteps: [
      { after: 50, factor: 0.1 },
      { after: 58, factor: 0.01 },
      { after: 160, factor: 1e-3 },
      { after: 180, factor: 0.5e-3 },
    ],
  },
  evaluator: {
    epochs: 108,
    inherit: "reuse",
    slidingWindows: 5,
    thresholds: { 0: 108, 1: 60, 2: 22, 4: 10 },
  },
};

const publishedTraining: FinalSection = {
  ...paperFinal,
  ...common,
  epochs: 108,
  optimizer: {
    ...adam,
    lrSteps: [
      { after: 85, factor: 0.1 },
      { after: 100, factor: 0.01 },
      { after: 105, factor: 1e-3 },
      { after: 180, factor: 0.5e-3 },
    ],
  },
};

/** Two modules of one block each, batch norm that follows a short training. */
const small = {
  filters: 8,
  stem: 2,
  numStages: 1,
  initialModules: 3,
  minModules: 3,
  maxModules: 3,
  bnDecay: 0.9,
  bnDebias: true,
};

const quick: SearchSection = {
  ...quickSearch,
  ...strategy,
  quirks,
  trainImages: 4096,
  validImages: 1000,
  batch: 64,
  space: small,
  optimizer: { ...adam, lrMax: 3e-3 },
  evaluator: {
    epochs: 4,
    inherit: "reuse",
    slidingWindows: 5,
    thresholds: { 0: 4, 1: 2, 2: 1 },
  },
};

const quickTraining: FinalSection = {
  ...quickFinal,
  quirks,
  space: small,
  optimizer: { ...adam, lrMax: 3e-3, schedule: "cosine" },
};

const smoke = smokeSearch(quick);

export const modularPresets: Presets = {
  search: {
    smoke: {
      ...smoke,
      rounds: 6,
      ownLoop: { rounds: 6, "selection.images": 0 },
      trainImages: 256,
      validImages: 64,
      space: { ...small, filters: 4, initialModules: 2, minModules: 2, maxModules: 2 },
      evaluator: { ...quick.evaluator, epochs: 2, thresholds: { 0: 2, 1: 1 } },
    },
    quick,
    modular: published,
    paper: published,
  },
  final: {
    smoke: { ...smokeFinal(quickTraining), space: { ...small, filters: 4 } },
    quick: quickTraining,
    modular: publishedTraining,
    paper: publishedTraining,
  },
};
