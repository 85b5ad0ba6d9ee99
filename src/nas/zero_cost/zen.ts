import { run } from "../../autodiff/run.ts";
import { numel } from "../../autodiff/op.ts";
import type { Param, Value } from "../../autodiff/tape.ts";
import { Rng, salted, Stream } from "../../common/random.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import type { NamedTensors } from "../../nn/weights.ts";
import { TrialError } from "../results.ts";
import type { ZeroCostScore } from "./score.ts";
import { forward, layerParams, type Untrained } from "./untrained.ts";
import { WatchedTape } from "./watched_tape.ts";

/** Share of the old running statistics that an update keeps, as in the published code. */
const DECAY = 0.9;
/** Deviation of what is added to the images. */
const NOISE = 0.01;

const normals = (n: number, rng: Rng) => Float32Array.from({ length: n }, () => rng.normal());

/** Records a pass up to the global average pool, in which batch norms update their running statistics. */
function record(net: Untrained, images: Tensor): { features: Tensor; states: Value[] } {
  let last: Value | undefined;
  const states: Value[] = [];
  const tape = new WatchedTape(({ op, inputs, params }, recordOp) => {
    if (op.name === "global_avg_pool") last = inputs[0];
    const state = inputs[3];
    if (op.name !== "batch_norm" || !state) return recordOp();
    states.push(state);
    return recordOp({
      params: { ...params as object, update: true, debias: false, decay: DECAY },
    });
  });
  forward(net, tape.input(images.shape, { tensor: images }));
  if (!last) {
    throw new TrialError(
      "Cannot score with zen: the network has no global average pool, whose input it compares",
    );
  }
  return { features: run(net.gpu, tape, { outputs: [last] }).of(last), states };
}

/** Weights of layers from N(0, 1), running means 0 and variances 1; norms and biases as they begin. */
function standardWeights(tensors: NamedTensors, net: Untrained): NamedTensors {
  const layers = layerParams(net);
  const fresh = (param: Param, index: number): Float32Array => {
    const { data } = tensors[param.name];
    if (layers.has(param)) {
      return normals(data.length, new Rng(net.seed, salted(Stream.init, 1), index));
    }
    if (param.trainable) return data as Float32Array;
    const c = (data.length - 1) / 2;
    return Float32Array.from(data, (_, i) => i >= c && i < 2 * c ? 1 : 0);
  };
  return Object.fromEntries(
    net.weights.params().map((param, i) => {
      return [param.name, { shape: param.shape, data: fresh(param, i) }];
    }),
  );
}

/** Mean running variance of a batch norm with c channels: means, variances, number of updates. */
function meanVariance(running: Float32Array): number {
  const c = (running.length - 1) / 2;
  return running.subarray(c, 2 * c).reduce((sum, v) => sum + v, 0) / c;
}

/**
 * Zen-NAS (Lin et al., ICCV 2021): how much a little noise on random images changes the features of a network
 * with random weights, times the scales that its batch norms have taken out.
 */
export const zen: ZeroCostScore = {
  name: "zen",
  summary: "logarithm of how much a little noise changes the features, with the norms' scales",
  record: (net) => void record(net, net.batch.images),
  async score(net) {
    const { gpu, batch: { n }, input } = net;
    const shape = [n, ...input];
    const [x, z] = [0, 1].map((step) =>
      normals(numel(shape), new Rng(net.seed, salted(Stream.data, 1), step))
    );
    net.weights.load(standardWeights(await net.weights.tensors(), net));
    const [clean] = await gpu.read([record(net, gpu.upload(x, shape)).features]);
    const noisy = x.map((v, i) => v + NOISE * z[i]);
    const { features, states } = record(net, gpu.upload(noisy, shape));
    const [changed] = await gpu.read([features]);
    const difference = clean.reduce((sum, v, i) => sum + Math.abs(v - changed[i]), 0) / n;
    const tensors = await net.weights.tensors();
    const scales = states.map((state) =>
      Math.log(meanVariance(tensors[net.weights.paramOf(state).name].data as Float32Array)) / 2
    );
    return Math.log(difference) + scales.reduce((a, b) => a + b, 0);
  },
};
