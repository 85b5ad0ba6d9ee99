import type { Value } from "../autodiff/tape.ts";
import { depthwiseConv2d, type DepthwiseOptions } from "./depthwise_conv2d.ts";
import { pointwise } from "./pointwise.ts";

/**
 * Depthwise convolution of x [n,h,w,ci] by dw [k,k,ci,1], then 1×1 convolution by pw [ci,co]; SAME padding.
 * Two kernels: one that keeps a whole image in workgroup memory saves a dispatch and a pass over the image, but
 * is at best a seventh faster, mostly no faster, and takes up to six times as long to compile.
 */
export const separableConv2d = (x: Value, dw: Value, pw: Value, options: DepthwiseOptions): Value =>
  pointwise([depthwiseConv2d(x, dw, options)], [pw]);
