/** Shared by evaluators that train networks on images: data sets on the device, and network inputs. */
import { Batches } from "../../data/batches.ts";
import type { DataSet } from "../../data/dataset.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { SearchConfig } from "../config/config_schema.ts";
import { describeData, openData } from "../train/data_of.ts";
import type { EvaluatorContext, OpenEvaluator } from "../definition.ts";
import type { BuildContext, SearchSpace } from "../space.ts";

/** Inputs for building and training the networks of a search. */
export interface ImageParts<A> {
  gpu: Gpu;
  space: SearchSpace<A>;
  config: SearchConfig;
  context: Omit<BuildContext, "weights">;
  train: Batches;
  valid: Batches;
}

/**
 * Opens the data set of a search.
 * @param validBatch largest batch of validation images.
 */
export async function openImages(
  { config, space, io, gpu }: EvaluatorContext,
  validBatch: number,
): Promise<{ parts: ImageParts<unknown>; data: DataSet }> {
  if (!gpu) throw new Error(`Cannot open evaluator ${config.evaluator.kind}: it needs a device`);
  const data = await openData(config, "search", io);
  const { task, image, mean, deviation } = data;
  const augment = { ...config.augment, flip: config.augment.flip && data.flip };
  const common = { task, image, mean, deviation, augment, seed: config.seed };
  const parts: ImageParts<unknown> = {
    gpu,
    space,
    config,
    context: { input: image, classes: data.classes.length, form: "search" },
    train: new Batches(gpu, data.train, { ...common, batch: config.batch }),
    valid: new Batches(gpu, data.valid, { ...common, batch: validBatch }),
  };
  return { parts, data };
}

/** Network inputs and data fields of the architecture file, from the data set. */
export function saysOf(
  data: DataSet,
  config: SearchConfig,
): Pick<OpenEvaluator, "target" | "arch"> {
  const { image, classes, task } = data;
  return {
    target: { input: image, classes: classes.length },
    arch: { input: [...image], classes: [...classes], task, data: config.data },
  };
}

export { describeData };
