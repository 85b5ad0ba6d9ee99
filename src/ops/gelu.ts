import functions from "../../kernels/gelu.wgsl" with { type: "text" };
import { activation } from "./elementwise.ts";

/**
 * The Gaussian error linear unit in its tanh form, x / 2 · (1 + tanh(√(2 / π) · (x + 0.044715 x³))), element by
 * element (Hendrycks and Gimpel 2016, section 2).
 */
export const gelu = activation({
  name: "gelu",
  functions,
  reference: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
});
