/** Runs a recorded network in float64, by the references of its ops, and differentiates it by differences. */
import { numel } from "../../../src/autodiff/op.ts";
import type { Tape, Value } from "../../../src/autodiff/tape.ts";

/** Values of everything that is not computed: weights and states by name, inputs of the tape in order. */
export interface Given {
  params: Record<string, Float64Array>;
  inputs: readonly Float64Array[];
}

/** Computes values of a tape. @returns a function that also gives values on the way, after the run. */
export function runFloat64(tape: Tape, given: Given): (value: Value) => Float64Array {
  const done = new Map<number, Float64Array[]>();
  const of = ({ source, shape }: Value): Float64Array => {
    if (source.kind === "node") return done.get(source.node.index)![source.out];
    if (source.kind === "input") return given.inputs[source.id];
    const whole = given.params[source.param.name];
    return whole.subarray(source.offset, source.offset + numel(shape));
  };
  for (const node of tape.nodes) {
    const shapes = node.inputs.map(({ shape }) => shape);
    done.set(node.index, node.op.reference(node.inputs.map(of), shapes, node.params));
  }
  return of;
}

/** Central differences of f with respect to each element of x, which f sees changed in place. */
export function differences(x: Float64Array, f: () => number, step = 1e-5): Float64Array {
  return x.map((value, i) => {
    x[i] = value + step;
    const up = f();
    x[i] = value - step;
    const down = f();
    x[i] = value;
    return (up - down) / (2 * step);
  });
}

/** Relative difference of a score from its reference. */
export const off = (got: number, expected: number): number =>
  Math.abs(got - expected) / Math.max(Math.abs(expected), 1e-12);
