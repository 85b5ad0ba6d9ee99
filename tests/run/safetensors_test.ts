import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DataError } from "../../src/common/errors.ts";
import { decodeSafetensors, encodeSafetensors, type Tensors } from "../../src/run/safetensors.ts";
import { expectThrow } from "./expect.ts";

const sample: Tensors = {
  weights: { shape: [2, 3], data: new Float32Array([1, -2.5, 3, 1e-30, NaN, Infinity]) },
  counts: { shape: [3], data: new Uint32Array([0, 1, 0xffffffff]) },
  scalar: { shape: [], data: new Float32Array([7]) },
  empty: { shape: [0, 4], data: new Float32Array(0) },
};

function headerOf(bytes: Uint8Array): Record<string, unknown> {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
}

/** A file with a header of one's own. */
function fileWith(header: unknown, data: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

Deno.test("what is written is read back to the bit", () => {
  const { tensors, metadata } = decodeSafetensors(
    encodeSafetensors(sample, { note: "ü" }),
    "a",
  );
  assertEquals(metadata, { note: "ü" });
  assertEquals(Object.keys(tensors).sort(), Object.keys(sample).sort());
  for (const [name, { shape, data }] of Object.entries(sample)) {
    assertEquals(tensors[name].shape, shape);
    assertEquals(tensors[name].data, data);
  }
});

Deno.test("any tensors survive, from any offset in memory", () => {
  const tensor = fc.array(fc.nat(5), { maxLength: 3 }).chain((shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return fc.uint32Array({ minLength: size, maxLength: size }).map((data) => ({ shape, data }));
  });
  fc.assert(
    fc.property(
      fc.dictionary(fc.string().filter((s) => s !== "__metadata__" && s !== "__proto__"), tensor),
      fc.nat(7),
      (tensors, offset) => {
        const bytes = encodeSafetensors(tensors);
        const shifted = new Uint8Array(bytes.length + offset);
        shifted.set(bytes, offset);
        const read = decodeSafetensors(shifted.subarray(offset), "a").tensors;
        assertEquals({ ...read }, { ...tensors });
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("the layout is that of the format: sorted, without holes, data at a multiple of 8", () => {
  const bytes = encodeSafetensors(sample);
  assertEquals(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8, 0);
  assertEquals(headerOf(bytes), {
    counts: { dtype: "U32", shape: [3], data_offsets: [0, 12] },
    empty: { dtype: "F32", shape: [0, 4], data_offsets: [12, 12] },
    scalar: { dtype: "F32", shape: [], data_offsets: [12, 16] },
    weights: { dtype: "F32", shape: [2, 3], data_offsets: [16, 40] },
  });
});

Deno.test("equal tensors give equal bytes whatever the order of their names", () => {
  const turned = Object.fromEntries(Object.entries(sample).reverse());
  assertEquals(encodeSafetensors(turned), encodeSafetensors(sample));
});

Deno.test("a file cut off anywhere is refused, naming it", () => {
  const bytes = encodeSafetensors(sample);
  for (let length = 0; length < bytes.length; length++) {
    const error = expectThrow(
      () => decodeSafetensors(bytes.subarray(0, length), "w.st"),
      DataError,
    );
    assert(error.message.startsWith("Cannot read w.st: "), error.message);
  }
});

Deno.test("a header that does not describe the data is refused with what is wrong", () => {
  const data = new Uint8Array(8);
  const tensor = (over: object) => ({
    t: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...over },
  });
  const cases: [unknown, string][] = [
    ["no JSON at all", "no JSON"],
    ["[1, 2]", "no object"],
    [tensor({ dtype: "F16" }), "of type F16"],
    [tensor({ shape: [2.5] }), "whole numbers"],
    [tensor({ shape: [3] }), "12 for its shape [3]"],
    [tensor({ data_offsets: [4, 12] }), "begins at byte 4"],
    [tensor({ data_offsets: [0, -8] }), "its first and last byte"],
    [tensor({ shape: [4], data_offsets: [0, 16] }), "ends at byte 16 of 8"],
    [tensor({ shape: [1], data_offsets: [0, 4] }), "8 bytes of data"],
    [{ __metadata__: { note: 1 } }, "metadata of another form"],
    [{ t: null }, "of type undefined"],
  ];
  for (const [header, message] of cases) {
    const error = expectThrow(() => decodeSafetensors(fileWith(header, data), "w.st"), DataError);
    assert(error.message.includes(message), error.message);
  }
});

Deno.test("a tensor whose numbers do not fit its shape is not written", () => {
  const tensors = { t: { shape: [3], data: new Float32Array(2) } };
  expectThrow(() => encodeSafetensors(tensors), DataError, "2 numbers, its shape [3] needs 3");
});
