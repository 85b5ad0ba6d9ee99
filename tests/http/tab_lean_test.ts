/** Kernels as the page of the tab has them: the same words and signs, and the same to the loader. */
import { assert, assertEquals } from "@std/assert";
import { kernel } from "../../src/gpu/kernel.ts";
import { leanKernel, leanOp, leanQuirks } from "../../src/http/tab_lean.ts";

const root = new URL("../../", import.meta.url);

function* textsIn(folder: string): Generator<[name: string, text: string]> {
  for (const { name, isFile } of Deno.readDirSync(new URL(folder, root))) {
    if (isFile) yield [name, Deno.readTextFileSync(new URL(folder + name, root))];
  }
}

/** Words and signs, the longest first, as a compiler reads them; directives whole. */
const tokens = (text: string) =>
  text.replace(/\/\/(?!#).*/g, "").match(
    /\/\/#.*|[\w$.]+|<<=|>>=|&&|\|\||--|\+\+|->|<<|>>|[-+*/%&|^<>=!]=|\S/g,
  );

Deno.test("a kernel without comments and spaces is the same kernel", () => {
  let [before, after] = [0, 0];
  for (const folder of ["kernels/", "kernels/lib/"]) {
    for (const [name, text] of textsIn(folder)) {
      const lean = leanKernel(text);
      assertEquals(tokens(lean), tokens(text), name);
      const { id: _, code: __, ...read } = kernel(name, text);
      const { id: ___, code: ____, ...again } = kernel(name, lean);
      assertEquals(again, read, name);
      before += text.length;
      after += lean.length;
    }
  }
  assert(after < 0.7 * before, `${after} of ${before} characters are left`);
  assertEquals(leanKernel("let a = b - -c; // why\n  let d: vec2<u32> = e;\n").split("\n"), [
    "let a=b- -c;",
    "let d:vec2<u32> =e;",
    "",
  ]);
});

Deno.test("an op loses its reference and its cases, and nothing else", () => {
  const [[, add]] = [...textsIn("src/ops/")].filter(([name]) => name === "add.ts");
  const lean = leanOp(add);
  const lines = new Set(lean.split("\n"));
  const lost = add.split("\n").filter((line) => !lines.has(line));
  assert(/^ {2}reference: /.test(lost[0]) && /^ {2}cases: /.test(lost[1]), lost.join("\n"));
  for (const line of lost.slice(2)) assert(/^ {2}[ \])}]/.test(line), line);
  for (const [name, text] of textsIn("src/ops/")) {
    assert(!/^(?: {2}(?:reference|cases)[,:(]|const cases\b)/m.test(leanOp(text)), name);
  }
});

Deno.test("the list of quirks keeps its settings and loses its words", async () => {
  const name = "src/nas/config/faithful.ts";
  const lean = leanQuirks(Deno.readTextFileSync(new URL(name, root)));
  assert(!/\b(?:what|why): *"/.test(lean), lean);
  const list = lean.slice(lean.indexOf("const always"), lean.indexOf("];\n") + 2)
    .replace("export const quirks: readonly Quirk[] =", "return");
  const { quirks } = await import(`../../${name}`);
  type Quirk = Record<string, unknown>;
  const settings = (all: Quirk[]) =>
    all.filter(({ search, final }) => search || final)
      .map(({ id, search, final, where }) => JSON.stringify({ id, search, final, where }));
  // The list has literals only.
  assertEquals(settings(new Function(list)()), settings(quirks));
  assert(settings(quirks).length > 10);
});
