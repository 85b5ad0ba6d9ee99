/** The second half of a reduction without atomics: partial results are added in a fixed order. */
import splitSumWgsl from "../../kernels/split_sum.wgsl" with { type: "text" };
import type { Grad, Tensor } from "../autodiff/op.ts";
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";

const splitSum = kernel("split_sum", splitSumWgsl);

/** Sums `splits` rows of `n` partial results into a gradient. */
export function sumSplits(gpu: Gpu, sums: Tensor, splits: number, n: number, to: Grad): void {
  gpu.run(splitSum, { sums, y: to.tensor }, { n, splits, add: to.accumulate }, n);
}
