/** Destinations of the gradients of a norm's weights, as `lib/norm_weights.wgsl` writes them. */
import type { Grad, Tensor } from "../autodiff/op.ts";
import type { Params } from "../gpu/kernel.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { withUnused } from "./tiling.ts";

/** A weight's whole buffer: kernels get the offset in it as a uniform. */
const whole = (t: Tensor): Tensor => ({ ...t, offset: 0 });

/** Binds the gradients of gamma and beta. Those in one buffer share a binding: two must not be writable. */
export function withWeightGradients(
  rec: Recorder,
  [gamma, beta]: readonly (Grad | null)[],
  body: (to: Record<"grad" | "other", Tensor>, options: Params) => void,
): void {
  const oneBuffer = gamma?.tensor.buffer === beta?.tensor.buffer;
  withUnused(rec, ["grad", "other"], (unused) =>
    body({
      grad: gamma ? whole(gamma.tensor) : unused.grad,
      other: beta && !oneBuffer ? whole(beta.tensor) : unused.other,
    }, {
      gamma_to: gamma?.tensor.offset ?? 0,
      write_gamma: gamma !== null,
      add_gamma: gamma?.accumulate ?? false,
      beta_to: beta?.tensor.offset ?? 0,
      write_beta: beta !== null,
      add_beta: beta?.accumulate ?? false,
      one_buffer: oneBuffer,
    }));
}
