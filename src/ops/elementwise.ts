/** What activations have in common: one input, a gradient that follows from the output, any shape. */
import { defineOp, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

interface Activation {
  name: string;
  /** y from x; bindings x, y. */
  forward: string;
  /** dx from y and dy; bindings y, dy, dx, and a flag `add`. */
  backward: string;
  reference(x: number): number;
}

/** Defines the op and returns the function that applies it. */
export function activation(spec: Activation): (x: Value) => Value {
  const forward = kernel(spec.name, spec.forward);
  const backward = kernel(`${spec.name}_dx`, spec.backward);
  const op = defineOp<Record<never, never>>({
    name: spec.name,
    shapes: ([x]) => ({ out: [x] }),
    forward: (rec, { inputs: [x], out: [y] }) =>
      rec.run(forward, { x, y }, { n: numel(x.shape) }, numel(x.shape)),
    backward: (rec, { out: [y], dy: [dy], dx: [dx] }) =>
      rec.run(
        backward,
        { y, dy: dy!, dx: dx!.tensor },
        { n: numel(y.shape), add: dx!.accumulate },
        numel(y.shape),
      ),
    reads: { inputs: false },
    reference: ([x]) => [x.map(spec.reference)],
    cases: [
      [1],
      [3, 5],
      [2, 7, 5, 3],
      [2, 5, 5, 36],
      [70, 33],
      [1, 28, 28, 1],
    ].map((shape) => ({ shapes: [shape], params: {} })),
  });
  return (x) => apply(op, [x], {})[0];
}
