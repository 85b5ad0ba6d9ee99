/**
 * `--budget 30m`: fits the number of epochs to a time by timing a small part of the run, which is discarded.
 */
import { type DataSet, sliceImages } from "../data/mod.ts";
import { UsageError } from "../common/errors.ts";
import { memoryStore } from "../nas/search/store.ts";
import type { Equipment } from "./equipment.ts";
import { eventsOf, type Job, withConfig } from "../run/job.ts";
import { places } from "./paths.ts";
import { duration } from "./terminal.ts";

/** Steps until most kernels are compiled and the rate is stable; the last report gives the rate. */
const probeSteps = 40;
const probeLogs = 10;
/** Rounds of the controller that are run: the first compiles, the second is timed. */
const probeRounds = 2;

/** Makes the step of `execute` that fits a job's epochs to `budget` seconds. */
export function fitBudget(budget: number) {
  return async (job: Job, equipment: Equipment): Promise<Job> => {
    const { progress } = equipment;
    progress.line(`budget   timing ${probeSteps} steps`);
    const epochSeconds = await timeEpoch(job, equipment);
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

/** Seconds per epoch: its training steps and its evaluation. */
async function timeEpoch(job: Job, equipment: Equipment): Promise<number> {
  const { config } = job;
  const dataset = firstImages(equipment.dataset, probeSteps * config.batch);
  const steps = Math.ceil(equipment.dataset.train.n / config.batch);
  const probe = withConfig(job, { epochs: 1, logEvery: probeLogs }, {
    search: { rounds: probeRounds, roundsEvery: 1 },
    retrain: { evalEvery: 1 },
  });
  let stepSeconds = 0;
  let rest = 0;
  let last = performance.now();
  let firstTrials: number | undefined;
  const { gpu, signal } = equipment;
  const io = { store: memoryStore(), gpu, dataset, signal, cacheDir: places().cacheDir };
  for await (const event of eventsOf(probe, io)) {
    const now = performance.now();
    if (event.type === "step") {
      stepSeconds = config.batch / event.imagesPerSecond;
      last = now;
    } else if (event.type === "trial" && job.command === "search") {
      firstTrials ??= now;
    } else if (event.type === "controller" && job.command === "search") {
      // The trials of a round come together; those of the last round come right before this event.
      const { rounds, roundsEvery } = job.config;
      rest = rounds / roundsEvery * (now - firstTrials!) / (probeRounds - 1) / 1000;
    } else if (event.type === "epoch") {
      if (job.command === "retrain") rest = (now - last) / 1000 / job.config.evalEvery;
      break;
    }
  }
  signal.throwIfAborted();
  const passes = job.command === "search" ? job.config.evaluator.passes ?? 1 : 1;
  return passes * steps * stepSeconds + rest;
}

/** The same data set with fewer training images, not copied. */
function firstImages(dataset: DataSet, count: number): DataSet {
  const { train } = dataset;
  return { ...dataset, train: sliceImages(train, 0, Math.min(train.n, count)) };
}
