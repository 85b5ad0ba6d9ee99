/** ONNX files are, byte by byte, what protobufjs makes of the same model by onnx.proto. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import protobuf from "protobufjs";
import { UsageError } from "../../src/common/errors.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { buildNetwork, type NetworkFile } from "../../src/nas/train/network.ts";
import { uniformArchitecture } from "../../src/nas/sampling.ts";
import { openSpace, spaces } from "../../src/nas/registry.ts";
import { Rng } from "../../src/common/random.ts";
import {
  type Attribute,
  encodeModel,
  type OnnxModel,
  type OnnxPort,
} from "../../src/run/onnx/model.ts";
import { onnxModel } from "../../src/run/onnx/mod.ts";
import { settingsFor } from "../nas/child_config.ts";
import schema from "./onnx.proto" with { type: "text" };

const type = protobuf.parse(schema, { keepCase: true }).root.lookupType("onnx.ModelProto");
const elementTypes = { float: 1, uint8: 2, int64: 7 };

function attribute(name: string, value: Attribute) {
  if (typeof value === "number") return { name, type: 2, i: value };
  if (typeof value === "string") return { name, type: 3, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: 1, f: value.float };
  return { name, type: 7, ints: value };
}

function port({ name, type, dims, note }: OnnxPort) {
  const dim = dims.map((d) => typeof d === "number" ? { dim_value: d } : { dim_param: d });
  const tensor_type = { elem_type: elementTypes[type], shape: { dim } };
  return { name, doc_string: note, type: { tensor_type } };
}

function byProtobufjs(model: OnnxModel): Uint8Array {
  const message = type.fromObject({
    ir_version: 8,
    producer_name: "denas",
    doc_string: model.note,
    opset_import: [{ domain: "", version: 17 }],
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
  });
  return type.encode(message).finish();
}

function assertSameBytes(model: OnnxModel): void {
  const [ours, theirs] = [encodeModel(model), byProtobufjs(model)];
  const at = ours.findIndex((byte, i) => byte !== theirs[i]);
  assertEquals(at, -1, `byte ${at} is ${ours[at]}, not ${theirs[at]}`);
  assertEquals(ours.length, theirs.length);
}

/** Sizes of a final network that a space accepts. */
function sized(name: string): NetworkFile["space"] {
  for (const layers of [3, 6, 8, 9, 12]) {
    const settings = settingsFor(name, { layers, filters: 4 });
    try {
      openSpace(settings);
      return settings;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
  throw new Error(`Cannot size ${name}`);
}

Deno.test("networks of all spaces have the bytes of protobufjs", async () => {
  const gpu = await Gpu.open();
  let networks = 0;
  for (const name of spaces.names) {
    const settings = sized(name);
    const space = openSpace(settings);
    for (const seed of [1, 2]) {
      const network: NetworkFile = {
        format: "denas-network",
        version: 2,
        space: settings,
        form: "final",
        choice: space.encode(uniformArchitecture(space, new Rng(seed, 0))),
        input: [16, 16, 3],
        classes: ["round", "square", "neither", "größer"],
        task: seed === 1 ? "single-label" : "multi-label",
        mean: [0.4, 0.5, 0.6],
        deviation: [0.2, 0.3, 0.4],
        data: "shapes",
      };
      const { weights } = buildNetwork(network);
      weights.materialise(gpu, seed);
      const made = onnxModel({ network, tensors: await weights.tensors(), testAccuracy: 0.5 });
      assertEquals(made.name, `${name}-shapes`);
      assertSameBytes(made);
      networks++;
    }
  }
  gpu.close();
  assertEquals(networks >= 8, true, `${networks} networks`);
});

const text = fc.string({ unit: "grapheme", maxLength: 8 });
const whole = fc.oneof(fc.constant(0), fc.integer(), fc.maxSafeInteger());
const value: fc.Arbitrary<Attribute> = fc.oneof(
  whole,
  fc.array(whole, { maxLength: 4 }),
  text,
  fc.record({ float: fc.oneof(fc.constantFrom(0, -0), fc.float()) }),
);
const ports = fc.array(
  fc.record({
    name: text,
    type: fc.constantFrom("float", "uint8", "int64"),
    dims: fc.array(fc.oneof(fc.nat(), text), { maxLength: 4 }),
    note: text,
  }),
  { maxLength: 2 },
);
const model: fc.Arbitrary<OnnxModel> = fc.record({
  name: text,
  note: text,
  nodes: fc.array(fc.record({
    op: text,
    name: text,
    inputs: fc.array(text, { maxLength: 3 }),
    outputs: fc.array(text, { maxLength: 3 }),
    attributes: fc.dictionary(text, value, { maxKeys: 4 }),
  })),
  constants: fc.array(fc.record({
    name: text,
    dims: fc.array(fc.nat(), { maxLength: 4 }),
    data: fc.oneof(
      fc.float32Array({ maxLength: 5 }),
      fc.bigInt64Array({ maxLength: 5 }),
    ) as fc.Arbitrary<Float32Array | BigInt64Array>,
  })),
  inputs: ports,
  outputs: ports,
  metadata: fc.dictionary(text, text),
});

Deno.test("any model has the bytes of protobufjs, defaults and negative numbers included", () => {
  fc.assert(fc.property(model, assertSameBytes));
});
