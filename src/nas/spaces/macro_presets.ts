/**
 * Presets of the macro spaces. `paper` follows the released CIFAR-10 scripts, also where they differ from the
 * paper (Pham et al., "Efficient Neural Architecture Search via Parameter Sharing", ICML 2018). `codebrim` is
 * the multi-target search of Mundt et al., "Meta-learning Convolutional Neural Architectures for Multi-target
 * Concrete Defect Classification with the COncrete DEfect BRidge IMage Dataset", CVPR 2019.
 */
import {
  controller,
  none,
  optimizer,
  paperFinal,
  paperSearch,
  quickController,
  quickFinal,
  quickSearch,
  smokeFinal,
  smokeSearch,
} from "../config/preset_defaults.ts";
import type { FinalSection, Presets, SearchSection } from "../config/preset_sections.ts";
import { nnablaFinal, nnablaSearch, nnablaSpace } from "./nnabla_recipe.ts";

const quick: SearchSection = {
  ...quickSearch,
  epochs: 8,
  batch: 128,
  space: { layers: 6, filters: 16, stem: 2, branches: 6 },
  controller: { ...quickController, tanhConstant: 1.5, skipWeight: 0.8 },
};

const paper: SearchSection = {
  ...paperSearch,
  epochs: 310,
  batch: 128,
  space: { layers: 12, filters: 36, branches: 6 },
  optimizer: { ...optimizer, l2: 2.5e-4 },
  controller: { ...controller, lr: 1e-3, tanhConstant: 1.5, skipWeight: 0.8 },
  rounds: 50,
  perRound: 20,
  evaluator: { ...paperSearch.evaluator, rewardBatch: 128 },
};

const quickTraining: FinalSection = {
  ...quickFinal,
  trainImages: 0,
  space: { layers: 6, filters: 16, stem: 2, branches: 6 },
};

const paperTraining: FinalSection = {
  ...paperFinal,
  epochs: 310,
  batch: 100,
  space: { layers: 24, filters: 96, branches: 4, keep: 0.5 },
  optimizer: { ...optimizer, lrMin: 0.001, l2: 2e-4 },
};

/** Presets that the space of channel ranges has too. */
export const rangePresets: Presets = {
  search: {
    smoke: { ...smokeSearch(quick), space: { ...quick.space, layers: 3, filters: 4 } },
    quick,
    paper,
  },
  final: {
    smoke: {
      ...smokeFinal(quickTraining),
      space: { ...quickTraining.space, layers: 3, filters: 4 },
    },
    quick: quickTraining,
    paper: paperTraining,
  },
};

/** Settings with NNabla's batch norm, which has the same ε everywhere. */
const nnablaMacro = { ...nnablaSpace, opBnEpsilon: 1e-5 } as const;

/** Settings for images of 224 × 224 pixels; the stem keeps their size. */
const codebrimSpace = { layers: 7, filters: 64, branches: 6, keep: 0.5, bnEpsilon: 1e-4 } as const;

const codebrim = {
  data: "codebrim",
  image: 224,
  batch: 16,
  evalBatch: 16,
  space: codebrimSpace,
  optimizer: { ...optimizer, lrMax: 0.01, lrMin: 1e-5, l2: 5e-4 },
  augment: { ...none, crop: true, flip: true },
  quirks: { more: ["Q24", "Q25"] },
} as const;

export const macroPresets: Presets = {
  search: {
    ...rangePresets.search,
    nnabla: { ...nnablaSearch, space: { ...paper.space, ...nnablaMacro } },
    codebrim: {
      ...paper,
      ...codebrim,
      controller: { ...paper.controller!, lstmLayers: 2 },
      rounds: 40,
      evaluator: { ...paper.evaluator, rewardBatch: 16 },
      withBatch: ["evaluator.rewardBatch", "evalBatch"],
    },
  },
  final: {
    ...rangePresets.final,
    nnabla: {
      ...nnablaFinal,
      space: { layers: 12, filters: 96, branches: 6, ...nnablaMacro },
    },
    codebrim: {
      ...paperTraining,
      ...codebrim,
      epochs: 150,
      allTraining: false,
      withBatch: ["evalBatch"],
    },
  },
};
