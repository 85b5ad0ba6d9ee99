/** Lists of architectures: one per line, or one row per line. */
import { assertEquals, assertThrows } from "@std/assert";
import { parseList } from "../../../src/nas/arch_formats/list.ts";
import { releasedMicro } from "../../../src/nas/spaces/released.ts";

const read = (text: string, options = {}) => {
  const { architectures, problems } = parseList(text, "list.txt", options);
  const all = architectures.map(({ arch, line }) => [arch.space, arch.choice.join(" "), line]);
  return { all, problems };
};

Deno.test("rows of macro layers begin anew where a row has one number", () => {
  const { all, problems } = read("0\n3 1\n5 1 1\n\n# the next\n1\n4 0\n2 0 1\n");
  assertEquals(all, [["macro", "0 3 1 5 1 1", 1], ["macro", "1 4 0 2 0 1", 6]]);
  assertEquals(problems, []);
});

Deno.test("cells are two rows or one line, ranges rows that grow", () => {
  const cells = [releasedMicro.slice(0, 20), releasedMicro.slice(20)].map((row) => row.join(" "));
  const micro = ["micro", releasedMicro.join(" ")];
  assertEquals(read([...cells, ...cells].join("\n")).all, [[...micro, 1], [...micro, 3]]);
  const line = releasedMicro.join(" ");
  assertEquals(read(`${line}\n${line}\n${line}`).all.map(([, , at]) => at), [1, 2, 3]);
  const ranges = ["0 7 3 2", "0 1 0 6 1", "7 1 2 6 0 1"].join("\n");
  assertEquals(read(`${ranges}\n${ranges}`).all.map(([space, , at]) => [space, at]), [
    ["macro-range", 1],
    ["macro-range", 4],
  ]);
});

Deno.test("one architecture per line, in brackets, as text or in a benchmark's notation", () => {
  const { all } = read("0 3 1 5 1 1\n[1] [4 0] [2 0 1]\n0  0 0  0 0 0\n");
  assertEquals(all.map(([, choice]) => choice), ["0 3 1 5 1 1", "1 4 0 2 0 1", "0 0 0 0 0 0"]);
  assertEquals(read("22212220\n22212221").all.map(([space]) => space), [
    "nasbench-macro",
    "nasbench-macro",
  ]);
  const nnabla = read("1 4 0 2 0 1", { space: "macro", numbering: "nnabla" });
  assertEquals(nnabla.all[0][1], "2 5 0 1 0 1");
});

Deno.test("lines that are none are left out with their number; a file without any is refused", () => {
  const { all, problems } = read("0 3 1 5 1 1\nhello\n1 2 3 4 5\n");
  assertEquals(all.length, 1);
  assertEquals(problems.map((p) => p.split(":")[0]), ["line 2", "line 3"]);
  assertThrows(() => read("hello\n"), /^Cannot read list\.txt: line 1: it is no architecture/);
  assertThrows(() => read("\n"), /^Cannot read list\.txt: it is empty; expected the log/);
});
