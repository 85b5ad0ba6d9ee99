/** Grammars on the command line: texts, drawings, and faults by place. */
import { assert, assertEquals } from "@std/assert";
import { match } from "node:assert/strict";
import { join } from "@std/path";
import { denas } from "./command.ts";

const tree = "(CELL Cell (OPS conv3x3) (OPS zero) (OPS conv3x3) (OPS id) (OPS zero) (OPS conv1x1))";
const term = "Cell(conv3x3, zero, conv3x3, id, zero, conv1x1)";
const cell = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|";
const own = `[grammar]
start: NET
[topologies]
Two: 1-2 2-3
[productions]
NET -> Two OP resBlock
OP -> id | conv3x3
`;

const here = Deno.makeTempDirSync({ prefix: "denas-grammar-" });
Deno.writeTextFileSync(join(here, "own.grammar"), own);
Deno.writeTextFileSync(join(here, "bad.grammar"), own.replace("conv3x3", "conv9x9"));
Deno.writeTextFileSync(join(here, "tree.txt"), `${tree}\n`);

async function output(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await denas(args, { INIT_CWD: here });
  assertEquals(code, 0, stderr);
  return stdout.trimEnd();
}

async function refused(words: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await denas(args, { INIT_CWD: here });
  assert(stderr.includes(words), stderr);
  assertEquals(code, 2);
}

Deno.test("convert goes between trees, terms and strings of NAS-Bench-201", async () => {
  assertEquals(await output("convert", term, "--to", "tree"), tree);
  assertEquals(await output("convert", "tree.txt", "--to", "nb201"), cell);
  assertEquals(await output("convert", cell, "--space", "grammar", "--to", "tree"), tree);
  assertEquals((await output("convert", tree, "--to", "term")).split(term).length - 1, 15);
  await refused(
    "expected one of arch, script, npy, tree, term, nb201",
    "convert",
    tree,
    "--to",
    "x",
  );
});

Deno.test("a text in a grammar of one's own is read with its file, its arch.json without", async () => {
  const given = ["--space", "grammar", "--grammar", "own.grammar"];
  await output("convert", "Two(conv3x3, resBlock)", "own.json", ...given);
  assertEquals(
    await output("convert", "own.json", "--to", "tree"),
    "(NET Two (OP conv3x3) resBlock)",
  );
  match(await output("describe", "own.json"), /in the space {4}10\^0\.30 architectures/);
  match(await output("show", "own.json"), /derivation tree\n {2}NET Two\n {4}OP conv3x3\n/);
});

Deno.test("what is no word or no grammar is told with its place", async () => {
  await refused(
    "at CELL/3:OPS (character 51): got (OPS conv9x9)",
    "show",
    tree.replace("conv3x3) (OPS id", "conv3x3) (OPS conv9x9"),
  );
  await refused(
    "got no path through it without zero",
    "describe",
    "Cell(id, zero, id, zero, zero, zero)",
  );
  const search = ["search", "--mode", "grammar", "--print-config", "--grammar"];
  await refused(
    "line 7: OP -> conv9x9: conv9x9 is neither topology nor primitive",
    ...search,
    "bad.grammar",
  );
  await refused("there is no such file, expected one of nb201_variable", ...search, "none.grammar");
});
