/** The schemas of a search's and a retraining's settings, field by field. Presets and overrides: config.ts. */
import { z } from "zod";
import { allPredictorNames } from "./predictors/names.ts";
import { ownSettings } from "./predictors/settings.ts";
import { allAcquisitionNames } from "./strategies/acquisition.ts";
import { allStrategyNames } from "./strategies/names.ts";
import {
  aging,
  asPlanned,
  breeding,
  climbing,
  halving,
  ownEncoding,
  sharedWeights,
} from "./recipes.ts";

const positive = z.number().int().positive();
const count = z.number().int().nonnegative();
const share = z.number().gt(0).max(1);

/** How a child network is built; see `ChildConfig` in space.ts for each field. */
const child = z.strictObject({
  form: z.enum(["search", "final"]),
  layers: z.number().int().min(3, "expected at least 3 layers: two reductions need room (Q20)"),
  filters: z.number().int().min(2).multipleOf(2, "expected an even number: a reduction halves it"),
  rangeFilters: count,
  branches: z.number().int().min(4).max(6),
  // Searches with 20 blocks and more have crashed software Vulkan without a message.
  blocks: positive.max(14, "expected at most 14 blocks"),
  stem: z.literal([1, 2, 4]),
  keep: share,
  dropPathKeep: share,
  auxHead: z.boolean(),
  legacyFixed: z.boolean(),
  legacyReduce: z.boolean(),
  legacyInit: z.boolean(),
  bnEpsilon: z.number().positive(),
  bnDecay: z.number().min(0).lt(1),
  opBnEpsilon: z.number().positive(),
  bnDebias: z.boolean(),
  rewardStatistics: z.enum(["batch", "running"]),
  rewardDropout: z.boolean(),
});

const optimizer = z.strictObject({
  schedule: z.enum(["cosine-restarts", "cosine", "staircase", "constant"]),
  lrMax: z.number().positive(),
  lrMin: z.number().nonnegative(),
  /** First cycle in epochs and its growth (cosine-restarts). */
  t0: positive,
  tMul: positive,
  /** The first step of each later cycle has the rate of a cycle's share 1/tMul, as released (Q16). */
  restartTransient: z.boolean(),
  /** Factor per so many epochs (staircase). */
  lrDecay: z.number().positive().max(1),
  lrDecayEvery: positive,
  momentum: z.number().min(0).lt(1),
  nesterov: z.boolean(),
  /** Momentum starts at 0 in each epoch of a search, as where each training makes an optimiser of its own. */
  resetMomentum: z.boolean().default(false),
  /** λ of λ·Σw², without ½, so that the gradient is 2λw (Q14); with l2Half of λ/2·Σw²: gradient λw. */
  l2: z.number().nonnegative(),
  l2Half: z.boolean(),
  /** Also decay and move by momentum what a step did not touch, as released (Q14, Q15). */
  decayAll: z.boolean(),
  /** The auxiliary head stays as it was at the start; only what lies before it learns from it, as released (Q9). */
  freezeAux: z.boolean(),
  clip: z.enum(["none", "tensor", "global"]),
  clipNorm: z.number().positive(),
});

const augment = z.strictObject({
  /** Zero-pad by this many pixels, then crop at random. */
  pad: count,
  flip: z.boolean(),
  /** Turn at random by at most so many radians either way. */
  rotate: z.number().min(0).max(1.6),
  /** Side of the square that is zeroed; 0 = off. */
  cutout: count,
  cutoutLegacy: z.boolean(),
  /** Images that are evaluated are augmented as well (Q24). */
  inEvaluation: z.boolean(),
});

const controller = z.strictObject({
  hidden: positive,
  lstmLayers: positive,
  optimizer: z.enum(["adam", "momentum"]),
  lr: z.number().positive(),
  /** 0 = off. */
  temperature: z.number().nonnegative(),
  tanhConstant: z.number().nonnegative(),
  /** Micro: operations are shaped by tanhConstant / opTanhReduce. */
  opTanhReduce: z.number().positive(),
  /** Of the entropy in the reward, which takes no gradient, as released (Q13). */
  entropyWeight: z.number().nonnegative(),
  /** Of the full entropy in the loss, where it is differentiated; 0 as released (Q13). */
  entropyBonus: z.number().nonnegative(),
  /** λ of λ·Σ logit² before tanh in the loss: logits where tanh is flat learn no more; 0 as released. */
  logitDecay: z.number().nonnegative(),
  /** What is taken off the reward: its moving average, or nothing. */
  baseline: z.enum(["moving", "none"]),
  baselineDecay: z.number().min(0).lt(1),
  /** Start value of the baseline: 0, or the first reward (Q12). */
  baselineInit: z.enum(["zero", "first"]),
  skipTarget: z.number().gt(0).lt(1),
  skipWeight: z.number().nonnegative(),
  /** Penalty from the true connect probability instead of the original's formula (Q11). */
  skipPenaltyCorrected: z.boolean(),
  /** Start of the micro operation bias for the separable convolutions: 10 in the original, 0 to let it learn. */
  softBias: z.number(),
  /** λ of λ·Σw² over the controller's weights: holds its logits away from where tanh is flat. */
  l2: z.number().nonnegative(),
  /** Of SGD. */
  momentum: z.number().min(0).lt(1),
  /** Adam β1 and ε. */
  beta1: z.number().min(0).lt(1),
  epsilon: z.number().positive(),
});

const common = {
  version: z.literal(1),
  preset: z.string(),
  /** A built-in set or an image folder. */
  data: z.string().min(1),
  /** Use only so many images; 0 = all. */
  trainImages: count,
  validImages: count,
  /** Side of the square that folder images are resized to; 0 = chosen by the data. */
  image: count,
  /** Scale each channel to mean 0 and deviation 1; otherwise pixels stay 0 … 255 (Q24). */
  normalise: z.boolean(),
  seed: z.number().int().nonnegative().max(2 ** 32 - 1),
  /** A run's folder or file of weights, the first ones here where names and shapes fit; "" = none. */
  initFrom: z.string().default(""),
  epochs: positive,
  batch: positive,
  child,
  optimizer,
  /** Weight of the auxiliary head's loss. */
  auxWeight: z.number().nonnegative(),
  augment,
  /** Images per batch of an evaluation. */
  evalBatch: positive,
  /** Training steps between two events with their figures. */
  logEvery: positive,
  adapter: z.enum(["default", "high-performance", "low-power", "software"]),
};

/** What scores architectures, see `evaluators/`. */
const evaluator = z.strictObject({
  kind: z.enum(["shared", "table", "train"]),
  /** File of the table. */
  table: z.string(),
  /** Data set of the table, the column that is maximised (`-name`: minimised), the one reported; "" = the table's. */
  dataset: z.string(),
  objective: z.string(),
  report: z.string(),
  /** Where a table has several trainings of an architecture: their mean, or one of them at random. */
  runs: z.enum(["mean", "one"]),
  /** Epochs of training from scratch per architecture (train). */
  epochs: positive,
});

export const searchConfig = z.strictObject({
  ...common,
  mode: z.string(),
  evaluator: evaluator.default(sharedWeights),
  strategy: z.enum(allStrategyNames),
  /** Encodings to sample, to perturb and for a predictor; "" = the space's own. */
  encoding: z.strictObject({
    sample: z.string(),
    perturb: z.string(),
    predictor: z.string(),
    /** Follow the quirks of the published encodings. */
    strict: z.boolean(),
  }).default(ownEncoding),
  /** Passes over the training images in each epoch of the search. */
  passes: positive,
  controller,
  /** θ phase after each epoch: so many rounds of so many architectures each. */
  rounds: positive,
  perRound: positive,
  /** Rounds follow every so many epochs. */
  roundsEvery: positive,
  /** Validation images per reward: so many minibatches of this size, the same for a whole round. */
  rewardBatch: positive,
  rewardBatches: positive,
  /** One random minibatch for each architecture instead, at the end as well, as released (Q17). */
  ownBatches: z.boolean(),
  /** End once an architecture scores more than this with shared weights; 1 = never. */
  earlyStopOver: share,
  /** After each epoch, the accuracy on all validation images, each batch under another draw (Q18). */
  policyEvaluation: z.boolean(),
  /** The winner: the best of the final candidates, or the architecture that was scored last. */
  select: z.enum(["best", "last"]),
  selection: z.strictObject({
    /** Architectures scored at the end: drawn from the policy, and the best of the trials. */
    drawn: count,
    best: count,
    /** Validation images that every candidate is scored on; 0 = all. */
    images: count,
  }).refine(({ drawn, best }) => drawn + best > 0, "expected candidates: drawn or best above 0"),
  evolution: z.strictObject({
    population: positive,
    tournament: positive,
    /** Random draws before the first mutation; 0 = as many as the population. */
    initial: count.default(aging.initial),
    /** Who makes room for a child. */
    drop: z.enum(["oldest", "worst"]).default(aging.drop),
    /** As published with the study of encodings: room is made one child too early. */
    strict: z.boolean().default(aging.strict),
  }),
  /** Beside the score, for nsga2 and the Pareto front: `-parameters`, `-macs`, or a column of the table. */
  objectives: z.array(z.string().min(1)).default([]),
  nsga2: z.strictObject({ population: positive, crossover: z.number().min(0).max(1) })
    .default(breeding),
  /** Successive halving and Hyperband; initial 0 = as many as leave one at the longest training. */
  halving: z.strictObject({ eta: z.number().int().min(2), initial: count }).default(halving),
  localSearch: z.strictObject({
    /** Random draws before each climb. */
    initial: positive,
    order: z.enum(["random", "fixed"]),
    /** Score whole neighbourhoods instead of going to the first better neighbour. */
    whole: z.boolean(),
    /** What follows a minimum: new draws, or the best architecture that was not expanded. */
    atMinimum: z.enum(["restart", "continue"]),
  }).default(climbing),
  /** Strategies that a predictor guides; 0 and "" = as the strategy has it. */
  guided: z.strictObject({
    /** Random draws before the first fit; architectures asked for between two fits. */
    initial: count,
    batch: count,
    acquisition: z.enum(["", ...allAcquisitionNames]),
    predictor: z.enum(["", ...allPredictorNames]),
    /** Mutations of the best, uniform draws, or both. */
    candidates: z.enum(["", "mutation", "random", "mutation-random"]),
    /** Of the predictor; 0 and "" = its own. */
    settings: z.strictObject({
      layers: count,
      width: count,
      epochs: count,
      steps: count,
      rate: z.number().nonnegative(),
      loss: z.enum(["", "mae", "mse", "mape"]),
      ensemble: count,
    }).default(ownSettings),
  }).default(asPlanned),
  /** Reject larger architectures (0 = no limit): parameters and multiply-adds of the search child. */
  maxParams: count,
  maxMacs: count,
});

export const retrainConfig = z.strictObject({
  ...common,
  space: z.string(),
  /** Train on every training image, without validation. */
  allTraining: z.boolean(),
  /** Validation follows every so many epochs. */
  evalEvery: positive,
});

export type SearchConfig = z.infer<typeof searchConfig>;
export type RetrainConfig = z.infer<typeof retrainConfig>;
