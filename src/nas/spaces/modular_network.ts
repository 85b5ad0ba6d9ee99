/**
 * The network of a sequence of modules: a pre-activation residual network with bottlenecks (He et al., ECCV
 * 2016) whose inner convolution is a module. Skeleton and layers are those of the released code of modular NAS.
 * Convolutions have a bias. Only those of the skeleton take part in the L2 term.
 */
import type { Value } from "../../autodiff/tape.ts";
import { UsageError } from "../../common/errors.ts";
import { constantInit, heInit, type Init, uniformInit } from "../../nn/init.ts";
import { channels, type ConvOptions, type Net, norm } from "../../nn/layers.ts";
import {
  add,
  biasAdd,
  concat,
  conv2d,
  globalAvgPool,
  matmul,
  maxPool2d,
  pointwise,
  relu,
} from "../../ops/mod.ts";
import type { Network, Sized } from "./child.ts";
import type { ModularSettings } from "./modular_settings.ts";
import type { Module } from "./modular_pool.ts";
import { type Dag, predecessors } from "./nasbench101_arch.ts";
import { nb101Cell } from "./nasbench101_network.ts";

/** A module at a position, with its index in the pool: weights of other modules have other names. */
export interface Placed {
  module: Module;
  id: number;
}

/**
 * Network of a sequence.
 * @throws UsageError where the images cannot be halved as often as the sequence asks for.
 */
export function modularNetwork(
  sequence: readonly Placed[],
  { config, classes, input: [height, width] }: Sized<ModularSettings>,
): Network {
  requireSize(sequence.length, Math.min(height, width), config.stem);
  return (net, images) => {
    let x = net.scope("stem", () => stem(net, images, config));
    let filters = config.filters;
    sequence.forEach((placed, position) => {
      for (let block = 0; block < config.numStages; block++) {
        const first = block === 0;
        const options = {
          filters,
          out: first ? 2 * filters : filters,
          stride: first && position > 0 ? 2 : 1,
          first,
          activated: position > 0 || !first,
          channels: config.channels,
        };
        const name = `position${position}/block${block}/module${placed.id}`;
        x = net.scope(name, () => residualBlock(net, x, placed.module, options));
        filters = options.out;
      }
    });
    return { logits: net.scope(`head${filters}`, () => classifier(net, x, classes)) };
  };
}

/** Throws where a map of one pixel would have to be halved. */
function requireSize(modules: number, side: number, stem: number): void {
  let size = Math.ceil(side / stem);
  for (let position = 1; position < modules; position++) {
    if (size < 2) {
      throw new UsageError(
        `Cannot build a sequence of ${modules} modules on images of ${side} pixels: module ${position} gets ` +
          `a map of one pixel, expected at most ${position} modules, of which each but the first halves its map`,
      );
    }
    size = Math.ceil(size / 2);
  }
}

/** 3×3 convolution, batch norm, ReLU; a total stride of 2 or 4 in small presets. */
function stem(net: Net, images: Value, { filters, stem }: ModularSettings): Value {
  let x = images;
  for (let left = stem, i = 0; i === 0 || left > 1; left /= 2, i++) {
    x = net.scope(`conv${i}`, () => {
      return relu(
        batchNorm(net, skeletonConv(net, x, { k: 3, out: filters, stride: left > 1 ? 2 : 1 })),
      );
    });
  }
  return x;
}

interface BlockOptions {
  /** Channels of the module. */
  filters: number;
  out: number;
  stride: number;
  /** The first block of a position has a shortcut by convolution. */
  first: boolean;
  /** Whether batch norm and ReLU come before the first convolution. */
  activated: boolean;
  channels: ModularSettings["channels"];
}

function residualBlock(net: Net, x: Value, module: Module, options: BlockOptions): Value {
  const { filters, out, stride, first, activated } = options;
  const conv = (name: string, from: Value, o: ConvOptions) =>
    net.scope(name, () => skeletonConv(net, from, o));
  const normRelu = (name: string, from: Value) => net.scope(name, () => relu(batchNorm(net, from)));
  let y = activated ? normRelu("norm0", x) : x;
  y = normRelu("norm1", conv("reduce", y, { k: 1, out: filters, stride }));
  y = net.scope("cell", () => {
    return options.channels === "paper"
      ? nb101Cell(net, module.dag, y, filters)
      : moduleLayers(net, module.dag, y, filters);
  });
  y = conv("restore", normRelu("norm2", y), { k: 1, out });
  return add(first ? conv("shortcut", x, { k: 1, out, stride }) : x, y);
}

function classifier(net: Net, x: Value, classes: number): Value {
  const features = globalAvgPool(relu(batchNorm(net, x)));
  const ci = channels(features);
  const own = { decays: false };
  const logits = matmul(features, net.param("w", [ci, classes], heInit(ci), own));
  return biasAdd(logits, net.param("b", [classes], constantInit(0), own));
}

/**
 * The layers of a module: convolutions with ReLU and without batch norm, sums of several inputs, and the
 * concatenation of what the output reads. Where summands differ in channels, each one of another width than the
 * smallest, or than `filters` if that is larger, is replaced by a projection, for later readers too.
 */
export function moduleLayers(net: Net, dag: Dag, x: Value, filters: number): Value {
  const inputs = predecessors(dag);
  const last = dag.out.length - 1;
  const values: Value[] = [x];
  for (let v = 1; v <= last; v++) {
    const from = values.flatMap((_, u) => inputs[v] >> u & 1 ? [u] : []);
    if (v === last) return from.length > 1 ? concat(from.map((u) => values[u])) : values[from[0]];
    values.push(net.scope(`vertex${v}`, () => {
      project(net, values, from, filters);
      const sum = from.map((u) => values[u]).reduce((a, b) => add(a, b));
      return operation(net, sum, dag.labels[v], filters);
    }));
  }
  return x;
}

/** Replaces values that differ from the width of a sum. */
function project(net: Net, values: Value[], from: readonly number[], filters: number): void {
  const widths = from.map((u) => channels(values[u]));
  if (widths.every((width) => width === widths[0])) return;
  const target = Math.max(Math.min(...widths), filters);
  for (const u of from) {
    if (channels(values[u]) === target) continue;
    values[u] = net.scope(`project${u}`, () => {
      return relu(batchNorm(net, moduleConv(net, values[u], { k: 1, out: target })));
    });
  }
}

function operation(net: Net, x: Value, op: number, out: number): Value {
  if (op === 2) return maxPool2d(x, { k: 3, stride: 1, padding: "same" });
  return relu(moduleConv(net, x, { k: op === 0 ? 3 : 1, out }));
}

/** Batch norm outside the L2 term. */
const batchNorm = (net: Net, x: Value): Value => norm(net, x, { decays: false });

/** He initialisation, with L2. */
function skeletonConv(net: Net, x: Value, options: ConvOptions): Value {
  return biasedConv(net, x, options, heInit(options.k ** 2 * channels(x)), true);
}

/** Glorot's uniform initialisation (AISTATS 2010), without L2: the defaults of Keras. */
function moduleConv(net: Net, x: Value, options: ConvOptions): Value {
  const fans = options.k ** 2 * (channels(x) + options.out);
  return biasedConv(net, x, options, uniformInit(Math.sqrt(6 / fans)), false);
}

function biasedConv(
  net: Net,
  x: Value,
  { k, out, stride = 1 }: ConvOptions,
  init: Init,
  decays: boolean,
): Value {
  const ci = channels(x);
  const y = k === 1
    ? pointwise([x], [net.param("w", [ci, out], init, { decays })], { stride })
    : conv2d(x, net.param("w", [k, k, ci, out], init, { decays }), { stride });
  return biasAdd(y, net.param("b", [out], constantInit(0), { decays: false }));
}
