/** Work of `denas zero-cost`: scores of untrained networks, all of one architecture per job. */
import * as z from "zod";
import type { FindOptions } from "../../data/mod.ts";
import type { Tuned } from "../../gpu/tuning.ts";
import { ZeroCostScorers } from "../../nas/analysis/zero_cost.ts";
import { parseSearchConfig, type SearchConfig } from "../../nas/config/config.ts";
import { openSpace } from "../../nas/registry.ts";
import { openDevice } from "../../nas/search/search.ts";
import { firstBatch } from "../../nas/zero_cost/first_batch.ts";
import { driverVersion } from "../driver.ts";
import type { Work } from "./work.ts";

/** Settings of the work. */
export interface ScoreOpening {
  config: SearchConfig;
  /** Names of all scores that jobs may want. */
  methods: string[];
  /** Kernel variants, so that every worker computes the same bits. */
  tuning: Tuned;
  /** Folders in which data sets are looked for. */
  find: Pick<FindOptions, "cacheDir" | "dataDir" | "packageDirs">;
}

const judged = z.object({ key: z.string(), choice: z.array(z.number()), result: z.number() });
const scoreJob = z.object({ of: judged, methods: z.array(z.string()) });
/** A job: an architecture, and the scores that are wanted of it. */
export type ScoreJob = z.infer<typeof scoreJob>;

/** The value of a job: a point per score. */
export const scored = z.array(z.object({
  method: z.string(),
  key: z.string(),
  result: z.number(),
  value: z.number().nullable(),
  seconds: z.number(),
}));

export async function openScoreWork(value: unknown, signal: AbortSignal): Promise<Work> {
  const { config: given, methods, tuning, find } = value as ScoreOpening;
  const config = parseSearchConfig(given);
  const { gpu, done } = await openDevice(config.adapter, undefined);
  gpu.tuning.use(tuning, "the command");
  const { seed, evaluator: { scoreBatch } } = config;
  const first = await firstBatch({ config, io: { find }, gpu }, scoreBatch);
  const scorers = new ZeroCostScorers(
    { gpu, space: openSpace(config.space), seed, first },
    methods,
  );
  await scorers.compile(signal);
  const { description, driver } = gpu.adapter;
  return {
    adapter: description,
    driver: driverVersion(description) ?? driver,
    async run(payload, signal) {
      const { of, methods } = scoreJob.parse(payload);
      return await Array.fromAsync(scorers.score(of, methods, signal));
    },
    close: done,
  };
}
