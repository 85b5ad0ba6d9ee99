/** Time of an epoch, from a small part of a run that is discarded. */
import { type DataSet, sliceImages } from "../../data/dataset.ts";
import type { RetrainConfig, SearchConfig } from "../config/config.ts";
import type { RunEvent } from "../events.ts";

/** Reports of the speed among the timed steps; the last one counts, when most kernels are compiled. */
const reports = 4;
/** Rounds of the controller that are run: the first compiles, the second is timed. */
const timedRounds = 2;

/** A job to be timed: its settings, its images, and a function that runs it with others. */
export interface Timed {
  config: SearchConfig | RetrainConfig;
  dataset: DataSet;
  /** Training steps that are timed. */
  steps: number;
  run(config: Timed["config"], dataset: DataSet): AsyncIterable<RunEvent>;
}

/** Seconds per epoch: its training steps and its evaluation. The caller looks whether the run was stopped. */
export async function secondsPerEpoch({ config, dataset, steps, run }: Timed): Promise<number> {
  const probe = { ...config, epochs: 1, logEvery: steps / reports, ...ofCommand(config) };
  const { train } = dataset;
  const first = sliceImages(train, 0, Math.min(train.n, steps * config.batch));
  let stepSeconds = 0;
  let rest = 0;
  let last = performance.now();
  let firstTrials: number | undefined;
  for await (const event of run(probe as Timed["config"], { ...dataset, train: first })) {
    const now = performance.now();
    if (event.type === "step") {
      stepSeconds = config.batch / event.imagesPerSecond;
      last = now;
    } else if (event.type === "trial" && "rounds" in config) {
      firstTrials ??= now;
    } else if (event.type === "controller" && "rounds" in config) {
      // The trials of a round come together; those of the last round come right before this event.
      const { rounds, roundsEvery } = config;
      rest = rounds / roundsEvery * (now - firstTrials!) / (timedRounds - 1) / 1000;
    } else if (event.type === "epoch") {
      if (!("rounds" in config)) rest = (now - last) / 1000 / config.evalEvery;
      break;
    }
  }
  const passes = "rounds" in config ? config.evaluator.passes ?? 1 : 1;
  return passes * Math.ceil(train.n / config.batch) * stepSeconds + rest;
}

const ofCommand = (config: Timed["config"]) =>
  "rounds" in config ? { rounds: timedRounds, roundsEvery: 1, passes: 1 } : { evalEvery: 1 };
