import { run } from "../../autodiff/run.ts";
import { numel } from "../../autodiff/op.ts";
import type { Value } from "../../autodiff/tape.ts";
import { bitMatches, signBits } from "../../ops/mod.ts";
import { TrialError } from "../results.ts";
import { logDeterminant } from "./matrices.ts";
import type { ZeroCostScore } from "./score.ts";
import { forward, type Untrained } from "./untrained.ts";
import { WatchedTape } from "./watched_tape.ts";

/** Records the forward pass. @returns for every ReLU the number of equal signs of each pair of images. */
function record(net: Untrained) {
  const counts: Value[] = [];
  const tape = new WatchedTape(({ op, inputs }, recordOp) => {
    if (op.role === "relu") {
      const [x] = inputs;
      counts.push(bitMatches(signBits(x), numel(x.shape) / x.shape[0]));
    }
    return recordOp();
  });
  const { batch } = net;
  const images = tape.input(batch.images.shape, { tensor: batch.images });
  forward(net, images);
  if (counts.length === 0) {
    throw new TrialError("Cannot score with nwot: the network has no ReLU, expected one at least");
  }
  const result = run(net.gpu, tape, { outputs: counts });
  return { n: batch.n, counts: counts.map((value) => result.of(value)) };
}

/**
 * Neural architecture search without training (Mellor et al., ICML 2021): networks whose ReLUs tell the images
 * of a batch apart score high. The kernel sums the equal signs over all ReLUs.
 */
export const nwot: ZeroCostScore = {
  name: "nwot",
  summary: "log-determinant of how many ReLUs agree in each pair of images",
  record,
  async score(net) {
    const { n, counts } = record(net);
    const kernel = new Float64Array(n * n);
    for (const of of await net.gpu.readU32(counts)) of.forEach((v, i) => kernel[i] += v);
    return logDeterminant(kernel, n);
  },
};
