import forward from "../../kernels/relu.wgsl" with { type: "text" };
import backward from "../../kernels/relu_dx.wgsl" with { type: "text" };
import { activation } from "./elementwise.ts";
import { masked } from "./masked.ts";

/** max(x, 0), element by element. */
export const relu = activation({
  name: "relu",
  role: "relu",
  kinks: { at: [0], keeping: (x, [above]) => masked(x, above) },
  forward,
  backward,
  reference: (x) => Math.max(x, 0),
});
