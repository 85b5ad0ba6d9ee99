/**
 * Evaluation without training: each architecture is scored by its network with random weights. All networks see
 * the same batch of training images and start from the same seed.
 */
import * as z from "zod";
import { UsageError } from "../../common/errors.ts";
import { asOption } from "../config/as_option.ts";
import { limits, sizeOf } from "../config/limits.ts";
import { defineEvaluator } from "../definition.ts";
import { zeroCostNames } from "../zero_cost/names.ts";
import { describeData, saysOf } from "./images.ts";

export const zeroCostDefinition = defineEvaluator({
  name: "zero-cost",
  summary: "the network of each architecture without any training",
  settings: z.strictObject({
    score: z.enum(zeroCostNames).default("nwot").meta(
      asOption(`score of untrained networks, one of ${zeroCostNames.join(", ")}`),
    ),
    /** Training images that the networks see. */
    scoreBatch: sizeOf(limits.batch).default(64).meta(
      asOption("training images that untrained networks are scored on"),
    ),
  }),
  cost: "untrained",
  needsDevice: true,
  loop: { epochs: 1, rounds: 100, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  async open({ score, scoreBatch }, context) {
    const { config, space } = context;
    const gpu = context.gpu!;
    const { firstBatch, ZeroCostEvaluator } = await import("./zero_cost_evaluator.ts");
    const first = await firstBatch(context, scoreBatch);
    const evaluator = new ZeroCostEvaluator({ gpu, space, seed: config.seed, first }, score);
    return {
      evaluator,
      ...saysOf(first.data, config),
      scoreKind: "zero-cost",
      score: { label: `${score} of the untrained network`, unit: "", comparable: true },
      dispatches: evaluator.dryRun,
      figures: () => ({ step: 0, trainedImages: 0, peakBytes: gpu.counters.bufferBytes }),
      warmStart() {
        if (config.initFrom === "") return Promise.resolve(null);
        throw new UsageError(
          "Cannot start from earlier weights: evaluator zero-cost scores untrained networks; leave out --init-from",
        );
      },
      start: { data: describeData(first.data) },
    };
  },
});
