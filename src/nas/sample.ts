/** Architectures from the controller that a search left, without any more searching. */
import { UsageError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import type { SearchConfig } from "./config.ts";
import { openDevice, openSpace } from "./search.ts";
import { EnasStrategy } from "./strategies/enas.ts";
import { movesOf } from "./strategies/moves.ts";
import { randomStrategy } from "./strategies/random.ts";
import { partOf } from "./progress.ts";
import type { State } from "./strategy.ts";

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
 * n choices, drawn independently: equal ones may occur. Opens a device for the ENAS controller only.
 * @throws UsageError where the strategy has nothing to draw from.
 */
export async function sampleChoices(options: SampleOptions): Promise<number[][]> {
  const { config, n, seed } = options;
  const space = openSpace(config.mode, config.child);
  if (config.strategy === "random") {
    return (await randomStrategy(movesOf(space), seed).draw(n)).map((arch) => space.encode(arch));
  }
  if (config.strategy !== "enas" && config.strategy !== "enas-nnabla") {
    throw new UsageError(
      `Cannot sample from a search by ${config.strategy}: it leaves no controller, expected one by ` +
        `enas, enas-nnabla or random; its ranking.json has what it found`,
    );
  }
  const { gpu, done } = await openDevice(config.adapter, undefined);
  try {
    const strategy = new EnasStrategy(gpu, space, { ...config, seed });
    options.onDevice?.(gpu, () => strategy.dryRun(n));
    strategy.loadController(controllerOf(options));
    return (await strategy.draw(n)).map((arch) => space.encode(arch));
  } finally {
    done();
  }
}

/** The strategy that trains the best candidate keeps its controller as a part of its own. */
function controllerOf({ config, controller }: SampleOptions): State["tensors"] {
  if (config.strategy !== "enas-nnabla") return controller;
  return partOf({ json: {}, tensors: controller }, "learner").tensors;
}
