/** ONNX equivalents of the engine's ops (operator set 17). Values of four axes are NCHW here. */
import type { BatchNormOptions } from "../../ops/batch_norm.ts";
import type { DepthwiseOptions } from "../../ops/depthwise_conv2d.ts";
import type { PointwiseOptions } from "../../ops/pointwise.ts";
import type { PoolOptions } from "../../ops/pooling.ts";
import { axis, type Padding } from "../../ops/tiling.ts";
import { settledStatistics } from "../batch_norm_state.ts";
import { binary, unary } from "./formulas.ts";
import { type Emission, type Emitter, type Emitters, transposed } from "./graph.ts";

/**
 * Attributes for the padding and stride of a window. TensorFlow's SAME puts the odd row or column at the end.
 */
function window(e: Emission, k: number, stride: number, padding: Padding, dilation = 1) {
  const [, h, w] = e.shapes[0];
  const span = (k - 1) * dilation + 1;
  const axes = [h, w].map((size) => {
    const { out, before } = axis(size, span, stride, padding);
    const all = padding === "same" ? Math.max((out - 1) * stride + span - size, 0) : 0;
    return { before, after: all - before };
  });
  return {
    ...dilation > 1 && { dilations: [dilation, dilation] },
    kernel_shape: [k, k],
    strides: [stride, stride],
    pads: [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)],
  };
}

function conv2d(e: Emission<{ stride: number }>): string {
  const [, w] = e.shapes;
  const [k, , ci, co] = w;
  const weight = e.constant([co, ci, k, k], transposed(e.weight(1), w, [3, 2, 0, 1]));
  return e.node("Conv", [e.input(0), weight], window(e, k, e.params.stride, "same"));
}

function depthwise(e: Emission<DepthwiseOptions>): string {
  const [, w] = e.shapes;
  const [k, , c] = w;
  const weight = e.constant([c, 1, k, k], transposed(e.weight(1), w, [2, 3, 0, 1]));
  const { stride, dilation } = e.params;
  const sliding = window(e, k, stride, "same", dilation);
  return e.node("Conv", [e.input(0), weight], { ...sliding, group: c });
}

/** A sum of products, written as one product of the concatenated inputs and weights. */
function pointwise(e: Emission<Required<PointwiseOptions>>): string {
  const n = e.shapes.length / 2;
  const { stride } = e.params;
  const images = e.shapes[0].length === 4;
  const inputs = Array.from({ length: n }, (_, i) => e.input(i));
  const x = n === 1 ? inputs[0] : e.node("Concat", inputs, { axis: 1 });
  const weights = Array.from({ length: n }, (_, i) => e.weight(n + i));
  const ci = e.shapes.slice(n).reduce((sum, [rows]) => sum + rows, 0), co = e.out.at(-1)!;
  const w = new Float32Array(ci * co);
  let at = 0;
  for (const part of weights) {
    w.set(part, at);
    at += part.length;
  }
  if (!images) return e.node("MatMul", [x, e.constant([ci, co], w)]);
  const weight = e.constant([co, ci, 1, 1], transposed(w, [ci, co], [1, 0]));
  return e.node("Conv", [shifted(e, x), weight], {
    kernel_shape: [1, 1],
    strides: [stride, stride],
    pads: [0, 0, 0, 0],
  });
}

/** Drops the first `shift` rows and columns. Adds zeros behind the image where the stride needs them. */
function shifted(e: Emission<Required<PointwiseOptions>>, x: string): string {
  const { stride, shift } = e.params;
  if (shift === 0) return x;
  const [, h, w] = e.shapes[0];
  const [bottom, right] = [h, w].map((size) =>
    Math.max(0, (Math.ceil(size / stride) - 1) * stride + shift + 1 - size)
  );
  const ints = (...values: number[]) =>
    e.constant([values.length], BigInt64Array.from(values, BigInt));
  const padded = bottom + right === 0
    ? x
    : e.node("Pad", [x, ints(0, 0, 0, 0, 0, 0, bottom, right)], { mode: "constant" });
  const end = 2 ** 31 - 1;
  return e.node("Slice", [padded, ints(shift, shift), ints(end, end), ints(2, 3)]);
}

function batchNorm(e: Emission<BatchNormOptions>): string {
  const { mode, epsilon } = e.params;
  if (mode === "batch") {
    e.refuse(
      "its batch norm takes the statistics of each batch, expected running ones; " +
        "retrain the architecture",
    );
  }
  const [gamma, beta, running] = [e.weight(1), e.weight(2), e.weight(3)];
  const statistics = settledStatistics(running, e.params);
  const [scale, shift, mean, variance] = [gamma, beta, statistics.mean, statistics.variance]
    .map((data) => e.constant([data.length], data));
  return e.node("BatchNormalization", [e.input(0), scale, shift, mean, variance], {
    epsilon: { float: epsilon },
  });
}

function instanceNorm(e: Emission<{ epsilon: number }>): string {
  const [scale, shift] = [1, 2].map((i) => e.constant(e.shapes[i], e.weight(i)));
  return e.node("InstanceNormalization", [e.input(0), scale, shift], {
    epsilon: { float: e.params.epsilon },
  });
}

/** Weights of three axes (h, w, c) become (c, h, w), as the value does. */
function layerNorm(e: Emission<{ epsilon: number }>): string {
  const [scale, shift] = [1, 2].map((i) => {
    const shape = e.shapes[i], data = e.weight(i);
    if (shape.length !== 3) return e.constant(shape, data);
    const [h, w, c] = shape;
    return e.constant([c, h, w], transposed(data, shape, [2, 0, 1]));
  });
  return e.node("LayerNormalization", [e.input(0), scale, shift], {
    axis: 1,
    epsilon: { float: e.params.epsilon },
  });
}

const avgPool = (e: Emission<PoolOptions>) =>
  e.node("AveragePool", [e.input(0)], {
    ...window(e, e.params.k, e.params.stride, e.params.padding),
    count_include_pad: 0,
  });

const maxPool = (e: Emission<PoolOptions>) =>
  e.node("MaxPool", [e.input(0)], window(e, e.params.k, e.params.stride, e.params.padding));

const globalAvgPool = (e: Emission) =>
  e.node("Flatten", [e.node("GlobalAveragePool", [e.input(0)])], { axis: 1 });

/** Index of the channel axis. */
const columns = (shape: readonly number[]) => shape.length === 4 ? 1 : shape.length - 1;

function slice(e: Emission<{ start: number; size: number }>): string {
  const { start, size } = e.params;
  const int = (value: number) => e.constant([1], BigInt64Array.of(BigInt(value)));
  return e.node("Slice", [
    e.input(0),
    int(start),
    int(start + size),
    int(columns(e.out)),
  ]);
}

function biasAdd(e: Emission): string {
  const bias = e.weight(1);
  const dims = e.out.length === 4 ? [bias.length, 1, 1] : [bias.length];
  return e.node("Add", [e.input(0), e.constant(dims, bias)]);
}

const times = (e: Emission, x: string, factor: number) =>
  e.node("Mul", [x, e.constant([1], Float32Array.of(factor))]);

const addScaled = (e: Emission<{ factor: number }>) =>
  e.node("Add", [e.input(0), times(e, e.input(1), e.params.factor)]);

const scale = (e: Emission<{ factor: number }>) => times(e, e.input(0), e.params.factor);

/** x · f(x), with f given as other nodes. */
const gated = (f: (e: Emission, x: string) => string) => (e: Emission) =>
  e.node("Mul", [e.input(0), f(e, e.input(0))]);

const silu = gated((e, x) => e.node("Sigmoid", [x]));
const mish = gated((e, x) => e.node("Tanh", [e.node("Softplus", [x])]));

/** GELU in its tanh form: x · (½ + ½ · tanh(√(2 / π) · (x + 0.044715 x³))). */
const gelu = gated((e, x) => {
  const cube = e.node("Mul", [x, e.node("Mul", [x, x])]);
  const inner = e.node("Add", [x, times(e, cube, 0.044715)]);
  const t = e.node("Tanh", [times(e, inner, Math.sqrt(2 / Math.PI))]);
  const half = e.constant([1], Float32Array.of(0.5));
  return e.node("Add", [e.node("Mul", [t, half]), half]);
});

const concat = (e: Emission) =>
  e.node("Concat", e.shapes.map((_, i) => e.input(i)), { axis: columns(e.out) });

const both = (op: string) => (e: Emission) => e.node(op, [e.input(0), e.input(1)]);
const one = (op: string) => (e: Emission) => e.node(op, [e.input(0)]);

/** An emitter with the settings that it supports: an op with any other setting is refused. */
const heeding = <P>(
  emit: (e: Emission<P>) => string,
  ...settings: (keyof P & string)[]
): Emitter => ({
  emit: emit as Emitter["emit"],
  settings,
});

export const emitters: Emitters = {
  add: heeding(both("Add")),
  add_scaled: heeding(addScaled, "factor"),
  avg_pool2d: heeding(avgPool, "k", "stride", "padding"),
  batch_norm: heeding(batchNorm, "epsilon", "decay", "mode", "update", "debias"),
  bias_add: heeding(biasAdd),
  binary: heeding(binary, "function"),
  concat: heeding(concat),
  conv2d: heeding(conv2d, "stride"),
  depthwise_conv2d: heeding(depthwise, "stride", "dilation"),
  gelu: heeding(gelu),
  global_avg_pool: heeding(globalAvgPool),
  hard_swish: heeding(one("HardSwish")),
  instance_norm: heeding(instanceNorm, "epsilon"),
  layer_norm: heeding(layerNorm, "epsilon"),
  matmul: heeding(both("MatMul")),
  max_pool2d: heeding(maxPool, "k", "stride", "padding"),
  mish: heeding(mish),
  mul: heeding(both("Mul")),
  pointwise: heeding(pointwise, "stride", "shift"),
  relu: heeding(one("Relu")),
  scale: heeding(scale, "factor"),
  sigmoid: heeding(one("Sigmoid")),
  silu: heeding(silu),
  slice: heeding(slice, "start", "size"),
  tanh: heeding(one("Tanh")),
  unary: heeding(unary, "function"),
};
