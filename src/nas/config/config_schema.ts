/** Schemas of the settings of a search and a retraining. Presets and overrides: config.ts. */
import * as z from "zod";
import type { Settings } from "../definition.ts";
import { asOption } from "./as_option.ts";
import { countOf, limits, nameText, pathText, sizeOf, tooLarge } from "./limits.ts";

const compared = sizeOf(limits.compared);
const share = z.number().gt(0).max(1);

/** A change of the learning rate: its factor on `lrMax` for the epochs after `after`, counted from 0. */
const rateStep = z.strictObject({
  after: countOf(limits.epochs),
  factor: z.number().positive().max(1),
});

export const optimizerSettings = z.strictObject({
  /** SGD with momentum, or Adam. */
  algorithm: z.enum(["sgd", "adam"]).default("sgd"),
  schedule: z.enum([
    "cosine-restarts",
    "cosine",
    "staircase",
    "steps",
    "constant",
  ]),
  lrMax: z.number().positive().meta(asOption("highest learning rate", { option: "lr" })),
  lrMin: z.number().nonnegative(),
  /** Length of the first cycle in epochs, and the factor by which cycles grow (cosine-restarts). */
  t0: sizeOf(limits.epochs),
  tMul: sizeOf(limits.epochs),
  /** The first step of each later cycle has the rate at a share 1/tMul of a cycle, as released (Q16). */
  restartTransient: z.boolean(),
  /** Factor applied once per `lrDecayEvery` epochs (staircase). */
  lrDecay: z.number().positive().max(1),
  lrDecayEvery: sizeOf(limits.epochs),
  /** Changes of the rate (steps), by rising epoch: the last one that is reached holds. */
  lrSteps: z.array(rateStep).max(64, "expected at most 64: no published schedule has more")
    .refine(
      (steps) => steps.every(({ after }, i) => i === 0 || after > steps[i - 1].after),
      "expected rising epochs in after",
    ).default([]),
  /** Decays of the running means of gradient and square, and ε (adam). */
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: z.number().positive().default(1e-7),
  momentum: z.number().min(0).lt(1),
  nesterov: z.boolean(),
  /** Reset momentum to 0 at each epoch of a search, like code that makes a new optimiser per epoch. */
  resetMomentum: z.boolean().default(false),
  /** Factor λ of λ·Σw², without ½: gradient 2λw (Q14). With l2Half the term is λ/2·Σw²: gradient λw. */
  l2: z.number().nonnegative(),
  l2Half: z.boolean(),
  /** Weights that a step did not use also get decay and momentum updates, as released (Q14, Q15). */
  decayAll: z.boolean().meta(
    asOption("decay unused weights as well, as the released ENAS code does"),
  ),
  /** The auxiliary head is not trained; only the layers before it learn from its loss, as released (Q9). */
  freezeAux: z.boolean(),
  clip: z.enum(["none", "tensor", "global"]),
  clipNorm: z.number().positive(),
});

const augment = z.strictObject({
  /** Zero-pad by this many pixels, then crop at random. */
  pad: countOf(limits.side),
  /** Crop resized training pictures of folders at random positions instead of the centre. */
  crop: z.boolean().default(false),
  flip: z.boolean(),
  /** Largest random rotation in radians, either way. */
  rotate: z.number().min(0).max(1.6),
  /** Largest shift either way, as a share of the height and of the width; edges are repeated outwards. */
  shift: z.number().min(0).max(1).default(0),
  /** Side of the square that is zeroed; 0 = off. */
  cutout: countOf(limits.side).meta(
    asOption("side of the square that is cut out of training images"),
  ),
  cutoutLegacy: z.boolean(),
  /** Augment images in evaluation too (Q24). */
  inEvaluation: z.boolean(),
});

const common = {
  version: z.literal(2),
  preset: nameText,
  /** A built-in set or an image folder. */
  data: pathText.min(1),
  /** Number of images to use; 0 = all. */
  trainImages: countOf(limits.images).meta(asOption("use only so many training images")),
  validImages: countOf(limits.images).meta(asOption("use only so many validation images")),
  /** Side of the square that folder images are resized to; 0 = chosen by the data. */
  image: countOf(limits.side).meta(asOption("side that folder images are resized to")),
  /** Pictures of folders are resized to this shorter side before the square is cut; 0 = the square's side. */
  resize: countOf(limits.side).default(0),
  /** Decoder of a folder's pictures and its version, set when the run begins; "" = none. */
  decoder: nameText.default(""),
  /** Scale each channel to mean 0 and deviation 1; otherwise pixels stay 0 … 255 (Q24). */
  normalise: z.boolean(),
  seed: z.number().int().nonnegative().max(2 ** 32 - 1).meta(
    asOption("start of all random numbers"),
  ),
  /** Run folder or weights file to initialise from where names and shapes match; "" = none. */
  initFrom: pathText.default(""),
  epochs: sizeOf(limits.epochs).meta(asOption("passes over the training images")),
  batch: sizeOf(limits.batch).meta(asOption("images per training step")),
  optimizer: optimizerSettings,
  /** Weight of the auxiliary head's loss. */
  auxWeight: z.number().nonnegative(),
  augment,
  /** Images per batch of an evaluation. */
  evalBatch: sizeOf(limits.batch),
  /** Training steps per step event. */
  logEvery: sizeOf(limits.steps),
  adapter: z.enum(["default", "high-performance", "low-power", "software"]).meta(
    asOption("default, high-performance, low-power or software"),
  ),
  /** Full paths of the plug-in files that the run needs. */
  plugins: z.array(pathText).max(limits.plugins.most, tooLarge(limits.plugins)).default([]),
};

/**
 * A definition's name with its settings. `registry.ts` checks the settings, so that those of plug-ins are
 * checked like the built-in ones.
 */
const kinded = z.looseObject({ kind: nameText }) as unknown as z.ZodType<Settings>;

/** Settings of a search; `config.ts` checks those of space, strategy and evaluator. */
export const searchConfig = z.strictObject({
  ...common,
  space: kinded,
  strategy: kinded,
  evaluator: kinded,
  /** Rounds of trials after each epoch, and architectures per round. */
  rounds: sizeOf(limits.epochs),
  perRound: compared,
  /** Rounds follow every `roundsEvery` epochs. */
  roundsEvery: sizeOf(limits.epochs),
  /** End once an architecture scores more than this with shared weights; 1 = never. */
  earlyStopOver: share.meta(asOption("end once a shared-weight score is over this")),
  /** The winner: the best of the final candidates, or the architecture that was scored last. */
  select: z.enum(["best", "last"]),
  selection: z.strictObject({
    /** Candidates scored at the end: sampled from the policy, and the best trials. */
    drawn: countOf(limits.architectures),
    best: countOf(limits.architectures),
    /** Validation images that every candidate is scored on; 0 = all. */
    images: countOf(limits.images),
  }).refine(({ drawn, best }) => drawn + best > 0, "expected candidates: drawn or best above 0"),
  /** Objectives beside the score: `-parameters`, `-macs`, or a column of the table. */
  objectives: z.array(nameText.min(1)).max(limits.objectives.most, tooLarge(limits.objectives))
    .default([]),
  /** Constraints on parameters and multiply-adds of the search child; larger ones are rejected; 0 = none. */
  maxParams: z.number().int().nonnegative().meta(
    asOption("reject architectures with more parameters"),
  ),
  maxMacs: z.number().int().nonnegative().meta(
    asOption("reject architectures with more multiply-adds"),
  ),
});

/** Settings of a retraining; `config.ts` checks those of the space. */
export const retrainConfig = z.strictObject({
  ...common,
  /** `search` keeps the network as the search trained it, so that shared weights fit. */
  form: z.enum(["search", "final"]).meta(
    asOption("final (the default), or search: the network as the search trained it"),
  ),
  space: kinded,
  /** Train on every training image, without validation. */
  allTraining: z.boolean(),
  /** Validate every `evalEvery` epochs. */
  evalEvery: sizeOf(limits.epochs),
  /** Evaluate on the test images after every epoch, for a curve; nothing is selected by it. */
  evalTestEachEpoch: z.boolean().default(false).meta(
    asOption("look at the test images after every epoch, for a curve"),
  ),
});

/** All settings of a search, as `searchConfig` parses them and the run folder stores them. */
export type SearchConfig = z.infer<typeof searchConfig>;
/** All settings of a retraining, as `retrainConfig` parses them and the run folder stores them. */
export type RetrainConfig = z.infer<typeof retrainConfig>;
