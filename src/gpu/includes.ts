/** The files of `kernels/lib`, by the name that `//#include` uses. */
import activation from "../../kernels/lib/activation.wgsl" with { type: "text" };
import activationDx from "../../kernels/lib/activation_dx.wgsl" with { type: "text" };
import batchNorm from "../../kernels/lib/batch_norm.wgsl" with { type: "text" };
import batchNormDx from "../../kernels/lib/batch_norm_dx.wgsl" with { type: "text" };
import batchNormSums from "../../kernels/lib/batch_norm_sums.wgsl" with { type: "text" };
import batchNormUpdate from "../../kernels/lib/batch_norm_update.wgsl" with { type: "text" };
import conv2d from "../../kernels/lib/conv2d.wgsl" with { type: "text" };
import depthwiseTaps from "../../kernels/lib/depthwise_taps.wgsl" with { type: "text" };
import formula from "../../kernels/lib/formula.wgsl" with { type: "text" };
import formulaDbeta from "../../kernels/lib/formula_dbeta.wgsl" with { type: "text" };
import formulaDx from "../../kernels/lib/formula_dx.wgsl" with { type: "text" };
import index from "../../kernels/lib/index.wgsl" with { type: "text" };
import groupSum from "../../kernels/lib/group_sum.wgsl" with { type: "text" };
import math from "../../kernels/lib/math.wgsl" with { type: "text" };
import moments from "../../kernels/lib/moments.wgsl" with { type: "text" };
import normWeights from "../../kernels/lib/norm_weights.wgsl" with { type: "text" };
import part from "../../kernels/lib/part.wgsl" with { type: "text" };
import pixel from "../../kernels/lib/pixel.wgsl" with { type: "text" };
import poolCells from "../../kernels/lib/avg_pool_cells.wgsl" with { type: "text" };
import relu from "../../kernels/lib/relu.wgsl" with { type: "text" };
import random from "../../kernels/lib/random.wgsl" with { type: "text" };

export const includes: Readonly<Record<string, string>> = {
  "lib/activation.wgsl": activation,
  "lib/activation_dx.wgsl": activationDx,
  "lib/batch_norm.wgsl": batchNorm,
  "lib/batch_norm_dx.wgsl": batchNormDx,
  "lib/batch_norm_sums.wgsl": batchNormSums,
  "lib/batch_norm_update.wgsl": batchNormUpdate,
  "lib/conv2d.wgsl": conv2d,
  "lib/depthwise_taps.wgsl": depthwiseTaps,
  "lib/formula.wgsl": formula,
  "lib/formula_dbeta.wgsl": formulaDbeta,
  "lib/formula_dx.wgsl": formulaDx,
  "lib/index.wgsl": index,
  "lib/group_sum.wgsl": groupSum,
  "lib/math.wgsl": math,
  "lib/moments.wgsl": moments,
  "lib/norm_weights.wgsl": normWeights,
  "lib/part.wgsl": part,
  "lib/pixel.wgsl": pixel,
  "lib/avg_pool_cells.wgsl": poolCells,
  "lib/random.wgsl": random,
  "lib/relu.wgsl": relu,
};
