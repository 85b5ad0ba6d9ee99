import forward from "../../kernels/tanh.wgsl" with { type: "text" };
import backward from "../../kernels/tanh_dx.wgsl" with { type: "text" };
import { activation } from "./elementwise.ts";

/** tanh(x), element by element. */
export const tanh = activation({ name: "tanh", forward, backward, reference: Math.tanh });
