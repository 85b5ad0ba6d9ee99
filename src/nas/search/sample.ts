/** Architectures from the policy that a search left, without any more searching. */
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
  /** Other seeds give other draws; the search itself began with that of its config. */
  seed: number;
  /** Told of the device before it draws, and of what records a draw (`Gpu.dryRun`). */
  onDevice?(gpu: Gpu, dryRun: () => void): void;
}

/**
 * n choices, drawn independently: equal ones may occur. Opens a device where the strategy needs one.
 * @throws UsageError where the strategy has nothing to draw from.
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
