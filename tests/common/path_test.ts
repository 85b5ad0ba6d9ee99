import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { posix } from "node:path";
import * as ours from "../../src/common/path.ts";

const part = fc.constantFrom("", ".", "..", "a", "b.c", ".d", "e.f.g", "h.", " ", "..x");
const path = fc.tuple(fc.constantFrom("", "/"), fc.array(part, { maxLength: 6 }))
  .map(([start, parts]) => start + parts.join("/"))
  // Two slashes at the start mean what a system wants them to mean.
  .filter((one) => !one.startsWith("//"));
const absolute = path.map((one) => one.startsWith("/") ? one : `/${one}`);

/** Windows' own way of writing is left out: these tests run on paths that both kinds of systems have. */
const same = (name: "normalize" | "dirname" | "basename" | "extname" | "isAbsolute") =>
  fc.assert(fc.property(path, (one) => assertEquals(ours[name](one), posix[name](one), one)));

Deno.test("paths are taken apart as node:path does", () => {
  same("normalize");
  same("dirname");
  same("basename");
  same("extname");
  same("isAbsolute");
});

Deno.test("paths are put together as node:path does", () => {
  fc.assert(fc.property(fc.array(path, { maxLength: 4 }), absolute, (some, first) => {
    assertEquals(ours.join(...some), posix.join(...some), some.join(" + "));
    assertEquals(ours.resolve(first, ...some), posix.resolve(first, ...some), some.join(" + "));
  }));
});

Deno.test("the way from one path to another is the one of node:path", () => {
  fc.assert(fc.property(absolute, absolute, (from, to) => {
    assertEquals(ours.relative(from, to), posix.relative(from, to), `${from} → ${to}`);
  }));
});

Deno.test("without an absolute path nothing is resolved", () => {
  assertThrows(
    () => ours.resolve("a", "b"),
    /^Cannot resolve a, b: expected an absolute path/,
  );
});
