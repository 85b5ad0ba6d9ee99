/** Defines activations: ops with one input of any shape, and two kernels. */
import { type Case, defineOp, numel, type OpSpec, type Tensor } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

interface Activation {
  name: string;
  /** WGSL of y from x; bindings x, y. */
  forward: string;
  /**
   * WGSL of dx from dy and either y or x; bindings y or x, dy, dx, and a flag `add`. Where the gradient follows from
   * y, x is freed early.
   */
  backward: string;
  reference(x: number): number;
  role?: OpSpec<unknown>["role"];
}

/** Defines the op and returns the function that applies it. */
export function activation({ name, role, reference, ...wgsl }: Activation): (x: Value) => Value {
  const forward = kernel(name, wgsl.forward);
  const backward = kernel(`${name}_dx`, wgsl.backward);
  const fromInput = backward.bindings.some((binding) => binding.name === "x");
  const op = defineOp<Record<never, never>>({
    name,
    role,
    shapes: ([x]) => ({ out: [x] }),
    forward: (rec, { inputs: [x], out: [y] }) =>
      rec.run(forward, { x, y }, { n: numel(x.shape) }, numel(x.shape)),
    backward: (rec, { inputs: [x], out: [y], dy: [dy], dx: [dx] }) => {
      const { tensor, accumulate: add } = dx!, n = numel(y.shape);
      const from: Record<string, Tensor> = fromInput ? { x } : { y };
      rec.run(backward, { ...from, dy: dy!, dx: tensor }, { n, add }, n);
    },
    reads: fromInput ? { out: false } : { inputs: false },
    reference: ([x]) => [x.map(reference)],
    cases: [
      [1],
      [3, 5],
      [2, 7, 5, 3],
      [2, 5, 5, 36],
      [70, 33],
      [1, 28, 28, 1],
    ].map((shape): Case<Record<never, never>> => ({ shapes: [shape], params: {} })).concat({
      // Values at which activations saturate.
      shapes: [[9, 11]],
      params: {},
      inputs: [{ within: 7.3 }],
    }),
  });
  return (x) => apply(op, [x], {})[0];
}
