/** Evaluation by a brief training: its definition and settings. */
import * as z from "zod";
import { UsageError } from "../../common/errors.ts";
import { Batches } from "../../data/batches.ts";
import type { DataSet } from "../../data/dataset.ts";
import { asOption } from "../config/as_option.ts";
import { countOf, limits, sizeOf } from "../config/limits.ts";
import { defineEvaluator, type EvaluatorContext } from "../definition.ts";
import { problemOf, type Thresholds } from "../search/thresholds.ts";
import { zeroCostNames } from "../zero_cost/names.ts";
import { describeData, openImages, saysOf } from "./images.ts";

const settings = z.strictObject({
  /** Epochs of training per architecture, where it inherits nothing. */
  epochs: sizeOf(limits.epochs).default(1),
  inherit: z.enum(["none", "reuse", "average"]).default("none").meta(
    asOption(
      "train: begin with the weights of the oldest earlier network that has a layer too (reuse), or with the " +
        "mean of the newest (average)",
    ),
  ),
  slidingWindows: sizeOf(limits.compared).default(5).meta(
    asOption("train: most networks in a mean of inherited weights"),
  ),
  /** Without any: the published shares of `epochs`. */
  thresholds: z.record(
    z.string().regex(/^\d{1,5}$/, "expected numbers of donors as names"),
    sizeOf(limits.epochs),
  ).refine((given) => Object.keys(given).length <= 100, "expected at most 100 of them")
    .check(({ value, issues }) => {
      const problem = Object.keys(value).length > 0 ? problemOf(value) : undefined;
      if (problem) issues.push({ code: "custom", message: problem, input: value });
    })
    .default({}).meta(
      asOption('train: epochs by the donors of every slot, {"0":108,"1":60,"2":22,"4":10}'),
    ),
  /** Score of untrained networks by which each round is filtered before training; "" = none. */
  filterScore: z.enum(["", ...zeroCostNames]).default("").meta(
    asOption("train only the best of each round by this score of untrained networks (zero-cost)"),
  ),
  filterTop: z.number().gt(0).max(1).default(0.25).meta(
    asOption("share of a round's new architectures that passes --filter-score, at least one"),
  ),
  /** Step after which a training ends whose validation error is above `giveUpError`; 0 = none. */
  giveUpAt: countOf(limits.steps).default(0),
  giveUpError: z.number().min(0).max(1).default(1),
  keepWeights: sizeOf(limits.megabytes).default(4096).meta(
    asOption("train: most MiB of weights kept for later networks to inherit"),
  ),
  /** Images that networks are scored on. With `test` the winner is chosen by the test set. */
  fitness: z.enum(["validation", "test"]).default("validation"),
});
type TrainSettings = z.output<typeof settings>;

/** Published thresholds: donors to epochs. */
const PUBLISHED = { 0: 108, 1: 60, 2: 22, 4: 10 };

/** The thresholds given, or the published shares of the epochs. */
function thresholdsOf({ thresholds, epochs }: TrainSettings): Thresholds {
  if (Object.keys(thresholds).length > 0) return thresholds;
  return Object.fromEntries(
    Object.entries(PUBLISHED).map(([donors, of108]) => [
      donors,
      Math.max(1, Math.round(epochs * of108 / PUBLISHED[0])),
    ]),
  );
}

export const trainDefinition = defineEvaluator({
  name: "train",
  summary: "each architecture trained briefly",
  settings,
  cost: "training",
  needsDevice: true,
  // Nothing is sampled at the end: scores do not change, and each new one costs a training.
  loop: { epochs: 1, rounds: 20, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  async open(settled, context) {
    // A plug-in that trains by this definition may give the epochs alone.
    const given = settings.parse(settled);
    const { config, io: { store, checkpoints }, space } = context;
    const { inherit, fitness, filterScore, filterTop } = given;
    const inherits = inherit !== "none";
    if (inherits && !store) {
      throw new UsageError(
        "Cannot inherit weights: the caller gave no store to keep them in, expected one; try --inherit none",
      );
    }
    const { parts, data } = await openImages(context, config.evalBatch);
    const thresholds = thresholdsOf(given);
    // Loaded on demand, as is all that other evaluators do without.
    const [{ TrainEvaluator }, { Inheritance }] = await Promise.all([
      import("./train_evaluator.ts"),
      import("../search/inheritance.ts"),
    ]);
    const files = inherits ? store!.weights : null;
    const evaluator = new TrainEvaluator({
      ...parts,
      epochs: inherits ? thresholds[0] : given.epochs,
      scored: fitness === "test" ? await testImages(context, data) : parts.valid,
      files,
      checkpoints,
      ...given.giveUpAt > 0 && { giveUp: { step: given.giveUpAt, error: given.giveUpError } },
      ...filterScore && {
        filter: await (await import("../zero_cost/filter.ts"))
          .openFilter(context, { name: filterScore, top: filterTop }),
      },
    });
    const network = { ...parts.context, form: "final" } as const;
    return {
      evaluator,
      ...inherits && {
        inheritance: new Inheritance(space, network, { ...given, inherit, thresholds }, files!),
      },
      ...saysOf(data, config),
      scoreKind: "trained-briefly",
      score: {
        label: labelOf(given),
        unit: "fraction",
        comparable: true,
      },
      dispatches: () => evaluator.dryRun(),
      figures: () => evaluator.figures(),
      warmStart() {
        if (config.initFrom === "") return Promise.resolve(null);
        throw new UsageError(
          "Cannot start from earlier weights: evaluator train begins each network anew; leave out --init-from",
        );
      },
      start: { data: describeData(data) },
    };
  },
});

function labelOf({ fitness, inherit }: TrainSettings): string {
  const images = fitness === "test"
    ? "TEST accuracy, by which the winner is chosen,"
    : "validation accuracy";
  const from = inherit === "none" ? "" : " from inherited weights";
  return `${images} after a short training${from}`;
}

async function testImages({ config, gpu }: EvaluatorContext, data: DataSet): Promise<Batches> {
  const { task, image, mean, deviation } = data;
  const common = { task, image, mean, deviation, augment: null, seed: config.seed };
  return new Batches(gpu!, await data.test(), { ...common, batch: config.evalBatch });
}
