/** Every operation; importing this file fills the registry. */
export * from "./add.ts";
export * from "./avg_pool2d.ts";
export * from "./batch_norm.ts";
export * from "./conv2d.ts";
export * from "./depthwise_conv2d.ts";
export * from "./global_avg_pool.ts";
export * from "./matmul.ts";
export * from "./max_pool2d.ts";
export * from "./pointwise.ts";
export * from "./relu.ts";
export * from "./separable_conv2d.ts";
