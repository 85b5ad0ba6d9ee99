import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type ArchFile,
  classCount,
  formatArchFile,
  isArchFile,
  parseArchFile,
  parseChoice,
} from "../../src/nas/arch_formats/arch_file.ts";
import { foundAt } from "../../src/nas/config/final_config.ts";

const arch: ArchFile = {
  format: "denas-arch",
  version: 2,
  space: "micro",
  input: [28, 28, 1],
  classes: ["a", "b"],
  choice: [0, 1, 2],
  settings: { stem: 2, layers: 3, filters: 12, blocks: 1 },
  score: 0.75,
  scoreKind: "shared-weights",
};

Deno.test("an architecture file survives writing and reading", () => {
  const text = formatArchFile(arch);
  assertEquals(parseArchFile(text, "arch.json"), arch);
  assert(isArchFile(text));
  assert(text.includes('"choice": [0, 1, 2]'), text);
  assertEquals([classCount(arch), classCount({ ...arch, classes: 7 })], [2, 7]);
});

Deno.test("a wrong field is named with its value and what it should be", () => {
  const cases: [object | string, RegExp][] = [
    ["{", /^Cannot read architecture a\.json: .*expected JSON; make one with "denas search"/],
    ["[]", /^Cannot read architecture a\.json: .*expected an object/],
    [{ format: "other" }, /: format is "other", expected denas-arch/],
    [{ version: 3 }, /: version is 3, .*2/],
    [{ choice: [0, -1] }, /: choice\[1\] is -1, expected at least 0/],
    [{ choice: [0, 1.5] }, /: choice\[1\] is 1.5, expected a whole number/],
    [{ choice: undefined }, /: choice is missing, expected a list/],
    [{ input: [28, 28] }, /: input/],
    [{ settings: [3] }, /: settings is \[3\], expected an object/],
  ];
  for (const [change, pattern] of cases) {
    const text = typeof change === "string" ? change : JSON.stringify({ ...arch, ...change });
    assertThrows(() => parseArchFile(text, "a.json"), pattern);
  }
});

Deno.test("settings that the space does not take are named with their value", () => {
  const found = (settings: ArchFile["settings"]) => () => foundAt({ ...arch, settings });
  assertThrows(found({ stem: 3 }), /Cannot use space micro: stem is 3, /);
  assertThrows(found({ layers: "six" }), /: layers is "six", expected a number/);
});

Deno.test("a file of version 1 is read: its sizes are settings, where its space has them", () => {
  const { settings, ...rest } = arch;
  const old = JSON.stringify({ ...rest, ...settings, branches: 5, version: 1 });
  const read = parseArchFile(old, "arch.json");
  assertEquals(read, { ...arch, settings: { ...settings, branches: 5 } });
  assertEquals(foundAt(read), foundAt(arch));
});

Deno.test("choices are read from text as the original scripts print them", () => {
  assertEquals(parseChoice("0 1 2"), [0, 1, 2]);
  assertEquals(parseChoice(" [0]\n[1, 2]\n"), [0, 1, 2]);
  for (const text of ["arch.json", "1 -2", "1.5", "", "0 x"]) assertEquals(parseChoice(text), null);
});
