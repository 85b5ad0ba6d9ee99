import { run } from "../../autodiff/run.ts";
import type { Value } from "../../autodiff/tape.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { signBits } from "../../ops/mod.ts";
import { derivativeAtZero, type Steps } from "./derivative.ts";
import type { ZeroCostScore } from "./score.ts";
import {
  type Layer,
  layerParams,
  layersOn,
  lossOn,
  readWeights,
  recordLoss,
  type Untrained,
} from "./untrained.ts";
import { WatchedTape } from "./watched_tape.ts";

/**
 * Steps along the weights, as shares of them. The last ones are as small as rounding allows in networks whose
 * instance norms see nearly equal pixels; others end after two or three.
 */
const STEPS: Steps = { first: 2 ** -6, most: 6, within: 1e-3 };

/**
 * Computes loss and gradients, and keeps on which sides of their kinks all elements are.
 * @param copy copies a tensor; a dry run has nothing to copy.
 */
function recordSides(
  net: Untrained,
  copy: (from: Tensor, to: Tensor) => void,
): { layers: Layer[]; sides: Tensor[] } {
  const bits: Value[] = [];
  const tape = new WatchedTape(({ op, inputs: [x] }, record) => {
    op.kinks?.at.forEach((at) => bits.push(signBits(x, at)));
    return record();
  });
  const loss = lossOn(tape, net);
  const result = run(net.gpu, tape, { outputs: [loss, ...bits], loss });
  const sides = bits.map((value) => {
    const kept = net.gpu.empty(value.shape);
    copy(result.of(value), kept);
    return kept;
  });
  return { layers: layersOn(tape), sides };
}

/** Computes the gradients of the network whose elements stay on these sides of their kinks. */
function recordWith(net: Untrained, sides: readonly Tensor[]): void {
  let next = 0;
  const tape: WatchedTape = new WatchedTape(({ op: { kinks }, inputs: [x] }, record) => {
    if (!kinks) return record();
    const above = kinks.at.map(() => {
      const tensor = sides[next++];
      return tape.input(tensor.shape, { tensor, dtype: "u32" });
    });
    return [kinks.keeping(x, above)];
  });
  recordLoss(net, tape);
}

/**
 * Gradient signal preservation (Wang et al., ICLR 2020): −Σ w · (H g), H the Hessian of the loss and g its
 * gradient. The tape differentiates once, and H is symmetric: the score is how g · ∇loss changes while all
 * weights shrink in proportion. Norms undo nearly all of that, so that a step along w may be a thousand times
 * as long as one along g, whose difference is lost in the rounding of float32. Elements stay on their sides of
 * the kinks of ReLU and hard-swish meanwhile: H knows nothing of kinks, and a step that crosses some would
 * count them.
 */
export const grasp: ZeroCostScore = {
  name: "grasp",
  summary: "minus the sum of weight times (Hessian times gradient)",
  record: (net) => recordWith(net, recordSides(net, () => {}).sides),
  async score(net) {
    const { layers, sides } = recordSides(net, (from, to) => net.gpu.copy(from, to));
    const values = layers.flatMap(({ weights }) => weights);
    const { gradients } = await readWeights(net);
    const start = await net.weights.tensors();
    const names = [...layerParams(net)].map(({ name }) => name);
    const shrunk = (share: number) =>
      names.map((name) => {
        const { shape, data } = start[name];
        return [name, { shape, data: Float32Array.from(data, (w) => w * (1 - share)) }];
      });
    return await derivativeAtZero(async (share) => {
      net.weights.load({ ...start, ...Object.fromEntries(shrunk(share)) });
      recordWith(net, sides);
      const moved = await readWeights(net);
      return values.reduce((sum, value) => {
        const g = moved.gradients(value);
        return gradients(value).reduce((all, v, i) => all + v * g[i], sum);
      }, 0);
    }, STEPS);
  },
};
