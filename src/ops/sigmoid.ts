import sigmoidWgsl from "../../kernels/sigmoid.wgsl" with { type: "text" };
import sigmoidDxWgsl from "../../kernels/sigmoid_dx.wgsl" with { type: "text" };
import { count, defineOp } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("sigmoid", sigmoidWgsl);
const backward = kernel("sigmoid_dx", sigmoidDxWgsl);

const op = defineOp<Record<never, never>>({
  name: "sigmoid",
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
  reference: ([x]) => [x.map((v) => 1 / (1 + Math.exp(-v)))],
  cases: [
    [1],
    [3, 5],
    [2, 7, 5, 3],
    [2, 5, 5, 36],
    [70, 33],
    [1, 28, 28, 1],
  ].map((shape) => ({ shapes: [shape], params: {} })),
});

/** 1 / (1 + exp(−x)), element by element. */
export const sigmoid = (x: Value): Value => apply(op, [x], {})[0];
