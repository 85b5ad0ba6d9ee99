/** What the spaces of published benchmarks share: stages of equal cells, and a classifier with bias. */
import type { Value } from "../../autodiff/tape.ts";
import { UsageError } from "../../errors.ts";
import { channels, convNormRelu, linear, type Net, stem } from "../../nn/layers.ts";
import { constantInit } from "../../nn/init.ts";
import { biasAdd, globalAvgPool } from "../../ops/mod.ts";
import type { ChildConfig } from "../space.ts";

/** Throws a UsageError unless the cells can be spread evenly over the stages. */
export function requireStages(space: string, { layers }: ChildConfig, stages: number): void {
  if (!Number.isInteger(layers) || layers < stages || layers % stages !== 0) {
    throw new UsageError(
      `Cannot make ${space} space: got ${layers} layers, expected a multiple of ${stages}: ` +
        `the same number of cells in each of ${stages} stages`,
    );
  }
}

/** Global average pool and linear layer with bias: `[n, h, w, c]` → `[n, classes]`; weights `w`, `b`. */
export function denseHead(net: Net, x: Value, classes: number): Value {
  return net.scope("head", () => {
    const logits = linear(net, globalAvgPool(x), classes);
    return biasAdd(logits, net.param("b", [classes], constantInit(0)));
  });
}

/** The name of a stage's cell in scopes: cells count through all stages. */
export const cellName = (stage: number, perStage: number, i: number): string =>
  `cell${stage * perStage + i}`;

/** Channels of a map, doubled at each stage after the first. */
export const doubled = (x: Value): number => 2 * channels(x);

/** First layer: 3×3 convolution with the config's channels and stride, batch norm, ReLU. */
export const plainStem = (net: Net, images: Value, config: ChildConfig): Value =>
  stem(net, images, config.filters, config.stem, convNormRelu);
