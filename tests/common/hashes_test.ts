import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createHash } from "node:crypto";
import { md5 } from "../../src/common/md5.ts";
import { sha256 } from "../../src/common/sha256.ts";

const hashed = (name: string, data: string | Uint8Array) =>
  createHash(name).update(data).digest("hex");

Deno.test("digests are those of the platform at every length around a block", () => {
  for (let n = 0; n < 200; n++) {
    const text = "x".repeat(n);
    assertEquals(sha256(text), hashed("sha256", text), `${n} bytes`);
    assertEquals(md5(text), hashed("md5", text), `${n} bytes`);
  }
});

Deno.test("digests of any text and of any bytes are those of the platform", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
    assertEquals(sha256(text), hashed("sha256", text));
    assertEquals(md5(text), hashed("md5", text));
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    assertEquals(sha256(bytes), hashed("sha256", bytes));
  }));
});
