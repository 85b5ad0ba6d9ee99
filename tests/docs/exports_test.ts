/** Documentation of the exports of mod.ts, as `deno doc` shows it. */
import { assertEquals } from "@std/assert";

interface Documented {
  jsDoc?: { doc?: string };
}

/** The fields that the test reads of the output of `deno doc --json`, version 2. */
interface DocOutput {
  nodes: Record<string, { symbols: { name: string; declarations: Documented[] }[] }>;
}

const root = new URL("../../", import.meta.url);

async function documented(): Promise<DocOutput> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "--no-remote", "--frozen-lockfile", "mod.ts"],
    cwd: root,
  }).output();
  if (!success) throw new Error(`Cannot document mod.ts: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("every export of mod.ts has a docstring, zod's apart", async () => {
  const { nodes } = await documented();
  const symbols = Object.values(nodes).flatMap((module) => module.symbols);
  const names = symbols.map((symbol) => symbol.name);
  assertEquals(["Gpu", "Tape", "search"].filter((name) => !names.includes(name)), []);
  const missing = symbols.filter(({ name, declarations }) =>
    name !== "z" && !declarations.some(({ jsDoc }) => jsDoc?.doc?.trim())
  );
  assertEquals(missing.map(({ name }) => name), []);
});
