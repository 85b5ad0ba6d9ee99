/** Parts shared by the spaces of published benchmarks: stages of equal cells, and a classifier with bias. */
import * as z from "zod";
import { limits, sizeOf } from "../config/limits.ts";
import type { Value } from "../../autodiff/tape.ts";
import { channels, conv, convNorm, convNormRelu, linear, type Net, stem } from "../../nn/layers.ts";
import { constantInit, heInit, type Init, torchInit } from "../../nn/init.ts";
import { add, avgPool2d, biasAdd, globalAvgPool, relu } from "../../ops/mod.ts";
import { FILTERS, LAYERS, networkSettings } from "./settings.ts";

/** Settings of a network of stages: total number of cells, and channels of the first stage. */
export const benchmarkSettings = (
  { stages, cells, filters, leastFilters = 1 }: {
    stages: number;
    cells: number;
    filters: number;
    leastFilters?: number;
  },
) =>
  z.strictObject({
    layers: sizeOf(limits.layers).min(stages).multipleOf(
      stages,
      `expected a multiple of ${stages}: the same number of cells in each of ${stages} stages`,
    ).default(cells).meta(LAYERS),
    filters: sizeOf(limits.filters).min(leastFilters).default(filters).meta(FILTERS),
    ...networkSettings,
  });
export type BenchmarkSettings = z.output<ReturnType<typeof benchmarkSettings>>;

/** Global average pool and linear layer with bias: `[n, h, w, c]` → `[n, classes]`. Weights: `w`, `b`. */
export function denseHead(net: Net, x: Value, classes: number): Value {
  return net.scope("head", () => {
    const logits = linear(net, globalAvgPool(x), classes);
    return biasAdd(logits, net.param("b", [classes], constantInit(0)));
  });
}

/** Linear layer with bias: weights `w` by `init`, `b` as PyTorch has it. */
export const linearWithBias = (net: Net, x: Value, out: number, init: typeof torchInit): Value =>
  biasAdd(linear(net, x, out, init), net.param("b", [out], torchInit(channels(x))));

/** Scope name of a cell. Cells are numbered through all stages. */
export const cellName = (stage: number, perStage: number, i: number): string =>
  `cell${stage * perStage + i}`;

/** Twice the channels of a map: the width after a reduction. */
export const doubled = (x: Value): number => 2 * channels(x);

/** First layer: 3×3 convolution with the config's channels and stride, batch norm, ReLU. */
export const plainStem = (net: Net, images: Value, config: BenchmarkSettings): Value =>
  stem(net, images, config.filters, config.stem, convNormRelu);

/**
 * Halves the size: two 3×3 convolutions, added to a 2×2 average pool followed by a 1×1 convolution without norm.
 * @param init first weights, from the number of inputs of an output.
 */
export function residualReduction(
  net: Net,
  x: Value,
  out: number,
  init: (fanIn: number) => Init = heInit,
): Value {
  const half = convNorm(net, "a", relu(x), { k: 3, out, stride: 2, init });
  const main = convNorm(net, "b", relu(half), { k: 3, out, init });
  const pooled = avgPool2d(x, { k: 2, stride: 2, padding: "same" });
  return add(main, net.scope("shortcut", () => conv(net, pooled, { k: 1, out, init })));
}
