/** An ONNX model as plain data, and its encoding. */
import { MessageWriter } from "../../common/protobuf.ts";

/** IR version 8 and operator set 17: read by onnxruntime from 1.12 (2022) on. */
const IR_VERSION = 8;
const OPSET = 17;

export type ElementType = "float" | "uint8" | "int64";
/** Values of TensorProto.DataType. */
const elementTypes: Record<ElementType, number> = { float: 1, uint8: 2, int64: 7 };

/** Value of an attribute. Whole numbers become ints, `float` a float, text a string. */
export type Attribute = number | readonly number[] | string | { float: number };

export interface OnnxNode {
  op: string;
  name: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
}

export interface OnnxConstant {
  name: string;
  dims: readonly number[];
  data: Float32Array | BigInt64Array;
}

export interface OnnxPort {
  name: string;
  type: ElementType;
  /** Sizes; a word stands for a variable size. */
  dims: readonly (number | string)[];
  note: string;
}

export interface OnnxModel {
  name: string;
  note: string;
  nodes: readonly OnnxNode[];
  constants: readonly OnnxConstant[];
  inputs: readonly OnnxPort[];
  outputs: readonly OnnxPort[];
  metadata: Readonly<Record<string, string>>;
}

/** Number of an element type, for `Cast`. */
export const elementType = (type: ElementType): number => elementTypes[type];

/**
 * Encodes an ONNX file. Field numbers are those of onnx.proto. It is proto3: a single field with its default
 * value (0, an empty text) is omitted.
 */
export function encodeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const out = new MessageWriter().int(1, IR_VERSION).text(2, "denas");
  textUnlessEmpty(out, 6, model.note);
  out.message(7, (graph) => {
    for (const node of model.nodes) graph.message(1, (inner) => writeNode(inner, node));
    textUnlessEmpty(graph, 2, model.name);
    for (const constant of model.constants) {
      graph.message(5, (inner) => writeConstant(inner, constant));
    }
    for (const port of model.inputs) graph.message(11, (inner) => writePort(inner, port));
    for (const port of model.outputs) graph.message(12, (inner) => writePort(inner, port));
  });
  out.message(8, (operators) => operators.int(2, OPSET));
  for (const [key, value] of Object.entries(model.metadata)) {
    out.message(14, (entry) => {
      textUnlessEmpty(entry, 1, key);
      textUnlessEmpty(entry, 2, value);
    });
  }
  return out.finish();
}

function textUnlessEmpty(out: MessageWriter, field: number, value: string): void {
  if (value !== "") out.text(field, value);
}

function writeNode(out: MessageWriter, { op, name, inputs, outputs, attributes }: OnnxNode): void {
  for (const input of inputs) out.text(1, input);
  for (const output of outputs) out.text(2, output);
  textUnlessEmpty(out, 3, name);
  textUnlessEmpty(out, 4, op);
  for (const [key, value] of Object.entries(attributes)) {
    out.message(5, (inner) => writeAttribute(inner, key, value));
  }
}

/** Values of AttributeProto.AttributeType. */
const FLOAT = 1, INT = 2, STRING = 3, INTS = 7;

function writeAttribute(out: MessageWriter, name: string, value: Attribute): void {
  textUnlessEmpty(out, 1, name);
  let type: number;
  if (typeof value === "number") {
    type = INT;
    if (value !== 0) out.int(3, value);
  } else if (typeof value === "string") {
    type = STRING;
    textUnlessEmpty(out, 4, value);
  } else if ("float" in value) {
    type = FLOAT;
    // Negative zero is not the default value.
    if (!Object.is(value.float, 0)) out.float(2, value.float);
  } else {
    type = INTS;
    out.packed(8, value);
  }
  out.int(20, type);
}

function writeConstant(out: MessageWriter, { name, dims, data }: OnnxConstant): void {
  out.packed(1, dims);
  out.int(2, elementTypes[data instanceof Float32Array ? "float" : "int64"]);
  textUnlessEmpty(out, 8, name);
  if (data.byteLength > 0) {
    out.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
}

function writePort(out: MessageWriter, { name, type, dims, note }: OnnxPort): void {
  textUnlessEmpty(out, 1, name);
  out.message(2, (port) =>
    port.message(1, (tensor) => {
      tensor.int(1, elementTypes[type]);
      tensor.message(2, (shape) => {
        for (const size of dims) shape.message(1, (dim) => writeSize(dim, size));
      });
    }));
  textUnlessEmpty(out, 3, note);
}

function writeSize(out: MessageWriter, size: number | string): void {
  if (typeof size === "string") textUnlessEmpty(out, 2, size);
  else if (size !== 0) out.int(1, size);
}
