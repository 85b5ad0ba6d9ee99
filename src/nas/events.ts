/**
 * Everything a run can say, as one zod union. The same line is `events.ndjson`, the message of the live
 * stream, the `--json` output and the test fixture. Units are in the names.
 */
import { z } from "zod";

const fraction = z.number();
const choice = z.array(z.number().int().nonnegative());

export const runEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("start"),
    command: z.enum(["search", "retrain"]),
    space: z.string(),
    strategy: z.string().optional(),
    evaluator: z.string().optional(),
    /** Of a search: what its scores are, and whether those of different runs mean the same. */
    score: z.object({ label: z.string(), unit: z.string(), comparable: z.boolean() }).optional(),
    /** Of a search on a table: what it is, and what its columns mean. */
    table: z.object({
      name: z.string(),
      size: z.number().int(),
      objective: z.string(),
      report: z.string(),
    }).optional(),
    adapter: z.object({ description: z.string(), driver: z.string(), fallback: z.boolean() })
      .optional(),
    data: z.object({
      name: z.string(),
      /** One class per image, or any number: accuracies are then shares of images with all labels right. */
      task: z.enum(["single-label", "multi-label"]).optional(),
      train: z.number().int(),
      valid: z.number().int(),
      test: z.number().int(),
      classes: z.array(z.string()),
      image: z.tuple([z.number(), z.number(), z.number()]),
    }).optional(),
    epochs: z.number().int(),
    stepsPerEpoch: z.number().int(),
    /** Trainable parameters: of the supernet in a search, of the network in a retraining. */
    parameters: z.number().int(),
    config: z.unknown(),
  }),
  z.object({
    type: z.literal("step"),
    epoch: z.number().int(),
    /** Steps done over the whole run. */
    step: z.number().int(),
    steps: z.number().int(),
    loss: z.number(),
    /** Of the steps since the last event, as a fraction; so is the loss. */
    trainAccuracy: fraction,
    /** Euclidean norm of the gradient with its L2 term, before clipping: the mean over the same steps. */
    gradientNorm: z.number().optional(),
    learningRate: z.number(),
    imagesPerSecond: z.number(),
    /** Projected time to the end of the whole run. */
    secondsLeft: z.number(),
  }),
  z.object({
    type: z.literal("epoch"),
    epoch: z.number().int(),
    epochs: z.number().int(),
    /** These three are means over all steps of the epoch; zeros and nothing where it has none. */
    loss: z.number(),
    trainAccuracy: fraction,
    gradientNorm: z.number().optional(),
    validAccuracy: fraction.optional(),
    /** Of a search: over all validation images, each batch under another architecture of the policy. */
    policyAccuracy: fraction.optional(),
    /** Of a retraining that was asked to look at the test images after every epoch. */
    testAccuracy: fraction.optional(),
    learningRate: z.number(),
    seconds: z.number(),
    /** The shared-weight score that ended the search here (earlyStopOver). */
    stoppedAt: fraction.optional(),
  }),
  z.object({
    type: z.literal("controller"),
    epoch: z.number().int(),
    /** All figures are means over the epoch's rounds. */
    loss: z.number().optional(),
    gradientNorm: z.number().optional(),
    reward: z.number().optional(),
    entropy: z.number().optional(),
    baseline: z.number().optional(),
    skipRate: z.number().optional(),
    /** Shared-weight score of the one network that the epoch trained (enas-nnabla). */
    trained: fraction.optional(),
    /** Mean probability per option, one row per decision. */
    probabilities: z.array(z.array(z.number())).optional(),
    /** Id of the decision behind each row. */
    decisions: z.array(z.string()).optional(),
  }),
  z.object({
    type: z.literal("trial"),
    trial: z.number().int(),
    epoch: z.number().int(),
    choice,
    key: z.string(),
    /** In the unit that the start names; larger is better. Of a trial without a score: what its strategy was told. */
    score: z.number(),
    on: z.enum(["reward", "selection"]),
    /** Present where there is no score: the evaluation failed, or the limits refused the architecture. */
    status: z.enum(["ok", "failed", "infeasible"]).optional(),
    reason: z.string().optional(),
    /** Ids of the trials whose architectures this one was made from. */
    parents: z.array(z.number().int()).optional(),
    /** Where it was trained from another seed than the search's. */
    seed: z.number().int().optional(),
    /** Epochs of training behind the score, where a search varies them. */
    trainedEpochs: z.number().int().optional(),
    /** Scored untrained or after less than the longest training: it cannot win. */
    partial: z.boolean().optional(),
    /** Where a search has several: all to be maximised, the score first. */
    objectives: z.array(z.number()).optional(),
  }),
  z.object({
    type: z.literal("best"),
    trial: z.number().int(),
    epoch: z.number().int(),
    choice,
    score: fraction,
  }),
  z.object({
    type: z.literal("warmStart"),
    /** Folder of the run whose weights were copied. */
    from: z.string(),
    /** Trainable tensors that were copied, of all; and the parameters in them. */
    tensors: z.number().int(),
    ofTensors: z.number().int(),
    parameters: z.number().int(),
    ofParameters: z.number().int(),
  }),
  z.object({
    type: z.literal("compile"),
    /** Kernels compiled before the first step, of all that the run is known to need. */
    done: z.number().int(),
    of: z.number().int(),
    secondsLeft: z.number(),
  }),
  z.object({ type: z.literal("checkpoint"), step: z.number().int() }),
  z.object({ type: z.literal("resume"), fromStep: z.number().int() }),
  z.object({ type: z.literal("warn"), message: z.string() }),
  z.object({
    type: z.literal("done"),
    seconds: z.number(),
    /** Architectures scored. */
    queries: z.number().int(),
    trainedImages: z.number().int(),
    /** GPU memory of all buffers: weights, images, and what steps compute, free ones kept for later too. */
    peakBytes: z.number().int(),
    /** Epochs done and the shared-weight score that ended the search early. */
    stopped: z.object({ epochs: z.number().int(), score: fraction }).optional(),
    /** Search: the winner. Retrain: the figures of the test set, of the weights after the last epoch. */
    choice: choice.optional(),
    score: fraction.optional(),
    /** On a table: what the score is, and the winner's value of a column that no strategy sees. */
    report: z.object({
      objective: z.string(),
      metric: z.string(),
      value: z.number(),
      /** As that of the score. */
      unit: z.string().optional(),
    }).optional(),
    /** Where there are several objectives: trials that no other one dominates, by falling score. */
    front: z.array(z.object({
      trial: z.number().int(),
      choice,
      objectives: z.array(z.number()),
    })).optional(),
    validAccuracy: fraction.optional(),
    testAccuracy: fraction.optional(),
    /** Retrain: the epoch with the best validation accuracy, and the test accuracy of its weights. */
    best: z.object({
      epoch: z.number().int(),
      validAccuracy: fraction,
      testAccuracy: fraction,
    }).optional(),
    perClassAccuracy: z.array(fraction).optional(),
    /** Row = true class, column = predicted. */
    confusion: z.array(z.array(z.number().int())).optional(),
    /** Several labels per image, in place of the two above; null is a share of nothing (multi_label.ts). */
    multiLabel: z.object({
      exactMatch: fraction,
      constantMatch: fraction,
      meanAveragePrecision: fraction.nullable(),
      classes: z.array(z.object({
        positives: z.number().int(),
        precision: fraction.nullable(),
        recall: fraction.nullable(),
        f1: fraction.nullable(),
        averagePrecision: fraction.nullable(),
      })),
    }).optional(),
  }),
]);

export type RunEvent = z.infer<typeof runEvent>;

/** An event as it stands in the file: `seq` counts from 0 and never repeats within a run folder. */
export type LoggedEvent = RunEvent & { seq: number; time: string };
