/**
 * `--budget 30m`: fits the number of epochs to a time by timing a small part of the run, which is discarded.
 */
import { UsageError } from "../common/errors.ts";
import { secondsPerEpoch } from "../nas/search/epoch_seconds.ts";
import { memoryStore } from "../nas/search/store.ts";
import type { Equipment } from "./equipment.ts";
import { eventsOf, type Job, withConfig } from "../run/job.ts";
import { places } from "./paths.ts";
import { duration } from "./terminal.ts";

/** Steps until most kernels are compiled and the rate is stable. */
const steps = 40;

/** Makes the step of `execute` that fits a job's epochs to `budget` seconds. */
export function fitBudget(budget: number) {
  return async (job: Job, equipment: Equipment): Promise<Job> => {
    const { progress } = equipment;
    progress.line(`budget   timing ${steps} steps`);
    const epochSeconds = await secondsPerEpoch({
      config: job.config,
      dataset: equipment.dataset,
      steps,
      run: (config, dataset) =>
        eventsOf({ ...job, config } as Job, {
          ...{ signal: equipment.signal, gpu: equipment.gpu, cacheDir: places().cacheDir },
          ...{ store: memoryStore(), dataset },
        }),
    });
    equipment.signal.throwIfAborted();
    const epochs = Math.floor(budget / epochSeconds);
    if (epochs < 1) {
      throw new UsageError(
        `Cannot fit the run into ${duration(budget)}: one epoch takes about ` +
          `${duration(epochSeconds)}; give more time or fewer images (--train-images)`,
      );
    }
    progress.line(`budget   ${epochs} epochs of about ${duration(epochSeconds)}`);
    return withConfig(job, { epochs });
  };
}
