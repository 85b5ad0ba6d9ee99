/** Settings of the ENAS controller; the defaults are those of the released search of cells. */
import * as z from "zod";
import { limits, sizeOf } from "../config/limits.ts";

export const controllerSettings = z.strictObject({
  hidden: sizeOf(limits.hidden).default(64),
  lstmLayers: sizeOf(limits.lstmLayers).default(1),
  optimizer: z.enum(["adam", "momentum"]).default("adam"),
  lr: z.number().positive().default(3.5e-3),
  /** Temperature of the logits; 0 = off. */
  temperature: z.number().nonnegative().default(0),
  tanhConstant: z.number().nonnegative().default(1.1),
  /** Micro space: operation logits are shaped with tanhConstant / opTanhReduce. */
  opTanhReduce: z.number().positive().default(2.5),
  /** Weight of the entropy in the reward, which passes no gradient, as released (Q13). */
  entropyWeight: z.number().nonnegative().default(1e-4),
  /** Weight of the full, differentiated entropy in the loss; 0 as released (Q13). */
  entropyBonus: z.number().nonnegative().default(0),
  /**
   * λ of λ·Σ logit² in the loss, before tanh: logits in tanh's flat range would stop learning. 0 as released.
   */
  logitDecay: z.number().nonnegative().default(0),
  /** Baseline subtracted from the reward: its moving average, or none. */
  baseline: z.enum(["moving", "none"]).default("moving"),
  baselineDecay: z.number().min(0).lt(1).default(0.99),
  /** Start value of the baseline: 0, or the first reward (Q12). */
  baselineInit: z.enum(["zero", "first"]).default("zero"),
  skipTarget: z.number().gt(0).lt(1).default(0.4),
  skipWeight: z.number().nonnegative().default(0),
  /** Computes the penalty from the true connect probability instead of the original's formula (Q11). */
  skipPenaltyCorrected: z.boolean().default(false),
  /** Initial micro operation bias of the separable convolutions: 10 in the original, 0 to let it learn. */
  softBias: z.number().default(10),
  /** λ of λ·Σw² over the controller's weights: keeps its logits out of tanh's flat range. */
  l2: z.number().nonnegative().default(0),
  /** Momentum of SGD. */
  momentum: z.number().min(0).lt(1).default(0.9),
  /** Adam β1 and ε. */
  beta1: z.number().min(0).lt(1).default(0),
  epsilon: z.number().positive().default(1e-3),
}).prefault({});

export type ControllerConfig = z.output<typeof controllerSettings>;
