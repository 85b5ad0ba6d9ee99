/** Settings of the ENAS controller; the defaults are those of the released search of cells. */
import { z } from "zod";
import { limits, sizeOf } from "../config/limits.ts";

export const controllerSettings = z.strictObject({
  hidden: sizeOf(limits.hidden).default(64),
  lstmLayers: sizeOf(limits.lstmLayers).default(1),
  optimizer: z.enum(["adam", "momentum"]).default("adam"),
  lr: z.number().positive().default(3.5e-3),
  /** 0 = off. */
  temperature: z.number().nonnegative().default(0),
  tanhConstant: z.number().nonnegative().default(1.1),
  /** Micro: operations are shaped by tanhConstant / opTanhReduce. */
  opTanhReduce: z.number().positive().default(2.5),
  /** Of the entropy in the reward, which takes no gradient, as released (Q13). */
  entropyWeight: z.number().nonnegative().default(1e-4),
  /** Of the full entropy in the loss, where it is differentiated; 0 as released (Q13). */
  entropyBonus: z.number().nonnegative().default(0),
  /** λ of λ·Σ logit² before tanh in the loss: logits where tanh is flat learn no more; 0 as released. */
  logitDecay: z.number().nonnegative().default(0),
  /** What is taken off the reward: its moving average, or nothing. */
  baseline: z.enum(["moving", "none"]).default("moving"),
  baselineDecay: z.number().min(0).lt(1).default(0.99),
  /** Start value of the baseline: 0, or the first reward (Q12). */
  baselineInit: z.enum(["zero", "first"]).default("zero"),
  skipTarget: z.number().gt(0).lt(1).default(0.4),
  skipWeight: z.number().nonnegative().default(0),
  /** Penalty from the true connect probability instead of the original's formula (Q11). */
  skipPenaltyCorrected: z.boolean().default(false),
  /** Start of the micro operation bias for the separable convolutions: 10 in the original, 0 to let it learn. */
  softBias: z.number().default(10),
  /** λ of λ·Σw² over the controller's weights: holds its logits away from where tanh is flat. */
  l2: z.number().nonnegative().default(0),
  /** Of SGD. */
  momentum: z.number().min(0).lt(1).default(0.9),
  /** Adam β1 and ε. */
  beta1: z.number().min(0).lt(1).default(0),
  epsilon: z.number().positive().default(1e-3),
}).prefault({});

export type ControllerConfig = z.output<typeof controllerSettings>;
