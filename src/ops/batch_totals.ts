/** The last dispatch of both cross-entropies. */
import batchTotalsWgsl from "../../kernels/batch_totals.wgsl" with { type: "text" };
import { numel, type Tensor } from "../autodiff/op.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel } from "../gpu/kernel.ts";

const totals = kernel("batch_totals", batchTotalsWgsl);

/** mean = Σ weight · loss / n; hits = Σ hit over examples whose weight is not 0. */
export function batchTotals(
  rec: Recorder,
  { loss, hit, weights, mean, hits }: {
    loss: Tensor;
    hit: Tensor;
    weights?: Tensor;
    mean: Tensor;
    hits: Tensor;
  },
): void {
  rec.run(
    totals,
    { loss, hit, weights: weights ?? loss, mean, hits },
    { n: numel(loss.shape), weighted: Boolean(weights) },
    [1],
  );
}
