import { run } from "../../autodiff/run.ts";
import { reach } from "../../autodiff/schedule.ts";
import type { Value } from "../../autodiff/tape.ts";
import { numel } from "../../autodiff/op.ts";
import { scaleChannels } from "../../ops/mod.ts";
import type { ZeroCostScore } from "./score.ts";
import { isLayer, lossOn, type Untrained, weightsIn } from "./untrained.ts";
import { WatchedTape } from "./watched_tape.ts";

/** A layer's output, multiplied by a factor of 1 per image and channel. */
interface Gate {
  factors: Value;
  output: Value;
  /** Weights behind one output channel. */
  perChannel: number;
}

/** Records the loss with a gate behind every layer. @returns the gradients of the gates' factors. */
function record(net: Untrained) {
  const { gpu } = net;
  const gates: Gate[] = [];
  const tape: WatchedTape = new WatchedTape(({ op, inputs }, recordOp) => {
    const outputs = recordOp();
    if (!isLayer({ op, inputs })) return outputs;
    const [y] = outputs;
    const [n, c] = [y.shape[0], y.shape.at(-1)!];
    const ones = gpu.upload(new Float32Array(n * c).fill(1), [n, c]);
    const factors = tape.input([n, c], { tensor: ones, wantsGrad: true });
    const output = scaleChannels(y, factors);
    const weights = weightsIn(inputs).reduce((sum, { shape }) => sum + numel(shape), 0);
    gates.push({ factors, output, perChannel: weights / c });
    return [output];
  });
  const loss = lossOn(tape, net);
  const result = run(gpu, tape, { outputs: [loss], loss });
  const reached = reach(tape, [loss]);
  // Nothing depends on the output of some layers: they have no gradient and add nothing.
  const read = gates.filter(({ output: { source } }) =>
    source.kind === "node" && reached.has(source.node)
  );
  return { gates: read, gradients: read.map(({ factors }) => result.gradient(factors)) };
}

/**
 * Fisher pruning (Theis et al., 2018; Turner et al., ICLR 2020): the gradient of a factor on a channel of one
 * image is the sum over the pixels of a · ∂loss/∂a, a being the layer's output.
 */
export const fisher: ZeroCostScore = {
  name: "fisher",
  summary: "sum over the weights of half the mean squared sensitivity of their channel",
  record,
  async score(net) {
    const { gates, gradients } = record(net);
    const values = await net.gpu.read(gradients);
    let score = 0;
    gates.forEach(({ factors: { shape: [n] }, perChannel }, i) => {
      let squares = 0;
      for (const g of values[i]) squares += g * g;
      score += squares / n / 2 * perChannel;
    });
    return score;
  },
};
