/** Defines activations: ops with one input of any shape, and two kernels. */
import { type Case, defineOp, numel, type OpSpec, type Tensor } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

/** Two kernels, the backward one reading y: x is freed early. */
interface FromOutput {
  /** WGSL of y from x; bindings x, y. */
  forward: string;
  /** WGSL of dx; bindings y, dy, dx, and a flag `add`. */
  backward: string;
}

/** One text: the WGSL functions `value` and `slope` of x, for activations whose gradient does not follow from y. */
interface FromInput {
  functions: string;
}

type Activation = (FromOutput | FromInput) & {
  name: string;
  reference(x: number): number;
  role?: OpSpec<unknown>["role"];
  kinks?: OpSpec<unknown>["kinks"];
};

/** The texts of both kernels around the two functions of x. */
const around = ({ functions }: FromInput): FromOutput => {
  const text = (frame: string) =>
    `${functions}\n//#include lib/index.wgsl\n//#include lib/${frame}.wgsl\n`;
  return { forward: text("activation"), backward: text("activation_dx") };
};

/**
 * Work of kernels whose invocations take four elements or vectors each, and which have a flag WIDE.
 * @param runs length of the runs that vectors must not cross; default: n.
 */
export function wideWork(n: number, runs = n) {
  const wide = runs % 4 === 0, elements = wide ? n / 4 : n;
  return { params: { n: elements, WIDE: `${wide}` }, invocations: Math.ceil(elements / 4) };
}

/** Defines the op and returns the function that applies it. */
export function activation(spec: Activation): (x: Value) => Value {
  const { name, role, kinks, reference } = spec;
  const wgsl = "functions" in spec ? around(spec) : spec;
  const forward = kernel(name, wgsl.forward);
  const backward = kernel(`${name}_dx`, wgsl.backward);
  const fromInput = "functions" in spec;
  const workOf = (n: number) => fromInput ? wideWork(n) : { params: { n }, invocations: n };
  const op = defineOp<Record<never, never>>({
    name,
    role,
    kinks,
    shapes: ([x]) => ({ out: [x] }),
    forward: (rec, { inputs: [x], out: [y] }) => {
      const { params, invocations } = workOf(numel(x.shape));
      rec.run(forward, { x, y }, params, invocations);
    },
    backward: (rec, { inputs: [x], out: [y], dy: [dy], dx: [dx] }) => {
      const { tensor, accumulate: add } = dx!;
      const { params, invocations } = workOf(numel(y.shape));
      const from: Record<string, Tensor> = fromInput ? { x } : { y };
      rec.run(backward, { ...from, dy: dy!, dx: tensor }, { ...params, add }, invocations);
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
