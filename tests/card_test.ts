/** Packs of runs on a machine with a graphics card: their scripts, what they hold, and what becomes of failures. */
import { assert, assertEquals } from "@std/assert";
import { match as assertMatch } from "node:assert/strict";
import { join } from "@std/path";
import { hostFiles } from "../src/data/files.ts";
import { readIdxPair } from "../src/data/idx.ts";
import { type Part, runParts } from "../tools/card/parts.ts";

const root = join(import.meta.dirname!, "..");

async function run(command: string, args: string[], env: Record<string, string> = {}) {
  const { code, stderr } = await new Deno.Command(command, { args, env, cwd: root }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

Deno.test("the scripts of a pack can be parsed by their shells", async () => {
  assertEquals(await run("bash", ["-n", "tools/card.sh"]), { code: 0, stderr: "" });
  assertEquals(await run("sh", ["-n", "tools/card/run"]), { code: 0, stderr: "" });
});

Deno.test("a pack's module cache is enough for its commands and small, and it has 16,000 images", async () => {
  const pack = await Deno.makeTempDir({ prefix: "denas-" });
  assertEquals(
    (await run(Deno.execPath(), ["run", "-q", "-A", "tools/card/gather.ts", pack])).code,
    0,
  );
  const env = { HOME: pack, DENO_DIR: join(pack, "deno") };
  for (const command of ["cli.ts tune", "cli.ts search", "bench/run.ts", "tools/card/parts.ts"]) {
    const args = ["run", "-q", "-A", "--cached-only", ...command.split(" "), "--help"];
    assertEquals(await run(Deno.execPath(), args, env), { code: 0, stderr: "" }, command);
  }
  const packages = join(pack, "deno/npm/registry.npmjs.org");
  assertEquals([...Deno.readDirSync(packages)].length < 20, true, "packages that no part imports");
  const file = (name: string) => join(pack, "data/fashion-mnist", name);
  let n = 0;
  for (const part of ["train", "t10k"]) {
    const [images, labels] = ["images-idx3-ubyte", "labels-idx1-ubyte"].map((end) =>
      file(`${part}-${end}`)
    );
    n += (await readIdxPair(hostFiles, images, labels)).images.n;
  }
  assertEquals(n, 16_000);
  await Deno.remove(pack, { recursive: true });
});

Deno.test("a part that fails or takes too long is reported, and the others run", async () => {
  const out = await Deno.makeTempFile();
  const part = (name: string, seconds: number, code: string): Part => ({
    ...{ name, seconds, args: () => ["eval", "--no-config", code] },
    figures: JSON.parse,
  });
  const report = await runParts([
    part("fails", 60, "console.error('no adapter'); Deno.exit(3)"),
    part("hangs", 1, "setInterval(() => {}, 1000)"),
    part("works", 60, "console.log('[1]')"),
  ], { out, limit: 200 });
  const [fails, hangs, works] = report.parts;
  assertEquals([fails.exitCode, hangs.exitCode, works.exitCode], [3, null, 0]);
  assertMatch(fails.error!, /^exit code 3\n[^]*no adapter/);
  assertMatch(hangs.error!, /^not done after 1.0 s\n/);
  assertEquals([works.figures, works.error], [[1], undefined]);
  assertEquals(JSON.parse(await Deno.readTextFile(out)), JSON.parse(JSON.stringify(report)));
  const late = await runParts([part("late", 60, "")], { out, limit: 0 });
  assertEquals(late.parts[0].error, "no time left of 0 s");
  assert(late.parts[0].exitCode === null);
  await Deno.remove(out);
});
