/** The schemas of a search's and a retraining's settings, field by field. Presets and overrides: config.ts. */
import { z } from "zod";
import { countOf, limits, nameText, pathText, sizeOf, tooLarge } from "./limits.ts";
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

const architectures = sizeOf(limits.architectures);
const compared = sizeOf(limits.compared);
const share = z.number().gt(0).max(1);

/** How a child network is built; see `ChildConfig` in space.ts for each field. */
const child = z.strictObject({
  form: z.enum(["search", "final"]),
  layers: sizeOf(limits.layers).min(
    3,
    "expected at least 3 layers: two reductions need room (Q20)",
  ),
  filters: sizeOf(limits.filters).min(2)
    .multipleOf(2, "expected an even number: a reduction halves it"),
  rangeFilters: countOf(limits.filters),
  branches: z.number().int().min(4).max(6),
  blocks: sizeOf(limits.blocks),
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
  t0: sizeOf(limits.epochs),
  tMul: sizeOf(limits.epochs),
  /** The first step of each later cycle has the rate of a cycle's share 1/tMul, as released (Q16). */
  restartTransient: z.boolean(),
  /** Factor per so many epochs (staircase). */
  lrDecay: z.number().positive().max(1),
  lrDecayEvery: sizeOf(limits.epochs),
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
  pad: countOf(limits.side),
  /** Crop training pictures of folders at random places, once resized, in place of their centre. */
  crop: z.boolean().default(false),
  flip: z.boolean(),
  /** Turn at random by at most so many radians either way. */
  rotate: z.number().min(0).max(1.6),
  /** Side of the square that is zeroed; 0 = off. */
  cutout: countOf(limits.side),
  cutoutLegacy: z.boolean(),
  /** Images that are evaluated are augmented as well (Q24). */
  inEvaluation: z.boolean(),
});

const controller = z.strictObject({
  hidden: sizeOf(limits.hidden),
  lstmLayers: sizeOf(limits.lstmLayers),
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
  preset: nameText,
  /** A built-in set or an image folder. */
  data: pathText.min(1),
  /** Use only so many images; 0 = all. */
  trainImages: countOf(limits.images),
  validImages: countOf(limits.images),
  /** Side of the square that folder images are resized to; 0 = chosen by the data. */
  image: countOf(limits.side),
  /** Shorter side that folder pictures are resized to before the square is cut; 0 = the square's side. */
  resize: countOf(limits.side).default(0),
  /** What decoded the pictures of a folder when the run began, with its version; "" = nothing. */
  decoder: nameText.default(""),
  /** Scale each channel to mean 0 and deviation 1; otherwise pixels stay 0 … 255 (Q24). */
  normalise: z.boolean(),
  seed: z.number().int().nonnegative().max(2 ** 32 - 1),
  /** A run's folder or file of weights, the first ones here where names and shapes fit; "" = none. */
  initFrom: pathText.default(""),
  epochs: sizeOf(limits.epochs),
  batch: sizeOf(limits.batch),
  child,
  optimizer,
  /** Weight of the auxiliary head's loss. */
  auxWeight: z.number().nonnegative(),
  augment,
  /** Images per batch of an evaluation. */
  evalBatch: sizeOf(limits.batch),
  /** Training steps between two events with their figures. */
  logEvery: sizeOf(limits.steps),
  adapter: z.enum(["default", "high-performance", "low-power", "software"]),
};

/** What scores architectures, see `evaluators/`. */
const evaluator = z.strictObject({
  kind: z.enum(["shared", "table", "train"]),
  /** File of the table. */
  table: pathText,
  /** Data set of the table, the column that is maximised (`-name`: minimised), the one reported; "" = the table's. */
  dataset: nameText,
  objective: nameText,
  report: nameText,
  /** Where a table has several trainings of an architecture: their mean, or one of them at random. */
  runs: z.enum(["mean", "one"]),
  /** Epochs of training from scratch per architecture (train). */
  epochs: sizeOf(limits.epochs),
});

export const searchConfig = z.strictObject({
  ...common,
  mode: nameText,
  evaluator: evaluator.default(sharedWeights),
  strategy: z.enum(allStrategyNames),
  /** Encodings to sample, to perturb and for a predictor; "" = the space's own. */
  encoding: z.strictObject({
    sample: nameText,
    perturb: nameText,
    predictor: nameText,
    /** Follow the quirks of the published encodings. */
    strict: z.boolean(),
  }).default(ownEncoding),
  /** Passes over the training images in each epoch of the search. */
  passes: sizeOf(limits.epochs),
  controller,
  /** θ phase after each epoch: so many rounds of so many architectures each. */
  rounds: sizeOf(limits.epochs),
  perRound: compared,
  /** Rounds follow every so many epochs. */
  roundsEvery: sizeOf(limits.epochs),
  /** Validation images per reward: so many minibatches of this size, the same for a whole round. */
  rewardBatch: sizeOf(limits.batch),
  rewardBatches: sizeOf(limits.batch),
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
    drawn: countOf(limits.architectures),
    best: countOf(limits.architectures),
    /** Validation images that every candidate is scored on; 0 = all. */
    images: countOf(limits.images),
  }).refine(({ drawn, best }) => drawn + best > 0, "expected candidates: drawn or best above 0"),
  evolution: z.strictObject({
    population: architectures,
    tournament: architectures,
    /** Random draws before the first mutation; 0 = as many as the population. */
    initial: countOf(limits.architectures).default(aging.initial),
    /** Who makes room for a child. */
    drop: z.enum(["oldest", "worst"]).default(aging.drop),
    /** As published with the study of encodings: room is made one child too early. */
    strict: z.boolean().default(aging.strict),
  }),
  /** Beside the score, for nsga2 and the Pareto front: `-parameters`, `-macs`, or a column of the table. */
  objectives: z.array(nameText.min(1)).max(limits.objectives.most, tooLarge(limits.objectives))
    .default([]),
  nsga2: z.strictObject({ population: compared, crossover: z.number().min(0).max(1) })
    .default(breeding),
  /** Successive halving and Hyperband; initial 0 = as many as leave one at the longest training. */
  halving: z.strictObject({
    eta: architectures.min(2),
    initial: countOf(limits.architectures),
  }).default(halving),
  localSearch: z.strictObject({
    /** Random draws before each climb. */
    initial: architectures,
    order: z.enum(["random", "fixed"]),
    /** Score whole neighbourhoods instead of going to the first better neighbour. */
    whole: z.boolean(),
    /** What follows a minimum: new draws, or the best architecture that was not expanded. */
    atMinimum: z.enum(["restart", "continue"]),
  }).default(climbing),
  /** Strategies that a predictor guides; 0 and "" = as the strategy has it. */
  guided: z.strictObject({
    /** Random draws before the first fit; architectures asked for between two fits. */
    initial: countOf(limits.compared),
    batch: countOf(limits.compared),
    acquisition: z.enum(["", ...allAcquisitionNames]),
    predictor: z.enum(["", ...allPredictorNames]),
    /** Mutations of the best, uniform draws, or both. */
    candidates: z.enum(["", "mutation", "random", "mutation-random"]),
    /** Of the predictor; 0 and "" = its own. */
    settings: z.strictObject({
      layers: countOf(limits.predictorLayers),
      width: countOf(limits.predictorWidth),
      epochs: countOf(limits.epochs),
      steps: countOf(limits.steps),
      rate: z.number().nonnegative().max(10),
      loss: z.enum(["", "mae", "mse", "mape"]),
      ensemble: countOf(limits.predictorLayers),
    }).default(ownSettings),
  }).default(asPlanned),
  /** Reject larger architectures (0 = no limit): parameters and multiply-adds of the search child. */
  maxParams: z.number().int().nonnegative(),
  maxMacs: z.number().int().nonnegative(),
});

export const retrainConfig = z.strictObject({
  ...common,
  space: nameText,
  /** Train on every training image, without validation. */
  allTraining: z.boolean(),
  /** Validation follows every so many epochs. */
  evalEvery: sizeOf(limits.epochs),
  /** The test images after every epoch as well, for a curve; nothing is chosen by it. */
  evalTestEachEpoch: z.boolean().default(false),
});

export type SearchConfig = z.infer<typeof searchConfig>;
export type RetrainConfig = z.infer<typeof retrainConfig>;
