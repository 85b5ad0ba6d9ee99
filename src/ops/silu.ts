import functions from "../../kernels/silu.wgsl" with { type: "text" };
import { activation } from "./elementwise.ts";

/** x · σ(x), element by element (Hendrycks and Gimpel 2016; Swish in Ramachandran et al. 2017). */
export const silu = activation({
  name: "silu",
  functions,
  reference: (x) => x / (1 + Math.exp(-x)),
});
