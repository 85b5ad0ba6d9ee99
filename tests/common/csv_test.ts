import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseCsv } from "../../src/common/csv.ts";

Deno.test("cells of any text come back from their quotes, with any line end", () => {
  const row = fc.array(fc.string(), { minLength: 2, maxLength: 4 });
  fc.assert(fc.property(fc.array(row), fc.constantFrom("\n", "\r\n", "\r"), (rows, end) => {
    const text = rows.map((cells) => cells.map((c) => `"${c.replaceAll('"', '""')}"`).join(","))
      .join(end);
    assertEquals(parseCsv(text).map(({ cells }) => cells), rows);
  }));
});

Deno.test("blanks around cells, a byte order mark and empty lines are left out; lines are counted", () => {
  const text = '\ufeffa, "b" ,c\r\n\n1,"2\n2",\n3,,4';
  assertEquals(parseCsv(text), [
    { line: 1, cells: ["a", "b", "c"] },
    { line: 4, cells: ["1", "2\n2", ""] },
    { line: 5, cells: ["3", "", "4"] },
  ]);
  assertEquals(parseCsv(""), []);
});

Deno.test("a quote that is not closed, or within a cell, is named by its line", () => {
  assertThrows(() => parseCsv('a,b\n"c,d'), /line 2 has a quote/);
  assertThrows(() => parseCsv('a,b\nc"c,d'), /line 2 has a quote/);
});
