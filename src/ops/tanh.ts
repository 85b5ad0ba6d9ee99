import tanhWgsl from "../../kernels/tanh.wgsl" with { type: "text" };
import tanhDxWgsl from "../../kernels/tanh_dx.wgsl" with { type: "text" };
import { count, defineOp } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("tanh", tanhWgsl);
const backward = kernel("tanh_dx", tanhDxWgsl);

const op = defineOp<Record<never, never>>({
  name: "tanh",
  shapes: ([x]) => ({ out: [x] }),
  forward: (gpu, { inputs: [x], out: [y] }) =>
    gpu.run(forward, { x, y }, { n: count(x.shape) }, count(x.shape)),
  backward: (gpu, { out: [y], dy: [dy], dx: [dx] }) =>
    gpu.run(
      backward,
      { y, dy: dy!, dx: dx!.tensor },
      { n: count(y.shape), add: dx!.accumulate },
      count(y.shape),
    ),
  reads: { inputs: false },
  reference: ([x]) => [x.map((v) => Math.tanh(v))],
  cases: [
    [1],
    [3, 5],
    [2, 7, 5, 3],
    [2, 5, 5, 36],
    [70, 33],
    [1, 28, 28, 1],
  ].map((shape) => ({ shapes: [shape], params: {} })),
});

/** tanh(x), element by element. */
export const tanh = (x: Value): Value => apply(op, [x], {})[0];
