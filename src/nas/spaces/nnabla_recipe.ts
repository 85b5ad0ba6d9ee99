/** Defaults of the reproduction in Sony's nnabla-examples, for this project's networks. */
import { controller, none, optimizer, paperFinal, paperSearch } from "../config/preset_defaults.ts";
import type { FinalSection, SearchSection } from "../config/preset_sections.ts";

/** Augmentation of NNabla: it rotates images and does not crop them. */
const turned = { ...none, flip: true, rotate: 0.25 } as const;

/** Dropout of one half; running statistics without bias correction. */
export const nnablaSpace = { keep: 0.5, bnDebias: false } as const;

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
  // NNabla turns variance reduction off by default.
  baseline: "none",
  baselineDecay: 0.999,
  skipTarget: 0.8,
  skipWeight: 1.5,
  // NNabla's penalty uses the softmax probability.
  skipPenaltyCorrected: true,
  // NNabla's weight decay is 0.025, the coefficient in the gradient.
  l2: 0.0125,
} as const;

export const nnablaSearch: Omit<SearchSection, "space"> = {
  ...paperSearch,
  strategy: "enas-nnabla",
  selection: { drawn: 0, best: 1, images: 0 },
  epochs: 350,
  batch: 64,
  evalBatch: 64,
  auxWeight: 1,
  optimizer: { ...nnablaOptimizer, resetMomentum: true },
  augment: turned,
  controller: nnablaController,
  rounds: 1,
  perRound: 10,
  evaluator: { passes: 2, rewardBatch: 64, rewardBatches: 100 },
  quirks: { instead: ["Q5", "Q17", "Q31"] },
};

export const nnablaFinal: Omit<FinalSection, "space"> = {
  ...paperFinal,
  epochs: 350,
  batch: 64,
  evalBatch: 64,
  auxWeight: 1,
  optimizer: { ...nnablaOptimizer, schedule: "cosine", clip: "tensor" },
  augment: turned,
  quirks: { instead: [] },
};
