import functions from "../../kernels/hard_swish.wgsl" with { type: "text" };
import { activation } from "./elementwise.ts";

/** x · min(max(x + 3, 0), 6) / 6, element by element (Howard et al. 2019, section 5.2). */
export const hardSwish = activation({
  name: "hard_swish",
  functions,
  reference: (x) => x * Math.min(Math.max(x + 3, 0), 6) / 6,
});
