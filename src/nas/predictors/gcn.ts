/**
 * A graph convolutional net on the graph of an architecture (Wen et al., "Neural Predictor for Neural
 * Architecture Search", ECCV 2020, §3.2). Convolutions run along and against the edges; then come the mean
 * over the vertices and two dense layers without an activation between them. No layer has a bias, as in the
 * code that naszilla publishes.
 */
import type { Rng } from "../../common/random.ts";
import { Adam, type AdamOptions } from "./adam.ts";
import {
  activate,
  deactivate,
  type Dense,
  denseBackward,
  denseForward,
  denseSize,
  glorot,
  layOut,
  torchUniform,
} from "./dense.ts";
import type { LabelledGraph } from "../space.ts";
import { batches, type Rows } from "./mlp.ts";

export interface GcnOptions extends AdamOptions {
  /** Number and width of the graph convolutions; a dense layer follows. */
  layers: number;
  width: number;
  dense: number;
  dropout: number;
  epochs: number;
  batch: number;
}

/** Weighted means: for each vertex, the vertices to average. */
interface Means {
  lists: Int32Array[];
  /** Weights of the mean, which sum to 1. */
  shares: Float64Array[];
}

/** A batch of graphs with their vertices concatenated. */
export interface Batch {
  /** One-hot labels `[vertices, labels]`. */
  x: Float64Array;
  vertices: number;
  /** First vertex of each graph, then the end of the last graph. */
  starts: Int32Array;
  /** Mean over the vertex itself and its successors, with equal weights. */
  along: Means;
  /**
   * Mean over the vertex itself and its predecessors, each weighted by its weight for this vertex in `along`.
   */
  against: Means;
}

/** Makes a batch. Labels outside the vocabulary are zero vectors. */
export function batchOf(
  graphs: readonly LabelledGraph[],
  vocabulary: ReadonlyMap<string, number>,
): Batch {
  const starts = new Int32Array(graphs.length + 1);
  graphs.forEach(({ labels }, i) => starts[i + 1] = starts[i] + labels.length);
  const vertices = starts[graphs.length];
  const x = new Float64Array(vertices * vocabulary.size);
  const along = Array.from({ length: vertices }, (_, v) => [v]);
  const against = Array.from({ length: vertices }, (_, v) => [v]);
  graphs.forEach(({ labels, successors }, i) => {
    labels.forEach((label, v) => {
      const at = starts[i] + v;
      const code = vocabulary.get(label);
      if (code !== undefined) x[at * vocabulary.size + code] = 1;
      for (const w of successors[v]) {
        along[at].push(starts[i] + w);
        against[starts[i] + w].push(at);
      }
    });
  });
  const means = (lists: number[][], weight: (v: number) => number): Means => ({
    lists: lists.map((list) => Int32Array.from(list)),
    shares: lists.map((list) => {
      const weights = Float64Array.from(list, weight);
      const sum = weights.reduce((a, b) => a + b);
      return weights.map((w) => w / sum);
    }),
  });
  const given = (v: number) => 1 / along[v].length;
  return { x, vertices, starts, along: means(along, () => 1), against: means(against, given) };
}

/** A graph convolution: one dense layer along the edges, one against them. */
interface Convolution {
  along: Dense;
  against: Dense;
}

/** Values of a forward pass kept for the backward pass, per convolution. */
interface Trace {
  input: Float64Array;
  /** Means over neighbours, after the ReLU. */
  along: Float64Array;
  against: Float64Array;
  /** Dropout factors; null without dropout. */
  kept: Float64Array | null;
}

/** Dropout factors: 0 for dropped values, 1 / (1 − rate) for the others. Null without dropout. */
const dropped = (size: number, rate: number, rng: Rng | null): Float64Array | null =>
  rng && rate > 0
    ? Float64Array.from({ length: size }, () => rng.next() < rate ? 0 : 1 / (1 - rate))
    : null;

export class GraphNet {
  readonly params: Float64Array;
  readonly gradient: Float64Array;
  readonly #convolutions: Convolution[] = [];
  readonly #dense: Dense;
  readonly #head: Dense;

  constructor(labels: number, private readonly options: GcnOptions, rng: Rng) {
    const { layers, width, dense } = options;
    let at = 0;
    for (let l = 0; l < layers; l++) {
      const size = { inputs: l === 0 ? labels : width, outputs: width, bias: false };
      const along = { ...size, at };
      const against = { ...size, at: at + denseSize(along) };
      at = against.at + denseSize(against);
      this.#convolutions.push({ along, against });
    }
    [this.#dense, this.#head] = layOut([width, dense, 1], at, false);
    const size = this.#head.at + denseSize(this.#head);
    this.params = new Float64Array(size);
    this.gradient = new Float64Array(size);
    for (const { along, against } of this.#convolutions) {
      for (const layer of [along, against]) glorot(this.params, layer, rng);
    }
    for (const layer of [this.#dense, this.#head]) torchUniform(this.params, layer, rng);
  }

  /** @param rng random numbers for dropout; only in training. */
  forward(batch: Batch, rng: Rng | null = null) {
    const { params } = this;
    const { width, dropout } = this.options;
    const size = batch.vertices * width;
    let input = batch.x;
    const traces = this.#convolutions.map((layer): Trace => {
      const [along, against] = [layer.along, layer.against].map((one, i) => {
        const inner = new Float64Array(size), mean = new Float64Array(size);
        denseForward(one, params, input, inner, batch.vertices);
        average(i === 0 ? batch.along : batch.against, inner, mean, width);
        activate("relu", mean, size);
        return mean;
      });
      const kept = dropped(size, dropout, rng);
      const trace = { input, along, against, kept };
      input = along.map((v, i) => (v + against[i]) / 2 * (kept ? kept[i] : 1));
      return trace;
    });
    const graphs = batch.starts.length - 1;
    const pooled = pool(batch.starts, input, width);
    const hidden = new Float64Array(graphs * this.#dense.outputs);
    denseForward(this.#dense, params, pooled, hidden, graphs);
    const hiddenKept = dropped(hidden.length, dropout, rng);
    hiddenKept?.forEach((factor, i) => hidden[i] *= factor);
    const output = new Float64Array(graphs);
    denseForward(this.#head, params, hidden, output, graphs);
    return { traces, pooled, hidden, hiddenKept, output };
  }

  /** Outputs of the dense layer, one row per graph. */
  features(batch: Batch): Rows {
    const { hidden } = this.forward(batch);
    return { values: hidden, length: batch.starts.length - 1, width: this.#dense.outputs };
  }

  /** Adds to `gradient`; `dy` has one value per graph. */
  backward(batch: Batch, pass: ReturnType<GraphNet["forward"]>, dy: Float64Array): void {
    const { params, gradient } = this;
    const { width } = this.options;
    const { traces, pooled, hidden, hiddenKept } = pass;
    const graphs = dy.length, size = batch.vertices * width;
    const dHidden = new Float64Array(hidden.length), dPooled = new Float64Array(pooled.length);
    denseBackward(this.#head, params, gradient, hidden, dy, dHidden, graphs);
    hiddenKept?.forEach((factor, i) => dHidden[i] *= factor);
    denseBackward(this.#dense, params, gradient, pooled, dHidden, dPooled, graphs);
    let dOut = unpool(batch.starts, dPooled, width);
    for (let l = traces.length - 1; l >= 0; l--) {
      const { input, along, against, kept } = traces[l];
      const dInput = l === 0 ? null : new Float64Array(size);
      for (
        const [mean, means, layer] of [
          [along, batch.along, this.#convolutions[l].along],
          [against, batch.against, this.#convolutions[l].against],
        ] as const
      ) {
        const dMean = dOut.map((d, i) => d / 2 * (kept ? kept[i] : 1));
        deactivate("relu", mean, dMean, size);
        const dInner = new Float64Array(size);
        spread(means, dMean, dInner, width);
        const dx = dInput && new Float64Array(size);
        denseBackward(layer, params, gradient, input, dInner, dx, batch.vertices);
        if (dInput && dx) dx.forEach((d, i) => dInput[i] += d);
      }
      if (dInput) dOut = dInput;
    }
  }
}

/**
 * Trains for several epochs over the graphs in random order. Loss: mean squared error. The learning rate
 * follows half a cosine, by epochs.
 */
export function trainGraphNet(
  net: GraphNet,
  graphs: readonly LabelledGraph[],
  vocabulary: ReadonlyMap<string, number>,
  targets: Float64Array,
  { epochs, batch, ...options }: GcnOptions,
  rng: Rng,
): void {
  const adam = new Adam(net.params.length, options);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const lr = options.lr * (1 + Math.cos(Math.PI * epoch / epochs)) / 2;
    for (const some of batches(graphs.length, batch, rng)) {
      const x = batchOf(Array.from(some, (i) => graphs[i]), vocabulary);
      const pass = net.forward(x, rng);
      const dy = pass.output.map((y, i) => 2 * (y - targets[some[i]]) / some.length);
      net.backward(x, pass, dy);
      adam.step(net.params, net.gradient, lr);
    }
  }
}

/** Computes for each row the weighted mean of the rows in its list. */
function average(
  { lists, shares }: Means,
  x: Float64Array,
  y: Float64Array,
  width: number,
): void {
  lists.forEach((list, v) => {
    const to = v * width;
    list.forEach((w, n) => {
      const from = w * width, share = shares[v][n];
      for (let i = 0; i < width; i++) y[to + i] += share * x[from + i];
    });
  });
}

/** The transpose of `average`. */
function spread(
  { lists, shares }: Means,
  dy: Float64Array,
  dx: Float64Array,
  width: number,
): void {
  lists.forEach((list, v) => {
    const from = v * width;
    list.forEach((w, n) => {
      const to = w * width, share = shares[v][n];
      for (let i = 0; i < width; i++) dx[to + i] += share * dy[from + i];
    });
  });
}

/** Mean over the vertices of each graph. */
function pool(starts: Int32Array, x: Float64Array, width: number): Float64Array {
  const y = new Float64Array((starts.length - 1) * width);
  for (let g = 0; g + 1 < starts.length; g++) {
    const share = 1 / (starts[g + 1] - starts[g]);
    for (let v = starts[g]; v < starts[g + 1]; v++) {
      for (let i = 0; i < width; i++) y[g * width + i] += share * x[v * width + i];
    }
  }
  return y;
}

function unpool(starts: Int32Array, dy: Float64Array, width: number): Float64Array {
  const dx = new Float64Array(starts[starts.length - 1] * width);
  for (let g = 0; g + 1 < starts.length; g++) {
    const share = 1 / (starts[g + 1] - starts[g]);
    for (let v = starts[g]; v < starts[g + 1]; v++) {
      for (let i = 0; i < width; i++) dx[v * width + i] = share * dy[g * width + i];
    }
  }
  return dx;
}
