import { run } from "../../autodiff/run.ts";
import type { Value } from "../../autodiff/tape.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { masked, signBits } from "../../ops/mod.ts";
import type { ZeroCostScore } from "./score.ts";
import {
  type Layer,
  layersOn,
  lossOn,
  readWeights,
  recordLoss,
  type Untrained,
  type WeightValues,
} from "./untrained.ts";
import { WatchedTape } from "./watched_tape.ts";

/**
 * Length of the step along the gradient, as a share of the length of the weights. A tenth of it loses the
 * difference in the rounding of float32, ten times it the curvature.
 */
const STEP = 2e-5;

const squares = (values: Iterable<number>) => {
  let sum = 0;
  for (const v of values) sum += v * v;
  return sum;
};

/** Writes weights + step · gradients of these layers; all other weights keep their values. */
function move(
  { weights: store }: Untrained,
  start: Awaited<ReturnType<Untrained["weights"]["tensors"]>>,
  along: readonly Value[],
  values: WeightValues,
  step: number,
): void {
  const moved = { ...start };
  for (const value of along) {
    const { name } = store.paramOf(value);
    const { shape, data } = moved[name];
    const changed = Float32Array.from(data);
    const offset = value.source.kind === "param" ? value.source.offset : 0;
    values.gradients(value).forEach((g, i) => changed[offset + i] += step * g);
    moved[name] = { shape, data: changed };
  }
  store.load(moved);
}

/**
 * Computes loss and gradients, and keeps the signs of all ReLUs.
 * @param copy copies a tensor; a dry run has nothing to copy.
 */
function recordSigns(
  net: Untrained,
  copy: (from: Tensor, to: Tensor) => void,
): { layers: Layer[]; signs: Tensor[] } {
  const bits: Value[] = [];
  const tape = new WatchedTape(({ op, inputs }, record) => {
    if (op.role === "relu") bits.push(signBits(inputs[0]));
    return record();
  });
  const loss = lossOn(tape, net);
  const result = run(net.gpu, tape, { outputs: [loss, ...bits], loss });
  const signs = bits.map((value) => {
    const kept = net.gpu.empty(value.shape);
    copy(result.of(value), kept);
    return kept;
  });
  return { layers: layersOn(tape), signs };
}

/** Computes the gradients of the network whose ReLUs let the same elements pass as before. */
function recordWith(net: Untrained, signs: readonly Tensor[]): void {
  let next = 0;
  const tape: WatchedTape = new WatchedTape(({ op, inputs }, record) => {
    if (op.role !== "relu") return record();
    const tensor = signs[next++];
    return [masked(inputs[0], tape.input(tensor.shape, { tensor, dtype: "u32" }))];
  });
  recordLoss(net, tape);
}

/**
 * Gradient signal preservation (Wang et al., ICLR 2020): −Σ w · (H g), H the Hessian of the loss and g its
 * gradient. The tape differentiates once, so H g is the central difference of two gradients along g. The ReLUs
 * keep their signs meanwhile: H knows nothing of their kinks, and a step that crosses some would count them.
 */
export const grasp: ZeroCostScore = {
  name: "grasp",
  summary: "minus the sum of weight times (Hessian times gradient)",
  record: (net) => recordWith(net, recordSigns(net, () => {}).signs),
  async score(net) {
    const { layers, signs } = recordSigns(net, (from, to) => net.gpu.copy(from, to));
    const along = layers.flatMap(({ weights }) => weights);
    const at = await readWeights(net);
    const start = await net.weights.tensors();
    const total = (of: (value: Value) => Float32Array) =>
      Math.sqrt(along.reduce((sum, value) => sum + squares(of(value)), 0));
    const step = STEP * total(at.weights) / total(at.gradients);
    // Without a gradient there is nothing to preserve.
    if (!Number.isFinite(step)) return 0;
    const ends: WeightValues[] = [];
    for (const sign of [1, -1]) {
      move(net, start, along, at, sign * step);
      recordWith(net, signs);
      ends.push(await readWeights(net));
    }
    const [up, down] = ends;
    return -along.reduce((sum, value) => {
      const w = at.weights(value), a = up.gradients(value), b = down.gradients(value);
      return w.reduce((all, v, i) => all + v * (a[i] - b[i]) / (2 * step), sum);
    }, 0);
  },
};
