/** The data set of a config. */
import type { DataSet } from "../../data/dataset.ts";
import { UsageError } from "../../common/errors.ts";
import type { SearchConfig } from "../config/config_schema.ts";
import type { RunEvent } from "../events.ts";
import type { RunIO } from "../search/search.ts";

/** The caller's data set, or the one that the config names. */
export async function openData(
  config: Pick<
    SearchConfig,
    | "data"
    | "seed"
    | "image"
    | "resize"
    | "decoder"
    | "augment"
    | "normalise"
    | "trainImages"
    | "validImages"
  >,
  splits: "search" | "final",
  { dataset, find }: Pick<RunIO, "dataset" | "find">,
): Promise<DataSet> {
  const data = dataset ?? await loadData(config, splits, find);
  if (splits === "search" && data.valid.n === 0) {
    throw new UsageError(
      `Cannot train on ${config.data}: of ${data.train.n} images a tenth for validation is none, ` +
        `expected at least 10; add pictures, or a folder valid with some of each class`,
    );
  }
  if (config.normalise) return data;
  return { ...data, mean: data.mean.map(() => 0), deviation: data.mean.map(() => 1 / 255) };
}

async function loadData(
  config: Parameters<typeof openData>[0],
  splits: "search" | "final",
  find: RunIO["find"],
): Promise<DataSet> {
  if (!find) {
    throw new UsageError(
      `Cannot load ${config.data}: got neither a data set nor places to look for it`,
    );
  }
  const { loadDataSet } = await import("../../data/load.ts");
  const data = await loadDataSet(config.data, {
    ...find,
    splits,
    seed: config.seed,
    side: config.image || undefined,
    resize: config.resize || undefined,
    wholeTraining: config.augment.crop,
    trainLimit: config.trainImages || undefined,
    validLimit: config.validImages || undefined,
  });
  const { decoder = "", notes } = data;
  if (config.decoder !== "" && config.decoder !== decoder) {
    notes.push(
      `The run began with pictures decoded by ${config.decoder}; now it is ${
        decoder || "no decoder"
      }: ` +
        `figures may differ slightly.`,
    );
  }
  return data;
}

/** Data fields of the start event. */
export function describeData(data: DataSet): Extract<RunEvent, { type: "start" }>["data"] {
  const { name, task, train, valid, testCount, classes, image } = data;
  return {
    name,
    task,
    train: train.n,
    valid: valid.n,
    test: testCount,
    classes,
    image: [...image],
  };
}
