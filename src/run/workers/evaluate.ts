/** Work of a search: evaluates single trials with the run's own evaluator, opened from the same config. */
import * as z from "zod";
import type { FindOptions } from "../../data/mod.ts";
import type { Tuned } from "../../gpu/tuning.ts";
import { parseSearchConfig, type SearchConfig } from "../../nas/config/config.ts";
import type { Result, ScoredOn } from "../../nas/evaluator.ts";
import { openedEvaluator } from "../../nas/plugin_open.ts";
import { evaluators, openSpace } from "../../nas/registry.ts";
import { openDevice } from "../../nas/search/search.ts";
import type { Pending } from "../../nas/search/position.ts";
import { kernelsDigest } from "../../nas/tuning/kernels.ts";
import { driverVersion } from "../driver.ts";
import { readAttachment } from "./attachments.ts";
import { type Begun, begun, type CheckpointOptions, JobCheckpoints } from "./checkpoints.ts";
import type { Work } from "./work.ts";

/** Settings of the work. */
export interface EvaluateOpening {
  config: SearchConfig;
  /** Kernel variants of the run, so that every worker computes the same bits. */
  tuning: Tuned;
  /** Folders in which data sets are looked for. */
  find: Pick<FindOptions, "cacheDir" | "dataDir" | "packageDirs">;
}

/** A job: one trial and the purpose of its evaluation. */
export interface EvaluateJob {
  trial: Pick<Pending, "id" | "choice" | "epochs" | "partial" | "parents" | "seed">;
  on: ScoredOn;
}
const evaluateJob = z.object({
  trial: z.looseObject({
    id: z.number().int().nonnegative(),
    choice: z.array(z.number()),
    epochs: z.number().positive().optional(),
    seed: z.number().optional(),
  }),
  on: z.enum(["reward", "selection"]),
});

/** The value of a job. */
export interface Evaluated extends Begun {
  result: Result;
  /** Training steps and images of this trial, and memory of the worker. */
  figures: { step: number; trainedImages: number; peakBytes: number };
}

const score = z.object({
  value: z.number(),
  loss: z.number().optional(),
  objectives: z.array(z.number()).optional(),
});
const common = { trial: z.number().int(), seconds: z.number() };
/** Schema of a job's value: it comes from another process or another machine. */
export const evaluated = z.object({
  result: z.discriminatedUnion("status", [
    z.object({ ...common, status: z.literal("ok"), score }),
    z.object({ ...common, status: z.enum(["failed", "infeasible"]), reason: z.string() }),
  ]),
  figures: z.object({ step: z.number(), trainedImages: z.number(), peakBytes: z.number() }),
  ...begun.shape,
});

export async function openEvaluate(
  value: unknown,
  signal: AbortSignal,
  options?: CheckpointOptions,
): Promise<Work> {
  const { config: given, tuning, find } = value as EvaluateOpening;
  const config = parseSearchConfig(given);
  const { kind, ...own } = config.evaluator;
  const definition = evaluators.get(kind);
  const space = openSpace(config.space);
  const device = definition.needsDevice ? await openDevice(config.adapter, undefined) : undefined;
  const gpu = device?.gpu ?? null;
  gpu?.tuning.use(tuning, "the run");
  const { description } = gpu?.adapter ?? {};
  const driver = description === undefined
    ? undefined
    : driverVersion(description) ?? gpu!.adapter.driver;
  // The same data set may have another path on another machine.
  const settings = { ...config, data: "" };
  const checkpoints = options &&
    new JobCheckpoints(options, { settings, tuning, kernelsDigest, description, driver });
  const io = { signal, find, cacheDir: find.cacheDir, checkpoints };
  let weights: string | undefined;
  const { evaluator, figures } = await openedEvaluator(definition, own, {
    config,
    space,
    gpu,
    io,
  });
  return {
    adapter: description,
    driver,
    async run(payload, signal, job): Promise<Evaluated> {
      checkpoints?.start(job);
      const { trial: { choice, ...trial }, on } = evaluateJob.parse(payload) as EvaluateJob;
      const { attachment } = job;
      if (attachment !== undefined && attachment !== weights) {
        evaluator.takeWeights!(readAttachment(attachment));
        weights = attachment;
      }
      const before = figures();
      const trials = [{ ...trial, arch: space.decode(choice) }];
      for await (const result of evaluator.evaluate(trials, on, signal)) {
        const { step, trainedImages, peakBytes } = figures();
        return {
          result,
          figures: {
            step: step - before.step,
            trainedImages: trainedImages - before.trainedImages,
            peakBytes,
          },
          ...checkpoints?.begun,
        };
      }
      throw new Error(`Cannot go on: the evaluator gave no result of trial ${trial.id}`);
    },
    close: () => device?.done(),
  };
}
