/** The schemas of a search's and a retraining's settings. Presets and overrides: config.ts. */
import { z } from "zod";
import type { Settings } from "../definition.ts";
import { countOf, limits, nameText, pathText, sizeOf, tooLarge } from "./limits.ts";

const compared = sizeOf(limits.compared);
const share = z.number().gt(0).max(1);

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

const common = {
  version: z.literal(2),
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
  optimizer,
  /** Weight of the auxiliary head's loss. */
  auxWeight: z.number().nonnegative(),
  augment,
  /** Images per batch of an evaluation. */
  evalBatch: sizeOf(limits.batch),
  /** Training steps between two events with their figures. */
  logEvery: sizeOf(limits.steps),
  adapter: z.enum(["default", "high-performance", "low-power", "software"]),
  /** Files whose definitions the run needs, as full paths. */
  plugins: z.array(pathText).max(limits.plugins.most, tooLarge(limits.plugins)).default([]),
};

/**
 * A definition's settings beside its name; `registry.ts` holds what they may be, so that a plug-in's are checked
 * as the built-in ones are.
 */
const kinded = z.looseObject({ kind: nameText }) as unknown as z.ZodType<Settings>;

/** All of a search's settings, of which those of space, strategy and evaluator are checked by `config.ts`. */
export const searchConfig = z.strictObject({
  ...common,
  space: kinded,
  strategy: kinded,
  evaluator: kinded,
  /** θ phase after each epoch: so many rounds of so many architectures each. */
  rounds: sizeOf(limits.epochs),
  perRound: compared,
  /** Rounds follow every so many epochs. */
  roundsEvery: sizeOf(limits.epochs),
  /** End once an architecture scores more than this with shared weights; 1 = never. */
  earlyStopOver: share,
  /** The winner: the best of the final candidates, or the architecture that was scored last. */
  select: z.enum(["best", "last"]),
  selection: z.strictObject({
    /** Architectures scored at the end: drawn from the policy, and the best of the trials. */
    drawn: countOf(limits.architectures),
    best: countOf(limits.architectures),
    /** Validation images that every candidate is scored on; 0 = all. */
    images: countOf(limits.images),
  }).refine(({ drawn, best }) => drawn + best > 0, "expected candidates: drawn or best above 0"),
  /** Beside the score, for nsga2 and the Pareto front: `-parameters`, `-macs`, or a column of the table. */
  objectives: z.array(nameText.min(1)).max(limits.objectives.most, tooLarge(limits.objectives))
    .default([]),
  /** Reject larger architectures (0 = no limit): parameters and multiply-adds of the search child. */
  maxParams: z.number().int().nonnegative(),
  maxMacs: z.number().int().nonnegative(),
});

export const retrainConfig = z.strictObject({
  ...common,
  /** `search` keeps the network as the search trained it, so that its weights fit. */
  form: z.enum(["search", "final"]),
  space: kinded,
  /** Train on every training image, without validation. */
  allTraining: z.boolean(),
  /** Validation follows every so many epochs. */
  evalEvery: sizeOf(limits.epochs),
  /** The test images after every epoch as well, for a curve; nothing is chosen by it. */
  evalTestEachEpoch: z.boolean().default(false),
});

export type SearchConfig = z.infer<typeof searchConfig>;
export type RetrainConfig = z.infer<typeof retrainConfig>;
