/** Work of `denas correlate`: brief trainings of single architectures, all on the same images. */
import * as z from "zod";
import type { FindOptions } from "../../data/mod.ts";
import type { Tuned } from "../../gpu/tuning.ts";
import { type BriefTraining, trainBriefly } from "../../nas/analysis/correlate.ts";
import { parseSearchConfig, type SearchConfig } from "../../nas/config/config.ts";
import { openDevice } from "../../nas/search/search.ts";
import { openData } from "../../nas/train/data_of.ts";
import { driverVersion } from "../driver.ts";
import type { Work } from "./work.ts";

/** Settings of the work. */
export interface BriefOpening {
  /** Config of the search. */
  config: SearchConfig;
  seed: number;
  /** Kernel variants of the run, so that every worker computes the same bits. */
  tuning: Tuned;
  /** Folders in which data sets are looked for. */
  find: Pick<FindOptions, "cacheDir" | "dataDir" | "packageDirs">;
}

const briefTraining = z.object({
  choice: z.array(z.number()),
  steps: z.number().int().positive(),
}) satisfies z.ZodType<BriefTraining>;

/** The value of a job. */
export const brieflyTrained = z.object({
  choice: z.array(z.number()),
  accuracy: z.number(),
  seconds: z.number(),
});

export async function openBriefTraining(value: unknown, signal: AbortSignal): Promise<Work> {
  const { config: given, seed, tuning, find } = value as BriefOpening;
  const config = parseSearchConfig(given);
  const dataset = await openData(config, "search", { find });
  const { gpu, done } = await openDevice(config.adapter, undefined);
  gpu.tuning.use(tuning, "the run");
  const { description, driver } = gpu.adapter;
  return {
    adapter: description,
    driver: driverVersion(description) ?? driver,
    run: (payload) =>
      trainBriefly({ config, seed, gpu, dataset, signal }, briefTraining.parse(payload)),
    close: done,
  };
}
