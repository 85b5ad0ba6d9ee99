/**
 * Synaptic flow (Tanaka et al., NeurIPS 2020): ln Σ |w · ∂R/∂w|, R the sum of the logits of an image of ones,
 * where all weights are replaced by their absolute values and norms are left out.
 *
 * Values then grow by a factor with each layer and leave the range of float32. Every layer's weights are
 * therefore divided by a power of two that brings its output back to about 1, and the exponents are added up
 * beside the tape. This is exact: w · ∂R/∂w does not change where w is divided by what R is multiplied by.
 */
import { numel } from "../../autodiff/op.ts";
import { run } from "../../autodiff/run.ts";
import type { Param, Source, Value } from "../../autodiff/tape.ts";
import type { NamedTensors } from "../../nn/weights.ts";
import { scale, weightedSum } from "../../ops/mod.ts";
import type { ZeroCostScore } from "./score.ts";
import {
  forward,
  isLayer,
  type Layer,
  layersOn,
  readWeights,
  type Untrained,
  weightsIn,
} from "./untrained.ts";
import { type Applied, type Watch, WatchedTape } from "./watched_tape.ts";

/** A value of the tape stands for itself times 2^exponent. `size` estimates log₂ of its elements. */
interface Magnitude {
  exponent: number;
  size: number;
}

/** Ops that commute with a factor: f(a · x) = a · f(x) for a > 0. */
const homogeneous = new Set([
  ...["relu", "add", "scale", "concat", "slice", "avg_pool2d", "max_pool2d", "global_avg_pool"],
  ...["drop_path", "dropout"],
]);

/** Activations that hardly change large positive values. */
const likeIdentity = new Set(["hard_swish", "mish", "silu", "gelu"]);
/** log₂ of a value that is large for them, and far from the end of float32. */
const LARGE = 40;

const isParam = ({ source }: Value): boolean => source.kind === "param";

/** Records a network with powers of two in place of growing values. */
class Rescaled {
  /** Exponent of the power of two that each weight is divided by. */
  readonly shifts = new Map<Param, number>();
  readonly #magnitudes = new Map<Source, Magnitude>();

  /** @param sumOfAbsolutes Σ|w| of a weight. */
  constructor(private readonly sumOfAbsolutes: (weight: Value) => number) {}

  /** Magnitude of a value; inputs are ones. */
  of = ({ source }: Value): Magnitude =>
    this.#magnitudes.get(source) ?? { exponent: 0, size: source.kind === "node" ? -Infinity : 0 };

  watch: Watch = (applied, record) => {
    const { op, inputs } = applied;
    if (op.normalises) return [inputs[0]];
    if (isLayer(applied)) return this.#layer(applied, record);
    const data = inputs.filter((v) => !isParam(v)).map(this.of);
    const size = this.#size(applied, data);
    const [first] = inputs;
    if (op.name === "bias_add") {
      this.shifts.set((inputs[1].source as { param: Param }).param, data[0].exponent);
      return this.#note(record(), data[0]);
    }
    if (homogeneous.has(op.name)) {
      const exponent = highest(data);
      return this.#note(record({ inputs: inputs.map((v) => this.#at(v, exponent)) }), {
        exponent,
        size,
      });
    }
    const { exponent } = this.of(first);
    const rest = likeIdentity.has(op.name) ? Math.max(0, exponent - LARGE) : 0;
    return this.#note(record({ inputs: inputs.map((v) => this.#at(v, rest)) }), {
      exponent: rest,
      size,
    });
  };

  /** Divides the weights so that the output's exponent is about its size. */
  #layer({ op, inputs, params }: Applied, record: Parameters<Watch>[1]): Value[] {
    const weights = weightsIn(inputs);
    const data = inputs.filter((v) => !weights.includes(v));
    const channels = op.shapes(inputs.map(({ shape }) => shape), params).out[0].at(-1)!;
    const gain = (v: Value, i: number) =>
      Math.log2(this.sumOfAbsolutes(weights[i]) / channels * tapsInside(weights[i], v));
    const size = log2Sum(data.map((v, i) => this.of(v).size + gain(v, i)));
    const exponent = Number.isFinite(size) ? Math.round(size) : highest(data.map(this.of));
    const rescaled = data.map((v, i) => {
      const { param } = weights[i].source as { param: Param };
      const own = this.of(v).exponent;
      // A weight that is used twice keeps its first divisor: the input makes up for it.
      const shift = this.shifts.get(param) ?? exponent - own;
      this.shifts.set(param, shift);
      return this.#at(v, exponent - shift);
    });
    let next = 0;
    const changed = inputs.map((v) => weights.includes(v) ? v : rescaled[next++]);
    return this.#note(record({ inputs: changed }), { exponent, size });
  }

  #size({ op, params }: Applied, data: readonly Magnitude[]): number {
    const sizes = data.map(({ size }) => size);
    if (op.name === "scale") {
      return sizes[0] + Math.log2(Math.abs((params as { factor: number }).factor));
    }
    return op.role === "sum" ? log2Sum(sizes) : Math.max(...sizes);
  }

  /** The value with another exponent. */
  #at(value: Value, exponent: number): Value {
    if (isParam(value)) return value;
    const { exponent: own, size } = this.of(value);
    if (own === exponent) return value;
    const [scaled] = this.#note([scale(value, 2 ** (own - exponent))], { exponent, size });
    return scaled;
  }

  #note(values: Value[], magnitude: Magnitude): Value[] {
    for (const { source } of values) this.#magnitudes.set(source, magnitude);
    return values;
  }
}

/** Mean share of a window's elements that lie inside the image; outside there are zeros. */
function tapsInside({ shape: weight }: Value, { shape: [, h, w] }: Value): number {
  if (weight.length !== 4) return 1;
  const [k] = weight;
  const along = (side: number) => Math.max(1 - (k * k - 1) / (4 * k * side), 1 / k);
  return along(h) * along(w);
}

const log2Sum = (sizes: readonly number[]): number => {
  const most = Math.max(...sizes);
  if (!Number.isFinite(most)) return most;
  return most + Math.log2(sizes.reduce((sum, size) => sum + 2 ** (size - most), 0));
};

/** The highest exponent of values that are not zero, or of all. */
function highest(data: readonly Magnitude[]): number {
  const some = data.filter(({ size }) => Number.isFinite(size));
  return Math.max(...(some.length ? some : data).map(({ exponent }) => exponent));
}

/** The network with absolute weights, recorded but not run. */
function record(net: Untrained, sumOfAbsolutes: (weight: Value) => number) {
  const rescaled = new Rescaled(sumOfAbsolutes);
  const tape = new WatchedTape(rescaled.watch);
  const ones = (shape: readonly number[]) =>
    tape.input(shape, {
      tensor: net.gpu.upload(new Float32Array(numel(shape)).fill(1), shape),
    });
  const logits = forward(net, ones([1, ...net.input]));
  const { exponent } = rescaled.of(logits);
  const mean = tape.unwatched(() => weightedSum(logits, ones(logits.shape)));
  const layers: Layer[] = layersOn(tape);
  return {
    layers,
    shifts: rescaled.shifts,
    exponent,
    outputs: numel(logits.shape),
    run: () => run(net.gpu, tape, { outputs: [mean], loss: mean }),
  };
}

/** Absolute values of all weights, divided by their powers of two. */
function rescaledWeights(
  tensors: NamedTensors,
  params: readonly Param[],
  shifts: ReadonlyMap<Param, number>,
): NamedTensors {
  return Object.fromEntries(params.map((param) => {
    const { shape, data } = tensors[param.name];
    if (!param.trainable) return [param.name, { shape, data }];
    const factor = 2 ** -(shifts.get(param) ?? 0);
    return [param.name, { shape, data: Float32Array.from(data, (w) => Math.abs(w) * factor) }];
  }));
}

export const synflow: ZeroCostScore = {
  name: "synflow",
  summary: "logarithm of the sum of |weight · gradient| of a network of positive weights",
  record: (net) => void record(net, ({ shape }) => shape.at(-1)!).run(),
  async score(net) {
    const start = await readWeights(net);
    const tensors = await net.weights.tensors();
    const sum = (value: Value) => {
      let all = 0;
      for (const w of start.weights(value)) all += Math.abs(w);
      return all;
    };
    const { layers, shifts, exponent, outputs, run } = record(net, sum);
    net.weights.load(rescaledWeights(tensors, net.weights.params(), shifts));
    run();
    const values = await readWeights(net);
    const flow = layers.flatMap(({ weights }) => weights).reduce((all, value) => {
      const w = values.weights(value), g = values.gradients(value);
      return w.reduce((part, v, i) => part + Math.abs(v * g[i]), all);
    }, 0);
    return Math.log(flow) + Math.log(outputs) + exponent * Math.LN2;
  },
};
