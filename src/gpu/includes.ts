/** The files of `kernels/lib`, by the name that `//#include` uses. */
import index from "../../kernels/lib/index.wgsl" with { type: "text" };
import random from "../../kernels/lib/random.wgsl" with { type: "text" };

export const includes: Readonly<Record<string, string>> = {
  "lib/index.wgsl": index,
  "lib/random.wgsl": random,
};
