/**
 * All events of a run, as one zod union. The lines of `events.ndjson`, the messages of the live stream, the
 * `--json` output and the test fixtures have this format. Units are in the names.
 */
import * as z from "zod";

const fraction = z.number();
const choice = z.array(z.number().int().nonnegative());

/** Schema of an event, told apart by `type`. */
export const runEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("start"),
    command: z.enum(["search", "retrain"]),
    space: z.string(),
    strategy: z.string().optional(),
    evaluator: z.string().optional(),
    /** Search: meaning of its scores, and whether scores of different runs are comparable. */
    score: z.object({ label: z.string(), unit: z.string(), comparable: z.boolean() }).optional(),
    /** Search on a table: its name and size, and the columns used. */
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
      /**
       * One class per image, or any number of labels: accuracy is then the share of images with all labels
       * right.
       */
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
    /** Accuracy over the steps since the last event, as a fraction. The loss covers the same steps. */
    trainAccuracy: fraction,
    /** Euclidean norm of the gradient with its L2 term, before clipping; mean over the same steps. */
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
    /** Loss, accuracy and gradient norm are means over the epoch's steps; without steps 0, 0 and absent. */
    loss: z.number(),
    trainAccuracy: fraction,
    gradientNorm: z.number().optional(),
    validAccuracy: fraction.optional(),
    /**
     * Search: accuracy over all validation images, each batch under another architecture sampled from the
     * policy.
     */
    policyAccuracy: fraction.optional(),
    /** Retraining with `evalTestEachEpoch`: accuracy on the test images. */
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
    /**
     * Larger is better; the start event names the unit. A trial without a score has the value that `tell`
     * got.
     */
    score: z.number(),
    on: z.enum(["reward", "selection"]),
    /**
     * Present where there is no score: the evaluation failed, or the constraints rejected the architecture.
     */
    status: z.enum(["ok", "failed", "infeasible"]).optional(),
    reason: z.string().optional(),
    /** Ids of the trials whose architectures this one was made from. */
    parents: z.array(z.number().int()).optional(),
    /** Trials whose trained weights its network began with, by slot. */
    inherit: z.array(z.object({ slot: z.string(), donors: z.array(z.number().int()) })).optional(),
    /** Seed of the trial's training, where it is not the search's. */
    seed: z.number().int().optional(),
    /** The model that chose the architecture: its kernels with their settings and weights, and its noise. */
    model: z.object({
      kernels: z.array(z.string()),
      settings: z.array(z.string()),
      weights: z.array(fraction),
      noise: z.number(),
      likelihood: z.number(),
    }).optional(),
    /** Number of trials told before this one was asked; only in asynchronous searches. */
    askedAfter: z.number().int().optional(),
    /** Epochs of training behind the score, where a search varies them. */
    trainedEpochs: z.number().int().optional(),
    /** Scored untrained or after less than the longest training: it cannot win. */
    partial: z.boolean().optional(),
    /** Values of all objectives where there are several; all to be maximised, the score first. */
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
    /** Trainable tensors copied, out of `ofTensors`; then the same for parameters. */
    tensors: z.number().int(),
    ofTensors: z.number().int(),
    parameters: z.number().int(),
    ofParameters: z.number().int(),
  }),
  z.object({
    type: z.literal("compile"),
    /** Kernels compiled before the first step, out of all that the run is known to need. */
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
    /** GPU memory of all buffers in bytes: weights, images, temporaries, and free buffers kept for reuse. */
    peakBytes: z.number().int(),
    /** Epochs done and the shared-weight score that ended the search early. */
    stopped: z.object({ epochs: z.number().int(), score: fraction }).optional(),
    /** Search: the winner. Retraining: test accuracy of the weights after the last epoch. */
    choice: choice.optional(),
    score: fraction.optional(),
    /** Epochs of training of all networks, and those that inherited weights saved against training from scratch. */
    spentEpochs: z.object({ trained: z.number().int(), saved: z.number().int() }).optional(),
    /** Search on a table: the objective, and the winner's value in a column that no strategy sees. */
    report: z.object({
      objective: z.string(),
      metric: z.string(),
      value: z.number(),
      /** Unit of the value, written like that of the score. */
      unit: z.string().optional(),
    }).optional(),
    /** The Pareto front where there are several objectives, by falling score. */
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
    /**
     * Figures for several labels per image, in place of the two above. Null: a ratio with denominator 0
     * (multi_label.ts).
     */
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

/** An event of a search or a retraining, without the number and the time that the log adds. */
export type RunEvent = z.infer<typeof runEvent>;

/** An event as a line of the file: `seq` counts from 0 and never repeats within a run folder. */
export type LoggedEvent = RunEvent & { seq: number; time: string };
