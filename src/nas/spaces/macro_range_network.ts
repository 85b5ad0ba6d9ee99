/** The networks of a channel-range architecture: the supernet's child, and the one trained from scratch. */
import { part, type Value } from "../../autodiff/tape.ts";
import {
  channels,
  conv,
  convNormRelu,
  joinNorm,
  type Net,
  norm,
  pool3,
  separable,
} from "../../nn/layers.ts";
import { heInit } from "../../nn/init.ts";
import { pointwise, relu, slice } from "../../ops/mod.ts";
import type { Network, Sized } from "./child.ts";
import { macroOps } from "./macro_arch.ts";
import { finalChain, searchChain, searchOp } from "./macro_network.ts";
import { type Range, type RangeArch, type RangeSettings, rangeUnits } from "./macro_range_arch.ts";

/**
 * The child of the supernet, as released: every layer runs all operations at full width. The chosen channels
 * of each go through a 1×1 convolution whose rows belong to (operation, channel), then norm and ReLU.
 */
export const rangeSearchNetwork = (arch: RangeArch, into: Sized<RangeSettings>): Network =>
  searchChain(arch, into, (net, x, i) => {
    const { config } = into;
    const parts = arch.layers[i].ranges.map((range, op) => {
      const { start, count } = scaled(range, config, config.filters);
      const y = net.scope(`op${op}`, () => searchOp(net, x, op, config));
      return { x: count === channels(y) ? y : slice(y, start, count), start, count };
    });
    return net.scope("join", () => {
      const out = config.filters;
      // The fan-in is about that of one operation, whatever the ranges.
      const init = heInit(out);
      const rows = parts.map(({ start, count }, op) =>
        part(net.param(`w/${op}`, [out, out], init), start * out, [count, out])
      );
      return relu(norm(net, pointwise(parts.map(({ x }) => x), rows)));
    });
  });

/**
 * The network trained from scratch, as the released code defines it (`_fixed_layer`). Each operation has as
 * many output channels as its range; all are concatenated and go through ReLU, a 1×1 convolution and norm.
 * Skips follow as with whole channels. Ranges grow with the network's first width and not at reductions. The
 * released code ignores the range of a pool; here the pool's 1×1 convolution has that many channels.
 */
export const rangeFinalNetwork = (arch: RangeArch, into: Sized<RangeSettings>): Network =>
  finalChain(arch, into, (net, x, i, width) => {
    const parts = arch.layers[i].ranges.map((range, op) => {
      const { count } = scaled(range, into.config, into.config.filters);
      return { x: net.scope(`op${op}`, () => finalOp(net, x, op, width, count)), row: op };
    });
    const fanIn = parts.reduce((sum, { x }) => sum + channels(x), 0);
    return joinNorm(net, "join", parts, { out: width, fanIn });
  });

function finalOp(net: Net, x: Value, op: number, width: number, count: number): Value {
  const { kind, k } = macroOps[op];
  const pools = kind === "avg" || kind === "max";
  const out = pools ? count : width;
  const y = convNormRelu(net, "in", x, { k: 1, out });
  if (pools) return pool3(y, kind);
  const wide = kind === "conv" ? conv : separable;
  return net.scope("out", () => relu(norm(net, wide(net, y, { k, out: count }))));
}

/** Scales a range to a layer of another width; the result is never empty. */
function scaled({ start, count }: Range, config: RangeSettings, width: number): Range {
  const units = rangeUnits(config);
  const at = (unit: number) => Math.round(unit * width / units);
  const first = Math.min(at(start), width - 1);
  return { start: first, count: Math.max(1, at(start + count) - first) };
}
