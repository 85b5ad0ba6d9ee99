import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import protobuf from "protobufjs";
import { MessageWriter, readMessage, type WireField } from "../../src/common/protobuf.ts";

const { root } = protobuf.parse(`
  syntax = "proto2";
  message Outer {
    repeated Inner inner = 1;
    optional int64 whole = 2;
    optional string name = 300;
  }
  message Inner { optional double wide = 1; optional float narrow = 2; repeated int64 many = 3 [packed = true]; }
`);
const outer = root.lookupType("Outer");

interface Values {
  inner: { wide: number; narrow: number; many: number[] }[];
  whole: number;
  name: string;
}

const values: fc.Arbitrary<Values> = fc.record({
  inner: fc.array(fc.record({
    wide: fc.double(),
    narrow: fc.float(),
    many: fc.array(fc.maxSafeInteger(), { maxLength: 4 }),
  })),
  whole: fc.maxSafeInteger(),
  name: fc.string({ unit: "grapheme" }),
});

function write({ inner, whole, name }: Values): Uint8Array {
  const out = new MessageWriter();
  for (const { wide, narrow, many } of inner) {
    out.message(1, (one) => one.double(1, wide).float(2, narrow).packed(3, many));
  }
  return out.int(2, whole).text(300, name).finish();
}

Deno.test("messages have the bytes of protobufjs", () => {
  fc.assert(fc.property(values, (one) => {
    const theirs = outer.encode(outer.fromObject(one)).finish();
    assertEquals(write(one).toHex(), Uint8Array.from(theirs).toHex());
  }));
});

Deno.test("fields come back as they were written", () => {
  fc.assert(fc.property(values, (one) => {
    const fields = [...readMessage(write(one))];
    const inner = fields.filter(({ field }) => field === 1).map(({ value }) =>
      [...readMessage(value as Uint8Array)].slice(0, 2).map(({ value }) => value)
    );
    assertEquals(inner, one.inner.map(({ wide, narrow }) => [wide, narrow]));
    const [whole, name] = fields.slice(-2) as [WireField, WireField];
    assertEquals(whole, { field: 2, wire: "number", value: one.whole });
    assertEquals(new TextDecoder().decode(name.value as Uint8Array), one.name);
  }));
});

Deno.test("a message that is cut or damaged is named by its byte", () => {
  const read = (...bytes: number[]) => [...readMessage(Uint8Array.from(bytes))];
  assertThrows(() => read(0x0a, 3, 1), /^the message ends after 3 bytes, within a field$/);
  assertThrows(() => read(0x09, 1, 2), /^the message ends after 3 bytes, within a field$/);
  assertThrows(() => read(0x08, 0x80), /^the message ends after 2 bytes, within a field$/);
  assertThrows(() => read(0x08, ...Array(10).fill(0xff), 1), /^the number at byte 11 has more/);
  assertThrows(() => read(0x00, 0), /^there is no field 0, as at byte 0$/);
  assertThrows(() => read(0x08, 1, 0x0b), /^wire type 3 at byte 2 is not known$/);
  // A size that is negative leads nowhere.
  assertThrows(() => read(0x0a, ...Array(9).fill(0xff), 1), /^the message ends after 11 bytes/);
});
