/**
 * The contract of operations. An op is one file in `src/ops`: shapes, kernels forward and backward, a
 * float64 reference, and the cases that tests and benchmarks run. Definitions register themselves; a walk
 * over the registry tests every op, so that an op nobody tests cannot be written.
 */
import type { Recorder } from "../gpu/recorder.ts";
import type { Dtype, Shape, Tensor } from "../gpu/tensor.ts";
import type { Value } from "./tape.ts";

export { type Dtype, numel, type Shape, type Tensor } from "../gpu/tensor.ts";

export interface Shapes {
  /** `out[0]` is the value. */
  out: Shape[];
  /** Results kept for backward only (batch-norm mean, pool indices). */
  saved?: Shape[];
}

export interface Forward<P> {
  inputs: readonly Tensor[];
  out: readonly Tensor[];
  saved: readonly Tensor[];
  params: P;
}

/** Destination of a gradient: overwritten, or added to when an earlier consumer has written it. */
export interface Grad {
  tensor: Tensor;
  accumulate: boolean;
}

export interface Backward<P> extends Forward<P> {
  /** Gradient of each output; null where nothing depends on it. */
  dy: readonly (Tensor | null)[];
  /** Destination of each input's gradient; null if it is not needed. */
  dx: readonly (Grad | null)[];
}

/**
 * How test data for an input are made: distinct reals in (−1, 1) without ties or kinks, others in (0.5, 1.5), in
 * (0, 1) or in (−within, within), or integers from 0 on.
 */
export type InputKind = "real" | "positive" | "unit" | { within: number } | { below: number };

/** Shapes of the inputs and parameters with which tests and benchmarks run an op. */
export interface Case<P> {
  shapes: Shape[];
  params: P;
  /** Default: every input is "real". */
  inputs?: InputKind[];
}

/** Definition of an op with parameters P: shapes, passes forward and backward, float64 reference, test cases. */
export interface OpSpec<P> {
  name: string;
  /** Shapes of the results; throws when the inputs do not fit. */
  shapes(inputs: readonly Shape[], params: P): Shapes;
  /** Records the dispatches. */
  forward(rec: Recorder, io: Forward<P>): void;
  /**
   * Records the gradients that are wanted; `"dy"` when the gradient of every input is dy itself (no copy is
   * made unless somebody adds to it); or a sentence why there is none.
   */
  backward: ((rec: Recorder, io: Backward<P>) => void) | "dy" | `none, because ${string}`;
  /** Inputs whose gradient is dy itself: `dx` is null for them, and they share dy's memory. */
  handsOver?: number[];
  /** Tensors that `backward` reads; others are freed early. Default: inputs not in `handsOver`, outputs. */
  reads?: { inputs?: boolean; out?: boolean };
  /** Element types; default: float32. Integers take no gradient. */
  dtypes?: { inputs?: readonly Dtype[]; out?: readonly Dtype[] };
  /** Outputs that take no gradient (counts, entropies for reports): `dy` is null for them. */
  constant?: number[];
  /** Marks an op that others can absorb: max(x, 0), or the sum of its two inputs. */
  role?: "relu" | "sum";
  /**
   * Points where the slope of a function of single elements jumps, and the function whose elements stay on the
   * side that bits tell, those of `signBits` at these points.
   */
  kinks?: { at: readonly number[]; keeping(x: Value, above: readonly Value[]): Value };
  /** Brings its first input to a fixed mean and deviation, so that a factor on that input has no effect. */
  normalises?: true;
  /** Neighbouring ops on the tape that the kernels of this op can compute as well (fusion). */
  absorbs?: {
    /** max(x, 0) of inputs: `at` gives their indices among so many inputs, `params` the parameters for it. */
    reluOfInputs?: { at(inputs: number): number[]; params(params: P): P };
    /** max(y, 0) of the value: returns the parameters for it. */
    reluOfOutput?(params: P): P;
    /** A sum: the op that adds one more tensor, its second input, to the value. */
    sum?: Op<P>;
  };
  /** Inputs that `forward` changes in place (running statistics); they take no gradient. */
  mutates?: number[];
  /** Multiply-adds of one forward pass. */
  macs?(inputs: readonly Shape[], params: P): number;
  /**
   * Plain float64 loops: slow, obvious, and what the kernels are tested against. Returns all outputs, then
   * the new values of the mutated inputs. Differentiable ops are checked against its central differences.
   */
  reference(inputs: readonly Float64Array[], shapes: readonly Shape[], params: P): Float64Array[];
  cases: Case<P>[];
}

/** A registered op, which `apply` takes. */
export type Op<P> = OpSpec<P>;

/** Every operation in the order of definition. */
// deno-lint-ignore no-explicit-any
export const registry: Op<any>[] = [];

/** Adds an op to the registry and returns it. @throws Error when the name is taken. */
export function defineOp<P>(spec: OpSpec<P>): Op<P> {
  if (registry.some((o) => o.name === spec.name)) {
    throw new Error(`Cannot define op ${spec.name}: the name is taken`);
  }
  registry.push(spec);
  return spec;
}

/** Element type of the i-th input. */
// deno-lint-ignore no-explicit-any
export const inputDtype = ({ dtypes }: Op<any>, i: number): Dtype => dtypes?.inputs?.[i] ?? "f32";

/** Element type of the i-th output. */
// deno-lint-ignore no-explicit-any
export const outputDtype = ({ dtypes }: Op<any>, i: number): Dtype => dtypes?.out?.[i] ?? "f32";

/** Whether a gradient can reach the i-th output. */
// deno-lint-ignore no-explicit-any
export const takesGradient = (op: Op<any>, i: number): boolean =>
  outputDtype(op, i) === "f32" && !op.constant?.includes(i);

/** Throws a RangeError of the usual message form unless `ok`; for `shapes` functions. */
export function expectShape(
  ok: boolean,
  op: string,
  got: readonly Shape[],
  expected: string,
): void {
  if (!ok) {
    throw new RangeError(
      `Cannot apply ${op}: got ${got.map((s) => `[${s}]`).join(" ")}, expected ${expected}`,
    );
  }
}
