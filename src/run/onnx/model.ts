/** An ONNX model as plain data, and its bytes. */
import protobuf from "protobufjs";
import schema from "./onnx.proto" with { type: "text" };

/** IR version 8 and operator set 17: read by onnxruntime from 1.12 (2022) on. */
const IR_VERSION = 8;
const OPSET = 17;

export type ElementType = "float" | "uint8" | "int64";
/** Numbers of TensorProto.DataType. */
const elementTypes: Record<ElementType, number> = { float: 1, uint8: 2, int64: 7 };

/** Whole numbers become ints, `float` a float, text a string. */
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
  /** A word stands for a size that is open. */
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

/** Number of an element type, as `Cast` wants it. */
export const elementType = (type: ElementType): number => elementTypes[type];

export function encodeModel(model: OnnxModel): Uint8Array {
  const type = protobuf.parse(schema, { keepCase: true }).root.lookupType("onnx.ModelProto");
  return type.encode(type.fromObject({
    ir_version: IR_VERSION,
    producer_name: "denas",
    doc_string: model.note,
    opset_import: [{ domain: "", version: OPSET }],
    metadata_props: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: model.name,
      node: model.nodes.map(({ op, name, inputs, outputs, attributes }) => ({
        op_type: op,
        name,
        input: inputs,
        output: outputs,
        attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
      })),
      initializer: model.constants.map(({ name, dims, data }) => ({
        name,
        dims,
        data_type: elementTypes[data instanceof Float32Array ? "float" : "int64"],
        raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
      input: model.inputs.map(port),
      output: model.outputs.map(port),
    },
  })).finish();
}

/** Numbers of AttributeProto.AttributeType. */
const FLOAT = 1, INT = 2, STRING = 3, INTS = 7;

function attribute(name: string, value: Attribute) {
  if (typeof value === "number") return { name, type: INT, i: value };
  if (typeof value === "string") {
    return { name, type: STRING, s: new TextEncoder().encode(value) };
  }
  if ("float" in value) return { name, type: FLOAT, f: value.float };
  return { name, type: INTS, ints: value };
}

function port({ name, type, dims, note }: OnnxPort) {
  const dim = dims.map((d) => typeof d === "number" ? { dim_value: d } : { dim_param: d });
  return {
    name,
    doc_string: note,
    type: { tensor_type: { elem_type: elementTypes[type], shape: { dim } } },
  };
}
