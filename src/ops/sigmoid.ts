import forward from "../../kernels/sigmoid.wgsl" with { type: "text" };
import backward from "../../kernels/sigmoid_dx.wgsl" with { type: "text" };
import { activation } from "./elementwise.ts";

/** 1 / (1 + exp(−x)), element by element. */
export const sigmoid = activation({
  name: "sigmoid",
  forward,
  backward,
  reference: (x) => 1 / (1 + Math.exp(-x)),
});
