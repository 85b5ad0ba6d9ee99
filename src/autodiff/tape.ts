/**
 * The tape: what a computation will do, as data. Applying an op computes shapes and appends a node; nothing
 * touches the device until `run`. So liveness is known before anything is allocated, results nobody needs
 * are not computed, and counting parameters, multiply-adds or bytes needs no adapter.
 */
import {
  type Dtype,
  inputDtype,
  numel,
  type Op,
  outputDtype,
  type Shape,
  type Tensor,
} from "./op.ts";

/** A weight (trainable) or a state tensor (running statistics); owned by a `WeightStore`. */
export interface Param {
  readonly name: string;
  readonly shape: Shape;
  readonly trainable: boolean;
  /** False for a weight without L2 term; default: true. */
  readonly decays?: boolean;
  /** Set when the store has been given a device. */
  tensor?: Tensor;
  grad?: Tensor;
}

export interface Node {
  // deno-lint-ignore no-explicit-any
  readonly op: Op<any>;
  readonly inputs: readonly Value[];
  readonly params: unknown;
  readonly out: readonly Shape[];
  readonly saved: readonly Shape[];
  /** Labels of the enclosing `tape.scope` calls, joined with "/". */
  readonly scope: string;
  /** The node's number in its scope, after those of the enclosing scopes; does not depend on its op. */
  readonly place: string;
  readonly index: number;
}

export type Source =
  | { kind: "input"; tensor?: Tensor; wantsGrad: boolean; id: number }
  | { kind: "param"; param: Param; offset: number }
  | { kind: "node"; node: Node; out: number };

/** A symbolic tensor: a shape and its source. */
export interface Value {
  readonly shape: Shape;
  /** Element type; null where only the caller knows it: inputs of a tape that were not declared with one. */
  readonly dtype: Dtype | null;
  readonly source: Source;
  /** Null for weights, which belong to no tape. */
  readonly tape: Tape | null;
}

/** A list of applied ops in order, with shapes but without values: what `run` computes and differentiates. */
export class Tape {
  readonly nodes: Node[] = [];
  #scope = { path: "", place: "", children: 0 };
  #inputs = 0;

  /**
   * Adds an input tensor. `tensor` may be missing on a tape that is only counted, never run.
   * @param options.dtype its element type; without one, ops take it for what they expect.
   */
  input(
    shape: Shape,
    options: { tensor?: Tensor; wantsGrad?: boolean; dtype?: Dtype } = {},
  ): Value {
    const { tensor, wantsGrad = false, dtype = null } = options;
    if (tensor && numel(tensor.shape) !== numel(shape)) {
      throw new RangeError(`Cannot take [${tensor.shape}] as input of shape [${shape}]`);
    }
    const source = { kind: "input", tensor, wantsGrad, id: this.#inputs++ } as const;
    return { shape, dtype, source, tape: this };
  }

  /** Labels everything applied inside `body`, for descriptions, drawings and profiles. */
  scope<T>(label: string, body: () => T): T {
    const outer = this.#scope;
    const path = outer.path ? `${outer.path}/${label}` : label;
    this.#scope = { path, place: this.#place(), children: 0 };
    try {
      return body();
    } finally {
      this.#scope = outer;
    }
  }

  #place(): string {
    return `${this.#scope.place}.${this.#scope.children++}`;
  }

  record<P>(op: Op<P>, inputs: readonly Value[], params: P): Value[] {
    inputs.forEach(({ dtype }, i) => {
      const expected = inputDtype(op, i);
      if (dtype !== null && dtype !== expected) {
        throw new TypeError(
          `Cannot apply ${op.name}: input ${i} has elements of type ${dtype}, expected ${expected}`,
        );
      }
    });
    const { out, saved = [] } = op.shapes(inputs.map((v) => v.shape), params);
    const node: Node = {
      op,
      inputs,
      params,
      out,
      saved,
      scope: this.#scope.path,
      // A ReLU has no number of its own, so that adding one does not change the places of its neighbours.
      place: op.role === "relu" ? `${this.#scope.place}.relu` : this.#place(),
      index: this.nodes.length,
    };
    this.nodes.push(node);
    return out.map((shape, i) => ({
      shape,
      dtype: outputDtype(op, i),
      source: { kind: "node", node, out: i },
      tape: this,
    }));
  }
}

/** Applies an op on the tape of its inputs and returns all outputs. */
export function apply<P>(op: Op<P>, inputs: readonly Value[], params: P): Value[] {
  const tape = inputs.find((v) => v.tape)?.tape;
  if (!tape) throw new Error(`Cannot apply ${op.name}: no input belongs to a tape`);
  return tape.record(op, inputs, params);
}

/** The same elements under another shape; costs nothing. */
export function reshape(value: Value, shape: Shape): Value {
  if (numel(shape) !== numel(value.shape)) {
    throw new RangeError(`Cannot reshape [${value.shape}] to [${shape}]`);
  }
  return { ...value, shape };
}

export function paramValue(param: Param): Value {
  return {
    shape: param.shape,
    dtype: "f32",
    source: { kind: "param", param, offset: 0 },
    tape: null,
  };
}

/** A contiguous part of a weight, `offset` elements in; parts in use must not overlap partially. */
export function part(value: Value, offset: number, shape: Shape): Value {
  const { source } = value;
  if (source.kind !== "param") throw new Error("Cannot take a part of anything but a weight");
  if (offset + numel(shape) > numel(value.shape)) {
    throw new RangeError(
      `Cannot take [${shape}] at ${offset} of weight ${source.param.name} [${value.shape}]`,
    );
  }
  return { ...value, shape, source: { ...source, offset: source.offset + offset } };
}
