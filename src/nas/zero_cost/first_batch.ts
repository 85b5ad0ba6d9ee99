/** The first batch of the training images: the only images that scores of untrained networks see. */
import { UsageError } from "../../common/errors.ts";
import { type Batch, Batches } from "../../data/batches.ts";
import type { DataSet } from "../../data/dataset.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { SearchConfig } from "../config/config_schema.ts";
import type { RunIO } from "../search/search.ts";
import { openData } from "../train/data_of.ts";

/** A batch in memory of its own, and the data set that it is of. */
export interface FirstBatch {
  batch: Batch;
  data: DataSet;
}

/**
 * Makes the first training batch of a config, augmented as in training. The data set takes no memory on the
 * device afterwards.
 * @param size images in the batch; fewer where the data set has fewer.
 */
export async function firstBatch(
  { config, io, gpu }: {
    config: SearchConfig;
    io: Pick<RunIO, "dataset" | "find">;
    gpu: Gpu | null;
  },
  size: number,
): Promise<FirstBatch> {
  if (!gpu) throw new Error("Cannot score untrained networks: they need a device");
  const data = await openData(config, "search", io);
  const { task, image, mean, deviation, train } = data;
  const n = Math.min(size, train.n);
  const perImage = task === "multi-label" ? [data.classes.length] : [];
  const kept = { images: gpu.empty([n, ...image]), labels: gpu.empty([n, ...perImage]), n };
  using _arena = gpu.arena();
  const augment = { ...config.augment, flip: config.augment.flip && data.flip };
  const batches = new Batches(gpu, train, {
    ...{ task, image, mean, deviation, augment, seed: config.seed, batch: n },
  });
  const first = batches.next(0);
  gpu.copy(first.images, kept.images);
  gpu.copy(first.labels, kept.labels);
  return { batch: kept, data };
}

/** @throws UsageError where a score needs one class per image and the data set has several labels. */
export function requireClasses(name: string, { task, name: data }: DataSet): void {
  if (task === "single-label") return;
  throw new UsageError(
    `Cannot score with ${name} on ${data}: its images have several labels, expected one class each; ` +
      "try nwot",
  );
}
