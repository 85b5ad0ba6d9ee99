/** ResNet-20 with a derived activation function. */
import type { Value } from "../../autodiff/tape.ts";
import { normalHeInit } from "../../nn/init.ts";
import { channels, convNorm, type Net } from "../../nn/layers.ts";
import { add, avgPool2d, concat, globalAvgPool, scale, slice } from "../../ops/mod.ts";
import { linearWithBias } from "../spaces/benchmark.ts";
import type { Network } from "../spaces/child.ts";

/** Blocks per stage, and stages. */
const BLOCKS = 3, STAGES = 3;

/** A convolution and batch norm, weights Kaiming-normal. */
const conv3 = (net: Net, name: string, x: Value, out: number, stride: number): Value =>
  convNorm(net, name, x, { k: 3, out, stride, init: normalHeInit });

/**
 * ResNet-20 for small images (He et al. 2016, §4.2). The activation function has weights of its own in each of
 * the 19 places.
 */
export function resnet20(
  activation: (net: Net, x: Value) => Value,
  { config, classes }: { config: { filters: number; stem: number }; classes: number },
): Network {
  const activated = (net: Net, name: string, x: Value) => net.scope(name, () => activation(net, x));
  const block = (net: Net, x: Value, out: number, stride: number) => {
    const half = activated(net, "act0", conv3(net, "conv0", x, out, stride));
    const main = conv3(net, "conv1", half, out, 1);
    return activated(net, "act1", add(main, stride === 1 ? x : padded(x, out)));
  };
  return (net, images) => {
    let x = activated(net, "act", conv3(net, "stem", images, config.filters, config.stem));
    for (let i = 0; i < STAGES * BLOCKS; i++) {
      const halves = i > 0 && i % BLOCKS === 0;
      const out = halves ? 2 * channels(x) : channels(x);
      x = net.scope(`block${i}`, () => block(net, x, out, halves ? 2 : 1));
    }
    const features = globalAvgPool(x);
    const logits = net.scope("head", () => linearWithBias(net, features, classes, normalHeInit));
    return { logits };
  };
}

/** Shortcut without weights: every second pixel, and zeros for the new channels, half on each side. */
function padded(x: Value, out: number): Value {
  const pixels = avgPool2d(x, { k: 1, stride: 2, padding: "same" });
  const more = out - channels(x), before = more >> 1;
  const zeros = (n: number) => n > 0 ? [scale(slice(pixels, 0, n), 0)] : [];
  return concat([...zeros(before), pixels, ...zeros(more - before)]);
}
