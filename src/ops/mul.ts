import mulWgsl from "../../kernels/mul.wgsl" with { type: "text" };
import { count, defineOp, expectShape, type Tensor } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import { sameShape } from "./shapes.ts";

const product = kernel("mul", mulWgsl);

const times = (gpu: Gpu, a: Tensor, b: Tensor, y: Tensor, add: boolean) =>
  gpu.run(product, { a, b, y }, { n: count(a.shape), add }, count(a.shape));

const op = defineOp<Record<never, never>>({
  name: "mul",
  shapes: ([a, b]) => {
    expectShape(sameShape(a, b), "mul", [a, b], "two equal shapes");
    return { out: [a] };
  },
  forward: (gpu, { inputs: [a, b], out: [y] }) => times(gpu, a, b, y, false),
  backward: (gpu, { inputs: [a, b], dy: [dy], dx: [da, db] }) => {
    if (da) times(gpu, dy!, b, da.tensor, da.accumulate);
    if (db) times(gpu, dy!, a, db.tensor, db.accumulate);
  },
  reads: { out: false },
  reference: ([a, b]) => [a.map((v, i) => v * b[i])],
  cases: [
    [1],
    [3, 5],
    [2, 7, 5, 3],
    [2, 5, 5, 36],
    [70, 33],
    [1, 28, 28, 1],
  ].map((shape) => ({ shapes: [shape, shape], params: {} })),
});

/** a · b, element by element; equal shapes. */
export const mul = (a: Value, b: Value): Value => apply(op, [a, b], {})[0];
