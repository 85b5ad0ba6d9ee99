/** Optimizers of a controller: Adam as in the released code, or SGD with momentum as in NNabla's. */
import type { Gpu } from "../../gpu/device.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { Adam, type OptimizerState, Sgd } from "../../nn/optimizer.ts";
import type { Touched } from "../../nn/regions.ts";
import type { Slab } from "../../nn/slab.ts";
import type { ControllerConfig } from "./network.ts";

export interface ControllerOptimizer {
  /** Records a step; returns the gradients' sums of squares as `Sgd.step` does. */
  step(touched: readonly Touched[]): Tensor | null;
  /** Records a step without effect, for `Gpu.dryRun`. */
  dryRun(touched: readonly Touched[]): Tensor | null;
  snapshot(): Promise<OptimizerState>;
  restore(state: OptimizerState): void;
}

export function controllerOptimizer(
  gpu: Gpu,
  slabs: readonly Slab[],
  { optimizer, lr, momentum, beta1, epsilon, l2 }: ControllerConfig,
): ControllerOptimizer {
  if (optimizer === "adam") return new Adam(gpu, slabs, { lr, beta1, beta2: 0.999, epsilon, l2 });
  const sgd = new Sgd(gpu, slabs, { momentum, nesterov: false, l2 });
  const step = (touched: readonly Touched[]) => sgd.step(touched, lr);
  return {
    step,
    dryRun: step,
    snapshot: () => sgd.snapshot(),
    restore: (state) => sgd.restore(state),
  };
}
