import functions from "../../kernels/hard_swish.wgsl" with { type: "text" };
import type { Value } from "../autodiff/tape.ts";
import { add } from "./add.ts";
import { activation } from "./elementwise.ts";
import { masked } from "./masked.ts";
import { mul } from "./mul.ts";
import { addScaled, scale } from "./scale.ts";

/** 0 for elements that are not above −3, x for those above 3, and x · (x + 3) / 6 for the others. */
function keeping(x: Value, [aboveMinus3, above3]: readonly Value[]): Value {
  const between = addScaled(scale(x, 1 / 2), mul(x, x), 1 / 6);
  return add(masked(between, aboveMinus3), masked(addScaled(x, between, -1), above3));
}

/** x · min(max(x + 3, 0), 6) / 6, element by element (Howard et al. 2019, section 5.2). */
export const hardSwish = activation({
  name: "hard_swish",
  functions,
  kinks: { at: [-3, 3], keeping },
  reference: (x) => x * Math.min(Math.max(x + 3, 0), 6) / 6,
});
