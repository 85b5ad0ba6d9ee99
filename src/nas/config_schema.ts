/** The schemas of a search's and a retraining's settings. Presets and overrides: config.ts. */
import { z } from "zod";
import type { Settings } from "./definition.ts";

const positive = z.number().int().positive();
const count = z.number().int().nonnegative();
const share = z.number().gt(0).max(1);

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

const common = {
  version: z.literal(2),
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

/**
 * A definition's settings beside its name; `registry.ts` holds what they may be, so that a plug-in's are checked
 * as the built-in ones are.
 */
const kinded = z.looseObject({ kind: z.string() }) as unknown as z.ZodType<Settings>;

/** All of a search's settings, of which those of space, strategy and evaluator are checked by `config.ts`. */
export const searchConfig = z.strictObject({
  ...common,
  space: kinded,
  strategy: kinded,
  evaluator: kinded,
  /** θ phase after each epoch: so many rounds of so many architectures each. */
  rounds: positive,
  perRound: positive,
  /** Rounds follow every so many epochs. */
  roundsEvery: positive,
  /** End once an architecture scores more than this with shared weights; 1 = never. */
  earlyStopOver: share,
  /** The winner: the best of the final candidates, or the architecture that was scored last. */
  select: z.enum(["best", "last"]),
  selection: z.strictObject({
    /** Architectures scored at the end: drawn from the policy, and the best of the trials. */
    drawn: count,
    best: count,
    /** Validation images that every candidate is scored on; 0 = all. */
    images: count,
  }).refine(({ drawn, best }) => drawn + best > 0, "expected candidates: drawn or best above 0"),
  /** Beside the score, for nsga2 and the Pareto front: `-parameters`, `-macs`, or a column of the table. */
  objectives: z.array(z.string().min(1)).default([]),
  /** Reject larger architectures (0 = no limit): parameters and multiply-adds of the search child. */
  maxParams: count,
  maxMacs: count,
});

export const retrainConfig = z.strictObject({
  ...common,
  /** `search` keeps the network as the search trained it, so that its weights fit. */
  form: z.enum(["search", "final"]),
  space: kinded,
  /** Train on every training image, without validation. */
  allTraining: z.boolean(),
  /** Validation follows every so many epochs. */
  evalEvery: positive,
});

export type SearchConfig = z.infer<typeof searchConfig>;
export type RetrainConfig = z.infer<typeof retrainConfig>;
