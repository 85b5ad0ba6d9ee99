import functions from "../../kernels/mish.wgsl" with { type: "text" };
import { activation } from "./elementwise.ts";

/** x · tanh(ln(1 + eˣ)), element by element (Misra 2019). */
export const mish = activation({
  name: "mish",
  functions,
  reference: (x) => x * Math.tanh(Math.log(1 + Math.exp(x))),
});
