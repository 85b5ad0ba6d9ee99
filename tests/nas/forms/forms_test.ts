import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DataError, UsageError } from "../../../src/common/errors.ts";
import { parseArchFile } from "../../../src/nas/arch_formats/arch_file.ts";
import {
  type FormOptions,
  readForm,
  readFormText,
  renumber,
  writeForm,
} from "../../../src/nas/arch_formats/mod.ts";
import { parseNpy } from "../../../src/nas/arch_formats/npy.ts";
import { releasedMacro, releasedMicro } from "../../../src/nas/spaces/released.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const bytesOf = (content: string | Uint8Array) =>
  typeof content === "string" ? encode(content) : content;
const readText = (text: string, options?: FormOptions) => readFormText(text, options)!.arch;

/** A macro architecture by its rows. */
const rows = (choice: readonly number[]) => {
  const result: number[][] = [];
  for (let at = 0, i = 0; at < choice.length; at += ++i) result.push(choice.slice(at, at + i + 1));
  return result;
};

/** A file as `numpy.save` writes it, by the format's description; the header is padded to 64 bytes. */
function numpyFile(descr: string, shape: string, data: Uint8Array, fortran = "False"): Uint8Array {
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
  const header = dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11) + "\n";
  const length = new Uint8Array(new Uint16Array([header.length]).buffer);
  return Uint8Array.from([0x93, ...encode("NUMPY"), 1, 0, ...length, ...encode(header), ...data]);
}

const int64 = (values: readonly number[]) =>
  new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
const int32 = (values: readonly number[]) => new Uint8Array(Int32Array.from(values).buffer);

Deno.test("both released architectures go through every form and come back the same", () => {
  for (const [space, choice] of [["macro", releasedMacro], ["micro", releasedMicro]] as const) {
    const arch = readText(choice.join(" "));
    assertEquals([arch.space, arch.choice], [space, [...choice]]);
    for (
      const [form, name] of [["arch", "a.json"], ["script", "a.txt"], ["npy", "a.npy"]] as const
    ) {
      for (const numbering of ["original", "nnabla"] as const) {
        if (form === "arch" && numbering === "nnabla") continue;
        const bytes = bytesOf(writeForm(arch, form, numbering));
        assertEquals(readForm(bytes, name, { numbering }), { form, arch });
        // The name of a file may say nothing.
        assertEquals(readForm(bytes, "saved", { numbering }).arch, arch);
      }
    }
  }
});

Deno.test("the numberings of the original and of NNabla map onto each other and back", () => {
  // NNabla: conv 3×3, conv 5×5, sep 3×3, sep 5×5, max pool, average pool.
  assertEquals(renumber("macro", [4, 5, 1, 1, 0, 1, 2, 1, 0, 0]), [5, 4, 1, 2, 0, 1, 1, 1, 0, 0]);
  fc.assert(fc.property(fc.integer({ min: 1, max: 24 }), fc.gen(), (layers, gen) => {
    const choice = Array.from({ length: layers }, (_, i) => [
      gen(fc.nat, 5),
      ...Array.from({ length: i }, () => gen(fc.nat, 1)),
    ]).flat();
    const there = renumber("macro", choice);
    assertEquals(renumber("macro", there), choice);
    const skips = (numbers: number[]) => rows(numbers).map((row) => row.slice(1));
    assertEquals(skips(there), skips(choice));
  }));
  assertEquals(renumber("micro", releasedMicro), [...releasedMicro]);
  assertThrows(() => renumber("tree", [1]), /a tree architecture .*micro and macro/);
});

Deno.test("rows as the original prints them and the lines of its scripts are read", () => {
  const macro = rows(releasedMacro);
  const printed = macro.map((row) => `[${row.join(" ")}]`).join("\n");
  assertEquals(readText(printed).choice, [...releasedMacro]);
  const script = macro.map((row, i) => `fixed_arc="${i ? "$fixed_arc " : ""}${row.join(" ")}"`);
  const file = `#!/bin/bash\n\n${script.join("\n")}\n\npython src/cifar10/main.py \\\n`;
  assertEquals(readForm(encode(file), "final.sh").arch.choice, [...releasedMacro]);
  const cells = `[${releasedMicro.slice(0, 20).join(" ")}]\n[${releasedMicro.slice(20).join(" ")}]`;
  assertEquals(readText(cells).choice, [...releasedMicro]);
  // 120 numbers may be either; rows tell.
  const fifteen = rows(new Array(120).fill(0)).map((row) => row.join(" ")).join("\n");
  assertEquals(readForm(encode(fifteen), "a.txt").arch.settings.layers, 15);
  assertThrows(() => readText(new Array(120).fill(0).join(" ")), /120 numbers.*--space/);
  assertEquals(readText(new Array(120).fill(0).join(" "), { space: "micro" }).settings.blocks, 15);
});

Deno.test("channel ranges are text in brackets, with counts as the released code has them", () => {
  const text = "[0 8 3 2] [0 1 0 8 1] [7 1 2 6 0 1]";
  const arch = readText(text);
  assertEquals([arch.space, arch.settings.layers, arch.settings.branches], ["macro-range", 3, 2]);
  assertEquals(arch.choice, [0, 7, 3, 1, 0, 0, 0, 7, 1, 7, 0, 2, 5, 0, 1]);
  assertEquals(writeForm(arch, "script", "original"), text + "\n");
  assertThrows(() => writeForm(arch, "npy", "original"), /a macro-range architecture in a \.npy/);
  const flat = readText(new Array(210).fill(1).join(" "), { space: "macro-range" });
  assertEquals([flat.settings.layers, flat.settings.branches], [12, 6]);
  assertThrows(() => readText("1 2 3", { space: "macro-range" }), /3 numbers, expected rows of/);
  assertThrows(
    () => readText("[0 8 3 0] [0 1 0 8 1] [7 1 2 6 0 1]"),
    /number 4 is 0, .*one channel/,
  );
});

Deno.test("text that is no architecture is refused with row or line", () => {
  assertEquals(readFormText("arch.json"), null);
  assertThrows(() => readText("[0]\n[0 1]\n[0 1]"), /row 3 has 2 numbers, expected 3/);
  assertThrows(
    () => readText("1 2 3 4 5"),
    /5 numbers, micro has 8·B for B blocks, macro L·\(L\+1\)\/2.*--space/,
  );
  const cases: [string, RegExp][] = [
    ["0\n1 1\n0 x 1\n", /a\.txt: line 3 is "0 x 1", expected whole numbers/],
    ["", /a\.txt: it is empty/],
    ["0 -1 2", /line 1 is "0 -1 2"/],
    ["0 1.5 2", /line 1 is "0 1.5 2"/],
  ];
  for (const [text, pattern] of cases) {
    assertThrows(() => readForm(encode(text), "a.txt"), pattern);
  }
  assertThrows(() => readForm(encode("0 1"), "a.json"), /a\.json: .*expected JSON/);
  assertThrows(
    () => readForm(encode("{}"), "a.json", { numbering: "nnabla" }),
    /arch\.json has the original one/,
  );
});

Deno.test("files that NumPy wrote are read: int32 and int64, one row or two", () => {
  const numbering = "nnabla";
  const macro = rows([0, 1, 1, 5, 0, 1]).flat();
  for (const [descr, data] of [["<i4", int32(macro)], ["<i8", int64(macro)]] as const) {
    const file = numpyFile(descr, "(6,)", data);
    assertEquals(readForm(file, "a.npy", { numbering }).arch.choice, [0, 2, 1, 4, 0, 1]);
  }
  const micro = readForm(numpyFile("<i8", "(2, 20)", int64(releasedMicro)), "a.npy").arch;
  assertEquals([micro.space, micro.settings.blocks, micro.choice], ["micro", 5, [
    ...releasedMicro,
  ]]);
});

Deno.test("a .npy file of wrong type, shape or size is refused, naming what is wrong", () => {
  const six = int64([0, 1, 1, 5, 0, 1]);
  const cases: [Uint8Array, RegExp][] = [
    [numpyFile("<f8", "(6,)", six), /its dtype is f8, expected int32 or int64/],
    [numpyFile(">i8", "(6,)", six), /its dtype is >i8, expected a NumPy array of int32 or int64/],
    [numpyFile("|O", "(6,)", six), /its dtype is \|O, expected/],
    [
      numpyFile("<i8", "(2, 3)", six),
      /its shape is \(2, 3\), expected .*\(L·\(L\+1\)\/2,\) for macro/,
    ],
    [numpyFile("<i8", "(1, 2, 3)", six), /its shape is \(1, 2, 3\)/],
    [numpyFile("<i8", "()", six), /its shape is \(\)/],
    [numpyFile("<i8", "(2, 4)", int64(new Array(8).fill(0)), "True"), /fortranOrder is true/],
    [numpyFile("<i8", "(6,)", six.slice(0, 40)), /5 numbers follow the header, expected 6; .*cut/],
    [numpyFile("<i8", "(6,)", six).slice(0, 120), /a\.npy: the file is cut/],
    [numpyFile("<i8", "(6,)", six.slice(0, 41)), /a\.npy: the file is cut/],
    [numpyFile("<i8", "(5,)", int64([0, 1, 1, 5, 0])), /5 numbers, expected L·\(L\+1\)\/2/],
    [numpyFile("<i8", "(3,)", int64([0, -1, 1])), /element 1 is -1/],
    [encode("PK\x03\x04"), /a\.npy: /],
  ];
  for (const [file, pattern] of cases) {
    const read = () => readForm(file, "a.npy", { numbering: "nnabla" });
    assertThrows(read, pattern);
    try {
      read();
    } catch (error) {
      assert(error instanceof DataError, String(error));
    }
  }
  const file = numpyFile("<i8", "(6,)", six);
  assertThrows(() => readForm(file, "a.npy"), /--arch-format nnabla or --arch-format original/);
});

Deno.test("what is written for NumPy has its header and numbers", () => {
  const micro = writeForm(readText(releasedMicro.join(" ")), "npy", "nnabla") as Uint8Array;
  assertEquals([...micro.subarray(0, 8)], [0x93, ...encode("NUMPY"), 1, 0]);
  const header = new TextDecoder().decode(micro.subarray(10, 128));
  assert(/'descr': ?'<i8'/.test(header) && /'shape': ?\(2, ?20,? ?\)/.test(header), header);
  const macro = writeForm(readText("0 1 1"), "npy", "nnabla") as Uint8Array;
  assert(new TextDecoder().decode(macro).includes("'shape':(3,)"), "a tuple of one needs a comma");

  assertEquals(parseNpy(micro, "a.npy"), { space: "micro", choice: [...releasedMicro] });
  assertEquals((micro.length - 40 * 8) % 8, 0);
});

Deno.test("an arch.json keeps what it records; a form without place for a numbering says so", () => {
  const arch = { ...readText("0 1 1 2 0 1"), data: "photos", score: 0.5, seed: 3 };
  const text = writeForm(arch, "arch", "original") as string;
  assertEquals(parseArchFile(text, "a.json"), arch);
  assertEquals(readForm(encode(text), "a.txt"), { form: "arch", arch });
  assertThrows(() => writeForm(arch, "arch", "nnabla"), /Cannot write arch\.json in nnabla/);
  const tree = { ...arch, space: "tree" };
  try {
    writeForm(tree, "npy", "nnabla");
    assert(false, "NNabla has no trees");
  } catch (error) {
    assert(error instanceof UsageError, String(error));
  }
});
