/** Samples architectures from the policy of a finished search. */
import { UsageError } from "../../common/errors.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { SearchConfig } from "../config/config.ts";
import { openStrategy } from "./parts.ts";
import { openSpace, strategies } from "../registry.ts";
import { openDevice } from "./search.ts";
import type { State } from "../strategy.ts";

export interface SampleOptions {
  config: SearchConfig;
  /** `controller.safetensors` of the search. */
  controller: State["tensors"];
  n: number;
  /** Seed of the samples. The search itself used that of its config. */
  seed: number;
  /** Called before sampling with the device and a function that records one sampling (`Gpu.dryRun`). */
  onDevice?(gpu: Gpu, dryRun: () => void): void;
}

/**
 * Samples n choices independently: some may be equal. Opens a device where the strategy needs one.
 * @throws UsageError where the strategy has no policy.
 */
export async function sampleChoices(options: SampleOptions): Promise<number[][]> {
  const { config, n, seed, controller } = options;
  const space = openSpace(config.space);
  const { kind } = config.strategy;
  const opened = strategies.get(kind).needsDevice
    ? await openDevice(config.adapter, undefined)
    : null;
  try {
    const gpu = opened?.gpu ?? null;
    const strategy = await openStrategy({ ...config, seed }, space, { gpu });
    if (!strategy.sampleFrom) {
      throw new UsageError(
        `Cannot sample from a search by ${kind}: it leaves no controller, expected one by ` +
          `enas, enas-nnabla or random; its ranking.json has what it found`,
      );
    }
    if (gpu) options.onDevice?.(gpu, () => strategy.dryRun?.(n));
    return (await strategy.sampleFrom(controller, n)).map((arch) => space.encode(arch));
  } finally {
    opened?.done();
  }
}
