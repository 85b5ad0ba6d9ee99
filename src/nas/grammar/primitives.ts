/**
 * The primitives that a grammar file may name: operations on the edges of a network. A plug-in adds its own to
 * its grammar.
 */
import type { Value } from "../../autodiff/tape.ts";
import { constantInit, torchInit } from "../../nn/init.ts";
import { channels, conv, type Net, norm, pool3 } from "../../nn/layers.ts";
import {
  binary,
  binaryFunctions,
  depthwiseConv2d,
  hardSwish,
  instanceNorm,
  layerNorm,
  mish,
  relu,
  scale,
  unary,
  unaryFunctions,
} from "../../ops/mod.ts";
import { doubled, residualReduction } from "../spaces/benchmark.ts";
import { dartsOps } from "../spaces/darts_arch.ts";
import { dartsOperation } from "../spaces/darts_network.ts";

/** An operation on an edge. */
export interface Primitive {
  readonly name: string;
  /** Number of values that it takes. */
  readonly inputs: 1 | 2;
  /** `absent`: an edge without operation, which is removed. `identity`: contracted in kernel graphs. */
  readonly role?: "absent" | "identity";
  /**
   * Records the operation, in a scope of its own for its weights.
   * @param other the second value of a primitive with two inputs, x for others.
   */
  layer(net: Net, x: Value, other: Value): Value;
}

/** Added to variances by instance and layer norm. */
const EPSILON = 1e-5;

/** Gain and shift of a norm: weights `gamma`, `beta`. */
const gainAndShift = (net: Net, shape: number[]): [Value, Value] => [
  net.param("gamma", shape, constantInit(1)),
  net.param("beta", shape, constantInit(0)),
];

/** A convolution that keeps the channels, without norm or activation; initialised as PyTorch does. */
const bareConv = (net: Net, x: Value, k: number): Value =>
  conv(net, x, { k, out: channels(x), init: torchInit });

/** 3×3 depthwise convolution: weight `dw` `[3, 3, c, 1]`. */
const depthwise = (net: Net, x: Value): Value =>
  depthwiseConv2d(x, net.param("dw", [3, 3, channels(x), 1], torchInit(9)), { stride: 1 });

type Layers = Record<string, Primitive["layer"]>;

/** Operations of the spaces around NAS-Bench-201 (Schrodi et al., NeurIPS 2023, §4). */
const ofCells: Layers = {
  conv3x3: (net, x) => norm(net, bareConv(net, relu(x), 3)),
  conv1x1: (net, x) => norm(net, bareConv(net, relu(x), 1)),
  avg_pool: (_, x) => pool3(x, "avg"),
  resBlock: (net, x) => residualReduction(net, x, doubled(x), torchInit),
  conv3x3o: (net, x) => bareConv(net, x, 3),
  conv1x1o: (net, x) => bareConv(net, x, 1),
  dconv3x3o: depthwise,
  batch: (net, x) => norm(net, x),
  instance: (net, x) => instanceNorm(x, ...gainAndShift(net, [channels(x)]), EPSILON),
  layer: (net, x) => layerNorm(x, ...gainAndShift(net, x.shape.slice(1)), EPSILON),
  relu: (_, x) => relu(x),
  hardswish: (_, x) => hardSwish(x),
  mish: (_, x) => mish(x),
};

/** The coefficient of a function, one per channel: weight `beta`. */
const coefficient = (net: Net, x: Value, has?: true): Value | undefined =>
  has && net.param("beta", [channels(x)], constantInit(1));

const unaryLayers = Object.entries(unaryFunctions).map((
  [name, { beta }],
): [string, Primitive["layer"]] => [
  name,
  // A ReLU fuses with its neighbours.
  name === "umax" ? (_, x) => relu(x) : (net, x) => unary(x, name, coefficient(net, x, beta)),
]);

const binaryLayers = Object.entries(binaryFunctions).map((
  [name, { beta }],
): [string, Primitive["layer"]] => [
  name,
  (net, x, other) => binary(x, other, name, coefficient(net, x, beta)),
]);

/** Operations of DARTS cells, outside a reduction cell. */
const ofDarts = dartsOps.map(({ name }, op): [string, Primitive["layer"]] => [
  name,
  (net, x) => dartsOperation(net, x, op, 1),
]);

const same: Primitive["layer"] = (_, x) => x;
const zeros: Primitive["layer"] = (_, x) => scale(x, 0);

/** The primitives of the built-in grammars. */
export const builtInPrimitives: readonly Primitive[] = [
  { name: "id", inputs: 1, role: "identity", layer: same },
  { name: "skip_connect", inputs: 1, role: "identity", layer: same },
  { name: "zero", inputs: 1, role: "absent", layer: zeros },
  { name: "none", inputs: 1, role: "absent", layer: zeros },
  ...[...Object.entries(ofCells), ...unaryLayers, ...ofDarts]
    .filter(([name]) => name !== "id" && name !== "skip_connect")
    .map(([name, layer]): Primitive => ({ name, inputs: 1, layer })),
  ...binaryLayers.map(([name, layer]): Primitive => ({ name, inputs: 2, layer })),
];

/** Primitives by name. */
export type Primitives = ReadonlyMap<string, Primitive>;

/** The built-in primitives and further ones by name; a further one may not take a built-in's name. */
export function primitivesWith(further: readonly Primitive[] = []): Primitives {
  return new Map(
    [...further, ...builtInPrimitives].map((primitive) => [primitive.name, primitive]),
  );
}
