/**
 * Converts a tape to the nodes of an ONNX graph. Images are NCHW in the graph, as ONNX convolutions require:
 * every value of four axes is transposed, all others keep their layout. The first axis is the batch; no node
 * fixes its size.
 */
import { numel, type Shape } from "../../autodiff/op.ts";
import type { Node, Value } from "../../autodiff/tape.ts";
import { ExportError } from "../../common/errors.ts";
import type { State } from "../../nas/strategy.ts";
import type { Attribute, OnnxConstant, OnnxNode } from "./model.ts";

/** One node of the tape, as given to its emitter. */
export interface Emission<P = unknown> {
  params: P;
  /** Shapes of the inputs in stored order (n, h, w, c). */
  shapes: readonly Shape[];
  out: Shape;
  /** The name of an input in the graph. */
  input(i: number): string;
  /** The numbers of an input that is a weight, in stored order. */
  weight(i: number): Float32Array;
  /** Adds a node with one result and returns the result's name. */
  node(
    op: string,
    inputs: readonly string[],
    attributes?: Record<string, Attribute>,
  ): string;
  /** Adds a constant and returns its name. */
  constant(dims: readonly number[], data: Float32Array | BigInt64Array): string;
  /** Throws an ExportError. @param why middle of a sentence: the reason why this node has no ONNX form. */
  refuse(why: string): never;
}

/** Writes an op in ONNX. */
export interface Emitter {
  // deno-lint-ignore no-explicit-any
  emit(e: Emission<any>): string;
  /** Names of all settings of the op that `emit` supports. */
  settings: readonly string[];
}

/** Emitters by the op's name. */
export type Emitters = Readonly<Record<string, Emitter>>;

export class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly constants: OnnxConstant[] = [];
  readonly #names = new Map<string, number>();
  /** Graph names of values already added: results of tape nodes, and weights used as plain operands. */
  readonly #results = new Map<Node, string>();

  /**
   * @param tensors the weights by name.
   * @param image graph name of the tape's only input, which is NCHW in the graph.
   */
  constructor(
    private readonly emitters: Emitters,
    private readonly tensors: State["tensors"],
    private readonly image: string,
  ) {}

  /** Adds the nodes that a value depends on and returns its name. */
  add(value: Value): string {
    const { source } = value;
    if (source.kind === "param") return this.#operand(value);
    if (source.kind === "input") return this.#shaped(this.image, null, value.shape);
    if (source.out > 0) {
      throw new ExportError(
        `Cannot export ${
          place(source.node)
        }: result ${source.out} of it is used, expected the first`,
      );
    }
    const name = this.#results.get(source.node);
    if (name === undefined) throw new Error(`Cannot export ${place(source.node)} before its time`);
    return this.#shaped(name, source.node.out[0], value.shape);
  }

  /** Adds the tape nodes that `wanted` depends on, in the tape's order. */
  addTape(nodes: readonly Node[], wanted: Value): void {
    const needed = new Set<Node>();
    const visit = ({ source }: Value) => {
      if (source.kind !== "node" || needed.has(source.node)) return;
      needed.add(source.node);
      source.node.inputs.forEach(visit);
    };
    visit(wanted);
    for (const node of nodes) if (needed.has(node)) this.#results.set(node, this.#emit(node));
  }

  node(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    scope = "",
  ): string {
    const name = this.#unique(scope ? `${scope}/${op}` : op);
    this.nodes.push({ op, name, inputs, outputs: [name], attributes });
    return name;
  }

  /** Adds a node whose result has exactly this name. */
  finishNode(
    name: string,
    op: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
  ): void {
    this.#unique(name);
    this.nodes.push({ op, name, inputs, outputs: [name], attributes });
  }

  constant(name: string, dims: readonly number[], data: Float32Array | BigInt64Array): string {
    const unique = this.#unique(name);
    this.constants.push({ name: unique, dims, data });
    return unique;
  }

  #emit(node: Node): string {
    const { op, inputs, params, scope } = node;
    const refuse = (why: string): never => {
      throw new ExportError(`Cannot export ${place(node)} to ONNX: ${why}`);
    };
    const emitter = this.emitters[op.name];
    if (!emitter) {
      return refuse(
        `got operation ${op.name}, expected one of ${Object.keys(this.emitters).join(", ")}`,
      );
    }
    const unknown = Object.keys(params as object).find((name) => !emitter.settings.includes(name));
    if (unknown !== undefined) {
      refuse(
        `${op.name} has a setting ${unknown}, expected ${emitter.settings.join(", ") || "none"}`,
      );
    }
    return emitter.emit({
      params,
      shapes: inputs.map(({ shape }) => shape),
      out: node.out[0],
      input: (i) => this.add(inputs[i]),
      weight: (i) => this.#numbers(inputs[i]) ?? refuse(`input ${i} is computed, not a weight`),
      node: (op, names, attributes = {}) => this.node(op, names, attributes, scope),
      constant: (dims, data) => this.constant(scope ? `${scope}/constant` : "constant", dims, data),
      refuse,
    });
  }

  /** Data of a weight or a part of one; null for computed values. */
  #numbers({ source, shape }: Value): Float32Array | null {
    if (source.kind !== "param") return null;
    const { param, offset } = source;
    const found = this.tensors[param.name];
    if (!found || found.data.length !== numel(param.shape)) {
      throw new ExportError(
        `Cannot export weight ${param.name}: ${
          found ? `it is [${found.shape}]` : "it is missing"
        }, expected [${param.shape}]`,
      );
    }
    return Float32Array.from(found.data.subarray(offset, offset + numel(shape)));
  }

  /** Graph name of a weight used as an ordinary operand. */
  #operand(value: Value): string {
    const data = this.#numbers(value)!;
    const { shape } = value;
    if (shape.length !== 4) return this.constant("constant", shape, data);
    return this.constant("constant", toNchwShape(shape), transposed(data, shape, [0, 3, 1, 2]));
  }

  /** Reshapes a value in stored order: images are transposed back to NHWC for it. */
  #shaped(name: string, from: Shape | null, to: Shape): string {
    if (from === null || from.length === to.length && from.every((n, i) => n === to[i])) {
      return name;
    }
    const flat = from.length === 4 ? this.node("Transpose", [name], { perm: [0, 2, 3, 1] }) : name;
    const shape = BigInt64Array.from([-1n, ...to.slice(1).map(BigInt)]);
    const reshaped = this.node("Reshape", [
      flat,
      this.constant("shape", [shape.length], shape),
    ]);
    return to.length === 4 ? this.node("Transpose", [reshaped], { perm: [0, 3, 1, 2] }) : reshaped;
  }

  #unique(name: string): string {
    const n = this.#names.get(name) ?? 0;
    this.#names.set(name, n + 1);
    return n === 0 ? name : `${name}:${n}`;
  }
}

const place = ({ scope, op }: Node) => scope || op.name;

export const toNchwShape = ([n, h, w, c]: Shape): Shape => [n, c, h, w];

/** Transposes an array in row-major order: axis i of the result is axis `order[i]`. */
export function transposed(data: Float32Array, shape: Shape, order: readonly number[]) {
  const strides = shape.map((_, i) => numel(shape.slice(i + 1)));
  const out = new Float32Array(data.length);
  const dims = order.map((axis) => shape[axis]), steps = order.map((axis) => strides[axis]);
  const at = dims.map(() => 0);
  for (let to = 0, from = 0; to < out.length; to++) {
    out[to] = data[from];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++at[axis] < dims[axis]) break;
      from -= steps[axis] * dims[axis];
      at[axis] = 0;
    }
  }
  return out;
}
